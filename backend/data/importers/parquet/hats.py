"""HATS catalogues: Parquet files by HEALPix pixel, of which only those that a region meets are opened."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from backend.data.importers.names import counted
from backend.data.importers.parquet.region import Region, pixels_met
from backend.data.importers.trees import Roots
from backend.errors import DataError, ForbiddenError

PROPERTIES, COLLECTION = "hats.properties", "collection.properties"
MAX_PARTITIONS = 1_000_000
MAX_ORDER = 29
MAX_PROPERTIES = 1000
_PIXEL = re.compile(r"Norder=(\d{1,2})/Dir=\d+/Npix=(\d+)(\.parquet|/[^/]+\.parquet)$")


@dataclass(frozen=True)
class Partition:
    """The nested HEALPix pixel of a partition, and its file, or the folder of its files."""

    order: int
    pixel: int
    path: Path


def is_hats(folder: Path) -> bool:
    """Whether a folder is a HATS catalogue or a collection of them."""
    return any((folder / name).is_file() for name in (PROPERTIES, COLLECTION))


class HatsCatalogue:
    """The catalogue in `folder`, or the primary one of the collection there. DataError if it is neither
    readable nor a catalogue of objects."""

    def __init__(self, folder: Path) -> None:
        self.beside: list[str] = []
        if not (folder / PROPERTIES).is_file():
            primary = _properties(folder / COLLECTION).get("hats_primary_table_url", "")
            if not primary or primary != Path(primary).name or not (folder / primary / PROPERTIES).is_file():
                why = f"{folder.name} names no catalogue of its own ({primary[:60]!r}) in {COLLECTION}"
                raise DataError("bad_hats", f"{why}; give the folder of the catalogue.", "path")
            self.beside = sorted(
                entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name != primary
            )
            folder = folder / primary
        self.folder = folder
        properties = _properties(folder / PROPERTIES)
        kind = properties.get("dataproduct_type", "object")
        if kind not in ("object", "source", "nested"):
            why = f"{folder.name} is a HATS table of kind '{kind[:40]}', not a catalogue of objects"
            raise DataError("bad_hats", f"{why}; give the catalogue it belongs to.", "path")
        self.ra = properties.get("hats_col_ra", "ra")
        self.dec = properties.get("hats_col_dec", "dec")
        self.partitions = self._partitions(properties.get("hats_npix_suffix", ".parquet"))
        if not self.partitions:
            why = f"{folder.name} lists no partitions in partition_info.csv; download it again."
            raise DataError("bad_hats", why, "path")

    def met_by(self, region: Region | None) -> list[Partition]:
        """The partitions that have a part of the region; all without one."""
        if region is None:
            return self.partitions
        met: list[Partition] = []
        for order in sorted({partition.order for partition in self.partitions}):
            own = [partition for partition in self.partitions if partition.order == order]
            wanted = pixels_met(region, order, np.array([partition.pixel for partition in own], np.int64))
            met += [partition for partition, is_met in zip(own, wanted, strict=True) if is_met]
        return met

    def files(self, partition: Partition, roots: Roots) -> list[Path]:
        """The files of a partition; DataError if there are none, ForbiddenError if one is outside `roots`."""
        path = partition.path
        files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        for file in files or [path]:
            if not file.is_file():
                why = f"{file.relative_to(self.folder)} is in partition_info.csv of {self.folder.name}"
                raise DataError("missing_files", f"{why} but not there; download it again.", "path")
            target = file.resolve()
            if not any(target.is_relative_to(root.expanduser().resolve()) for root in roots):
                why = f"{file} is outside the folders the server may read"
                advice = "move it there, or add its folder to GALAXYSCOPE_DATA_ROOTS"
                raise ForbiddenError("outside_data_roots", f"{why}; {advice}.", "path")
        return files

    def _partitions(self, suffix: str) -> list[Partition]:
        """In the order of partition_info.csv, or of the files where that is missing."""
        dataset = self.folder / "dataset"
        pixels = dict.fromkeys(
            self._listed() if (self.folder / "partition_info.csv").is_file() else _found(dataset)
        )
        ending = "" if suffix == "/" else suffix
        if "/" in ending or "\\" in ending or len(pixels) > MAX_PARTITIONS:
            why = f"{self.folder.name} has {counted(len(pixels), 'partition')} named *{suffix[:20]}"
            raise DataError("bad_hats", f"{why}, which are not known; download it again.", "path")
        return [
            Partition(
                order,
                pixel,
                dataset / f"Norder={order}" / f"Dir={pixel // 10_000 * 10_000}" / f"Npix={pixel}{ending}",
            )
            for order, pixel in pixels
        ]

    def _listed(self) -> Iterator[tuple[int, int]]:
        with (self.folder / "partition_info.csv").open(
            newline="", encoding="utf-8", errors="replace"
        ) as text:
            for number, row in enumerate(islice(csv.DictReader(text), MAX_PARTITIONS + 1), 2):
                try:
                    order, pixel = int(row["Norder"]), int(row["Npix"])
                except (KeyError, TypeError, ValueError):
                    order, pixel = -1, -1
                if not (0 <= order <= MAX_ORDER and 0 <= pixel < 12 * 4**order):
                    why = f"Line {number} of partition_info.csv of {self.folder.name} names no HEALPix pixel"
                    raise DataError("bad_hats", f"{why}; it needs Norder and Npix.", "path")
                yield order, pixel


def _found(dataset: Path) -> Iterator[tuple[int, int]]:
    for path in sorted(islice(dataset.glob("Norder=*/Dir=*/Npix=*"), MAX_PARTITIONS)):
        name = path.relative_to(dataset).as_posix() + ("/x.parquet" if path.is_dir() else "")
        match = _PIXEL.search(name)
        if match is not None and int(match[1]) <= MAX_ORDER:
            yield int(match[1]), int(match[2])


def _properties(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as text:
            lines = [line.strip() for line in islice(text, MAX_PROPERTIES)]
    except OSError as error:
        raise DataError(
            "unreadable", f"{path} cannot be read ({error.strerror}); check it.", "path"
        ) from error
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}
