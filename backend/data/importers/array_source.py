"""Arrays of images as a source."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame, FrameHeader, frame_dtype
from backend.data.frames.resize import centre_crop, resize
from backend.data.importers.catalogue import Catalogue, with_constant_scale, with_table
from backend.data.importers.frame_source import FrameSource, SourceInfo, TableView, stacked
from backend.data.importers.image_rows import Array, ImageRows
from backend.data.importers.listing import path_opener, table_columns
from backend.data.importers.recipe import MAX_SIDE, MIN_SIDE, FrameStats
from backend.data.importers.reporting import Findings, Reporter, refuse_many
from backend.data.importers.tables.columns import refuse_columns_without_table
from backend.data.layout import GalaxyBlock, Pixels, Rows
from backend.errors import DataError
from shared.configs import ImportConfig

BLOCK_BYTES = 32 * 2**20
"""Of the source; two blocks are in memory, one being read while the other is written."""
WORKERS = max(2, min(8, os.cpu_count() or 2))
PART_ROWS = 16


@dataclass(frozen=True)
class ArrayFile:
    """A file of arrays: images by row, their columns, and its description."""

    images: ImageRows
    catalogue: Catalogue
    info: SourceInfo
    bands: tuple[str, ...]
    close: Callable[[], object]
    table: TableView | None = None


class ArraySource(FrameSource):
    """Images of an array, with the table of `labels`, if given, whose rows are in the same order."""

    def __init__(self, file: ArrayFile, config: ImportConfig, findings: Findings) -> None:
        self._images = file.images
        self._close = file.close
        name = Path(config.path).name
        n, height, width, channels = file.images.shape
        with findings.trying():
            _check_size(file.images.shape, config, name)
        stats = FrameStats()
        header = FrameHeader(width, height, channels, frame_dtype(file.images.dtype), file.bands)
        stats.add(header, name, count=n)
        catalogue, table = file.catalogue, TableView()
        with findings.trying():
            catalogue, table = _with_labels(catalogue, file.table, config, findings)
        catalogue = with_constant_scale(catalogue, config, findings)
        super().__init__(config, file.info, catalogue, stats, table, findings)

    def rows(self) -> Rows:
        return np.arange(len(self.catalogue))

    def frame(self, row: int) -> Frame:
        frame: Frame = self._as_frames(self._images.read(row, row + 1))[0]
        return frame

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        n = self.plan.n
        _, height, width, _ = self._images.shape
        scale = self.ready.scale(width, height)
        ranges = list(row_ranges(self._images))
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(WORKERS) as pool:
            waiting = deque([reader.submit(self._read, pool, *ranges[0])])
            for index, (_, end) in enumerate(ranges):
                kept, images, unusable = waiting.popleft().result()
                if index + 1 < len(ranges):
                    waiting.append(reader.submit(self._read, pool, *ranges[index + 1]))
                for row, reason in unusable:
                    self.skipped.add(self.catalogue.source_ids[row], reason)
                refuse_many(self.skipped, n)
                if len(kept):
                    yield self.catalogue.block(kept, images, np.full(len(kept), scale))
                reporter.tick(end, n, f"Read {end:,} of {n:,} galaxies")

    def close(self) -> None:
        self._close()

    def _as_frames(self, images: Array) -> Array:
        """The same values in the dtype of frames; huge ones become infinite, and so blank."""
        with np.errstate(over="ignore", invalid="ignore"):
            return images.astype(frame_dtype(images.dtype), copy=False)

    def _read(self, pool: Executor, start: int, end: int) -> tuple[Rows, Pixels, list[tuple[int, str]]]:
        """Usable rows, their pixels as stored, and the others with the reason."""
        recipe = self.ready
        frames = self._as_frames(self._images.read(start, end))
        starts = range(0, len(frames), PART_ROWS)
        if not recipe.deep:
            side = recipe.img_size if recipe.crop else min(frames.shape[1:3])
            squares = centre_crop(frames, side)
            if side == recipe.img_size:
                return np.arange(start, end), squares, []
            parts = pool.map(lambda at: resize(squares[at : at + PART_ROWS], recipe.img_size), starts)
            return np.arange(start, end), np.concatenate(list(parts)), []
        kept: list[int] = []
        images: list[Pixels] = []
        unusable: list[tuple[int, str]] = []
        done = pool.map(lambda at: [self._deep(frame) for frame in frames[at : at + PART_ROWS]], starts)
        for row, result in enumerate((result for part in done for result in part), start):
            if isinstance(result, UnreadableImageError):
                unusable.append((row, str(result)))
            else:
                kept.append(row)
                images.append(result)
        shape = (recipe.img_size, recipe.img_size, recipe.channels)
        return np.array(kept, np.int64), stacked(images, shape), unusable

    def _deep(self, frame: Frame) -> Pixels | UnreadableImageError:
        try:
            return self.ready(frame)
        except UnreadableImageError as error:
            return error


def row_ranges(images: ImageRows) -> Iterator[tuple[int, int]]:
    """Ranges of rows of about 32 MB, of whole chunks if possible."""
    n, height, width, channels = images.shape
    rows = max(1, BLOCK_BYTES // (height * width * channels * images.dtype.itemsize))
    if images.chunk_rows <= rows:
        rows -= rows % images.chunk_rows
    for start in range(0, n, rows):
        yield start, min(start + rows, n)


def _check_size(shape: tuple[int, int, int, int], config: ImportConfig, name: str) -> None:
    _, height, width, _ = shape
    if config.crop and config.img_size is not None and min(height, width) < config.img_size:
        why = f"{name} has images of {width} × {height} pixels; set img_size to {min(height, width)} or less."
        raise DataError("crop_too_large", why, "img_size")
    if config.img_size is None and (height != width or not MIN_SIDE <= height <= MAX_SIDE):
        why = f"'images' of {name} has shape {shape}, not squares of {MIN_SIDE} to {MAX_SIDE} pixels"
        advice = "set img_size (for example 64) to resize the central squares"
        raise DataError("bad_shape", f"{why}; {advice}.", "img_size")


def _with_labels(
    base: Catalogue, own: TableView | None, config: ImportConfig, findings: Findings
) -> tuple[Catalogue, TableView]:
    if config.labels is None and own is not None:
        return base, own
    if config.labels is None:
        refuse_columns_without_table(config)
        return base, TableView()
    path = Path(config.labels).expanduser()
    if not path.is_file():
        raise DataError("no_such_file", f"There is no file {path}; check the path of the table.", "labels")
    columns, view = table_columns(path_opener(path), path.name, config, None, findings)
    rows = len(next(iter(columns.cells.values())))
    if rows != len(base):
        why = f"{path.name} has {rows:,} rows but {Path(config.path).name} has {len(base):,} images"
        raise DataError("row_count", f"{why}; give one row per image, in the same order.", "labels")
    return with_table(base, columns, findings, config.ra_unit), view
