"""Arrays of images as a source, whatever file they lie in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame, FrameHeader
from backend.data.frames.resize import centre_crop, resize
from backend.data.importers.catalogue import Catalogue, with_constant_scale, with_table
from backend.data.importers.columns import refuse_columns_without_table
from backend.data.importers.frame_source import Facts, FrameSource, TableView, stacked
from backend.data.importers.image_rows import Array, ImageRows, frame_dtype
from backend.data.importers.listing import path_opener, table_columns
from backend.data.importers.recipe import MAX_SIDE, MIN_SIDE, Survey
from backend.data.importers.reporting import Findings, Reporter, refuse_many
from backend.data.layout import GalaxyBlock, Pixels, Rows
from backend.errors import DataError
from shared.configs import ImportConfig

BLOCK_BYTES = 64 * 2**20


class Closable(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True)
class ArrayFile:
    """What was read of a file of arrays: images by row, their columns, and what is said of them."""

    images: ImageRows
    catalogue: Catalogue
    facts: Facts
    bands: tuple[str, ...]
    handle: Closable


class ArraySource(FrameSource):
    """Images of an array, with a table whose rows stand in the same order where `labels` names one."""

    def __init__(self, file: ArrayFile, config: ImportConfig, findings: Findings) -> None:
        self._images = file.images
        self._handle = file.handle
        name = Path(config.path).name
        n, height, width, channels = file.images.shape
        with findings.trying():
            _check_size(file.images.shape, config, name)
        survey = Survey()
        header = FrameHeader(width, height, channels, frame_dtype(file.images.dtype), file.bands)
        survey.add(header, name, count=n)
        catalogue, table = file.catalogue, TableView()
        with findings.trying():
            catalogue, table = _with_labels(catalogue, config, findings)
        catalogue = with_constant_scale(catalogue, config, findings)
        super().__init__(config, file.facts, catalogue, survey, table, findings)

    def rows(self) -> Rows:
        return np.arange(len(self.catalogue))

    def frame(self, row: int) -> Frame:
        frame: Frame = self._as_frames(self._images.read(row, row + 1))[0]
        return frame

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        n = self.plan.n
        _, height, width, _ = self._images.shape
        scale = self.ready.scale(width, height)
        for start, end in row_ranges(self._images):
            kept, images = self._stored(start, self._as_frames(self._images.read(start, end)))
            refuse_many(self.skipped, n)
            if len(kept):
                yield self.catalogue.block(kept, images, np.full(len(kept), scale))
            reporter.tick(end, n, f"Read {end:,} of {n:,} galaxies")

    def close(self) -> None:
        self._handle.close()

    def _as_frames(self, images: Array) -> Array:
        """The same values in a type of frames; huge ones become infinite, and so blank."""
        with np.errstate(over="ignore", invalid="ignore"):
            return images.astype(frame_dtype(images.dtype), copy=False)

    def _stored(self, start: int, frames: Array) -> tuple[Rows, Pixels]:
        """Rows that can be used and their pixels; 8-bit images all at once, others one by one."""
        recipe = self.ready
        if not recipe.deep:
            side = recipe.img_size if recipe.crop else min(frames.shape[1:3])
            return np.arange(start, start + len(frames)), resize(centre_crop(frames, side), recipe.img_size)
        kept: list[int] = []
        images: list[Pixels] = []
        for row, frame in enumerate(frames, start):
            try:
                images.append(recipe(frame))
                kept.append(row)
            except UnreadableImageError as error:
                self.skipped.add(self.catalogue.source_ids[row], str(error))
        return np.array(kept, np.int64), stacked(images, (recipe.img_size, recipe.img_size, recipe.channels))


def row_ranges(images: ImageRows) -> Iterator[tuple[int, int]]:
    """Runs of rows of about 64 MB, whole chunks at a time where chunks allow it."""
    n, height, width, channels = images.shape
    rows = max(1, BLOCK_BYTES // (height * width * channels * images.dtype.itemsize))
    if images.chunk_rows <= rows:
        rows -= rows % images.chunk_rows
    for start in range(0, n, rows):
        yield start, min(start + rows, n)


def _check_size(shape: tuple[int, int, int, int], config: ImportConfig, name: str) -> None:
    _, height, width, _ = shape
    if config.crop and config.img_size is not None and min(height, width) < config.img_size:
        raise DataError(
            "crop_too_large",
            f"img_size {config.img_size} cannot be cut out of the {width} × {height} pixels of {name}; take "
            f"at most {min(height, width)}.",
            "img_size",
        )
    if config.img_size is None and (height != width or not MIN_SIDE <= height <= MAX_SIDE):
        raise DataError(
            "bad_shape",
            f"'images' of {name} has shape {shape}; the side of a square, {MIN_SIDE} to {MAX_SIDE} pixels, "
            "is needed: set img_size (for example 64) to resize the central squares.",
            "img_size",
        )


def _with_labels(
    catalogue: Catalogue, config: ImportConfig, findings: Findings
) -> tuple[Catalogue, TableView]:
    if config.labels is None:
        refuse_columns_without_table(config)
        return catalogue, TableView()
    path = Path(config.labels).expanduser()
    if not path.is_file():
        raise DataError("no_such_file", f"There is no file {path}; check the path of the table.", "labels")
    columns, view = table_columns(path_opener(path), path.name, config, None, findings)
    rows = len(next(iter(columns.cells.values())))
    if rows != len(catalogue):
        raise DataError(
            "row_count",
            f"{path.name} has {rows:,} rows but {Path(config.path).name} has {len(catalogue):,} images; give "
            "a table with a row an image, in the same order.",
            "labels",
        )
    return with_table(catalogue, columns, findings), view
