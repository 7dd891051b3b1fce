"""Creating datasets: simulated, imported, downloaded, or a subset of another."""

import math
import re
from typing import Literal, Self

from pydantic import field_validator, model_validator

from shared.base.config import DATASET_NAME, Config, ConfigConflictError, setting

NO_COLUMN = "-"
"""For a column of an import: use none, do not guess."""

COLUMN_FIELDS = (
    "image_column",
    "label_column",
    "id_column",
    "ra_column",
    "dec_column",
    "redshift_column",
    "pxscale",
    "split_column",
    "group_column",
)
"""Fields of ImportConfig that name a column of the table (pxscale may also be a number)."""


class SimulateConfig(Config):
    """Make a dataset of simulated galaxies."""

    name: str = setting("simulated", "data", "Name of the dataset.", simple=True, pattern=DATASET_NAME)
    n: int = setting(2000, "data", "Number of galaxies.", unit="images", ge=20, le=200_000, simple=True)
    img_size: int = setting(64, "data", "Side of an image.", unit="px", ge=32, le=256, simple=True)
    seed: int = setting(0, "data", "The same seed gives the same galaxies.", ge=0, le=2**31 - 1)


class ImportConfig(Config):
    """Import your own images.

    `path` is a Galaxy10-layout HDF5 file, a .npy or .npz array, Parquet files that hold images (Hugging Face,
    HATS), or a folder or zip of images (8-bit pictures, FITS, .npy frames) with one folder a class, a table
    of labels (CSV, FITS, VOTable, ECSV, Parquet), or neither. Columns that are not set are guessed by name;
    "-" uses none.
    """

    path: str = setting(
        ..., "source", "File or folder on the machine that runs Galaxyscope.", simple=True, min_length=1
    )
    name: str = setting(..., "source", "Name of the dataset.", simple=True, pattern=DATASET_NAME)
    labels: str | None = setting(
        None, "source", "Table with a row per image: CSV, FITS, VOTable, ECSV, Parquet.", simple=True
    )
    image_column: str | None = setting(None, "columns", "Column with the image's path.")
    label_column: str | None = setting(None, "columns", "Column with the class.")
    id_column: str | None = setting(None, "columns", "Column with the source's id.")
    ra_column: str | None = setting(
        None, "columns", "Column with the right ascension: degrees, or hours as 12:34:56.7.", unit="deg"
    )
    dec_column: str | None = setting(
        None, "columns", "Column with the declination: degrees, or -01:23:45.6.", unit="deg"
    )
    redshift_column: str | None = setting(None, "columns", "Column with the redshift.")
    pxscale: str | None = setting(
        None, "columns", "Pixel scale: a number for all, or a column.", unit="arcsec/px"
    )
    split_column: str | None = setting(None, "columns", "Column that says train, val or test.")
    group_column: str | None = setting(
        None, "columns", "Rows with equal values in this column stay in one split."
    )
    ra_unit: Literal["auto", "deg", "hour"] = setting(
        "auto", "columns", "Unit of the right ascension; auto takes the table's, else degrees."
    )
    targets: str | None = setting(
        None, "columns", "Numeric columns to keep as targets, separated by commas, as mass,sersic_n."
    )
    class_names: str | None = setting(
        None, "columns", "Names of the classes 0, 1, 2 …, separated by commas, or one per line."
    )
    cone: str | None = setting(
        None, "rows", "Of Parquet or HATS: only rows in a circle, as RA,Dec,radius.", unit="deg"
    )
    box: str | None = setting(
        None, "rows", "Of Parquet or HATS: only rows in a box, as RA from,to,Dec from,to.", unit="deg"
    )
    limit: int | None = setting(
        None, "rows", "Of Parquet or HATS: at most this many rows, the first of each split.", ge=10
    )
    img_size: int | None = setting(
        None,
        "frame",
        "Side of the stored images; empty keeps the original.",
        unit="px",
        ge=8,
        le=1024,
        simple=True,
    )
    crop: bool = setting(
        False, "frame", "Crop the central img_size pixels; otherwise the central square is resized."
    )
    band_files: str | None = setting(
        None,
        "frame",
        "One file a band: the pattern of their names, as {id}_{band} or {band}/{id}; empty guesses, - reads "
        "each file as an image.",
    )
    hdus: str | None = setting(
        None,
        "frame",
        "FITS extensions that are the bands, by name or number, as SCI or 1,2,3; empty takes images of one "
        "shape, without masks, weights and errors.",
    )
    max_blank: float = setting(
        5.0,
        "frame",
        "Blank pixels (NaN) that an image may have; they become black, like sky.",
        unit="%",
        ge=0,
        lt=100,
    )
    stretch: Literal["auto", "asinh", "linear", "unit"] = setting(
        "auto",
        "stretch",
        "How values of more than 8 bits become 8 bits: unit multiplies 0 to 1 by 255; auto is unit for "
        "pictures within 0 to 1, else asinh. 8-bit images stay as they are.",
    )
    stretch_bands: Literal["each", "shared"] = setting(
        "each",
        "stretch",
        "Percentiles of each band, or one stretch over all bands, which keeps colour.",
    )
    low_percentile: float = setting(
        1.0, "stretch", "Percentile of the pixels that becomes black.", unit="%", ge=0, lt=100
    )
    high_percentile: float = setting(
        99.8, "stretch", "Percentile of the pixels that becomes 1 before the curve.", unit="%", gt=0, le=100
    )
    stretch_q: float = setting(
        8.0, "stretch", "Q of asinh(Q·x/softening)/Q: compression of bright pixels.", gt=0, le=100
    )
    stretch_softening: float = setting(
        0.05, "stretch", "x below which the curve is linear, with slope 1/softening.", gt=0, le=10
    )
    stretch_scope: Literal["dataset", "image"] = setting(
        "dataset",
        "stretch",
        "Percentiles of the whole dataset, so that brightness compares, or of each image.",
    )
    bands: str | None = setting(
        None, "stretch", "Names of the bands in the order of the file, as g,r,z; empty numbers them."
    )
    rgb: str | None = setting(
        None, "stretch", "Three bands shown as red, green, blue, by name or number from 1, as z,r,g."
    )
    split_seed: int = setting(0, "split", "Of the 80/10/10 split.", ge=0, le=2**31 - 1)

    @field_validator("bands", "rgb", "hdus")
    @classmethod
    def _a_list_of_words(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        words = [word.strip() for word in value.split(",")]
        if not all(re.fullmatch(r"[\w.+ -]{1,20}", word) for word in words):
            raise ValueError("names separated by commas, as g,r,z")
        return ",".join(words)

    @field_validator("band_files")
    @classmethod
    def _a_pattern(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        value = value.strip()
        if value != NO_COLUMN and (value.count("{id}"), value.count("{band}")) != (1, 1):
            raise ValueError("a pattern with {id} and {band}, as {id}_{band}, or -")
        return value

    @field_validator("cone")
    @classmethod
    def _a_cone(cls, value: str | None) -> str | None:
        numbers = _numbers(value)
        if numbers is None:
            return None
        if len(numbers) != 3 or not (
            0 <= numbers[0] <= 360 and -90 <= numbers[1] <= 90 and 0 < numbers[2] <= 180
        ):
            raise ValueError("three numbers in degrees: RA, Dec and radius, as 185.3,12.1,2")
        return ",".join(f"{number!r}" for number in numbers)

    @field_validator("box")
    @classmethod
    def _a_box(cls, value: str | None) -> str | None:
        numbers = _numbers(value)
        if numbers is None:
            return None
        if len(numbers) != 4 or not (
            0 <= min(numbers[:2]) <= max(numbers[:2]) <= 360
            and numbers[0] != numbers[1]
            and -90 <= numbers[2] < numbers[3] <= 90
        ):
            raise ValueError("four numbers in degrees: RA from and to, Dec from and to, as 180,190,-5,5")
        return ",".join(f"{number!r}" for number in numbers)

    @model_validator(mode="after")
    def _one_region(self) -> Self:
        if self.cone is not None and self.box is not None:
            raise ConfigConflictError("box", "cone and box are both set; give one of them")
        return self

    @model_validator(mode="after")
    def _percentiles_in_order(self) -> Self:
        if self.low_percentile >= self.high_percentile:
            raise ConfigConflictError(
                "low_percentile",
                f"low_percentile {self.low_percentile:g} is not below high_percentile "
                f"{self.high_percentile:g}; try 1 and 99.8",
            )
        return self

    @model_validator(mode="after")
    def _crop_has_a_size(self) -> Self:
        if self.crop and self.img_size is None:
            raise ConfigConflictError("img_size", "crop needs img_size: the side to cut out, for example 128")
        return self


def _numbers(value: str | None) -> list[float] | None:
    """The finite numbers of a list with commas; None if it is empty."""
    if value is None or not value.strip():
        return None
    numbers = [float(word) for word in value.split(",")]
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("finite numbers")
    return numbers


class DownloadConfig(Config):
    """Download and import a published dataset."""

    source: Literal["galaxy10"] = setting("galaxy10", "source", "Galaxy10 DECaLS, 17,736 images, 2.54 GB.")
    name: str = setting(
        "galaxy10-decals", "source", "Name of the dataset.", simple=True, pattern=DATASET_NAME
    )
    img_size: int | None = setting(
        None, "frame", "Side of the stored images; empty keeps 256.", unit="px", ge=8, le=256, simple=True
    )


class SubsetConfig(Config):
    """A new dataset from some galaxies of another, or all of them with another split."""

    dataset: str = setting(..., "source", "Source dataset.")
    name: str = setting(..., "source", "Name of the new dataset.", simple=True, pattern=DATASET_NAME)
    classes: tuple[str, ...] = setting((), "rows", "Only these classes; empty for all.")
    splits: tuple[Literal["train", "val", "test"], ...] = setting(
        (), "rows", "Only these splits; empty for all."
    )
    redshift_min: float | None = setting(None, "rows", "Smallest redshift.")
    redshift_max: float | None = setting(None, "rows", "Largest redshift.")
    n: int | None = setting(None, "rows", "At most this many, drawn at random.", unit="images", ge=10)
    seed: int = setting(0, "rows", "Of the random draw.", ge=0, le=2**31 - 1)
    split_table: str | None = setting(
        None, "split", "CSV with source_id (or row) and split: replaces the split, excludes other rows."
    )

    @model_validator(mode="after")
    def _range_in_order(self) -> Self:
        low, high = self.redshift_min, self.redshift_max
        if low is not None and high is not None and low > high:
            raise ConfigConflictError(
                "redshift_min", f"redshift_min {low:g} is above redshift_max {high:g}; swap them"
            )
        return self
