"""Making a dataset of cut-outs: positions on the sky, and a survey to cut them from."""

from typing import Literal, Self

from pydantic import field_validator, model_validator

from shared.base.config import ConfigConflictError, setting
from shared.configs.datasets import NO_COLUMN, ImportConfig
from shared.configs.surveys import SURVEYS, SurveyKey

WITHOUT = ("labels", "image_column", "crop")
"""Fields of an import that have no meaning here: there is one table and no image yet."""


class CutoutsConfig(ImportConfig):
    """Fetch an image for each position of a table from a survey, and import them.

    `path` is any table of an import, or a list without a header, one line per galaxy: RA and Dec, or a name
    before them. Columns that are not set are guessed by name; "-" uses none.
    """

    path: str = setting(
        ...,
        "source",
        "Table with RA and Dec on the machine that runs Galaxyscope.",
        simple=True,
        min_length=1,
    )
    survey: SurveyKey = setting(..., "source", f"One of {', '.join(SURVEYS)}.", simple=True)
    img_size: int = setting(128, "frame", "Side of a cut-out.", unit="px", ge=8, le=1024, simple=True)
    pxscale: str | None = setting(
        None,
        "frame",
        "Pixel scale of the cut-outs: a number for all, or a column; empty for the survey's own.",
        unit="arcsec/px",
        simple=True,
    )
    fov: float | None = setting(
        None, "frame", "Width of a cut-out, in place of pxscale.", unit="arcsec", gt=0, le=36_000, simple=True
    )
    file_format: Literal["jpg", "fits"] = setting(
        "jpg", "frame", "jpg: the colours of the survey; fits: its bands, stretched as below.", simple=True
    )
    bands: str | None = setting(
        None, "frame", "Bands of FITS cut-outs, as g,r,z; empty for all bands of the survey."
    )
    cone: str | None = setting(
        None, "source", "Only positions in this circle: RA, Dec and radius in degrees, as 150.1,2.2,0.5."
    )

    @field_validator("cone")
    @classmethod
    def _three_numbers(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        try:
            ra, dec, radius = map(float, value.split(","))
        except ValueError:
            raise ValueError("RA, Dec and radius in degrees, as 150.1,2.2,0.5") from None
        if not (0 <= ra <= 360 and -90 <= dec <= 90 and 0 < radius <= 180):
            raise ValueError("RA of 0 to 360, Dec of −90 to 90 and a radius above 0, in degrees")
        return value.strip()

    @model_validator(mode="after")
    def _no_fields_of_images(self) -> Self:
        for name in WITHOUT:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ConfigConflictError(name, f"{name} has no meaning for cut-outs; leave it out")
        return self

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.fov is not None and self.pxscale not in (None, "", NO_COLUMN):
            raise ConfigConflictError(
                "fov", f"fov {self.fov:g} and pxscale {self.pxscale} both set the size; leave one out"
            )
        return self

    @model_validator(mode="after")
    def _bands_of_the_survey(self) -> Self:
        known = SURVEYS[self.survey].bands
        unknown = [name for name in self.band_names if name not in known]
        if self.file_format == "fits" and unknown:
            raise ConfigConflictError(
                "bands", f"{self.survey} has no band {unknown[0]}; choose from {','.join(known)}"
            )
        return self

    @property
    def band_names(self) -> list[str]:
        """The bands of FITS cut-outs, in the order of the stored images."""
        return self.bands.split(",") if self.bands else list(SURVEYS[self.survey].bands)

    @property
    def circle(self) -> tuple[float, float, float] | None:
        """RA, Dec and radius of the cone, deg."""
        if self.cone is None:
            return None
        ra, dec, radius = map(float, self.cone.split(","))
        return ra, dec, radius
