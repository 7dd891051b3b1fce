"""Parquet files that hold images as a source: Hugging Face datasets and HATS catalogues."""

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame, FrameHeader
from backend.data.importers.catalogue import Catalogue, numbered, unlabelled, with_constant_scale, with_table
from backend.data.importers.frame_source import FrameSource, SourceInfo, TableView
from backend.data.importers.listing import role_columns, set_splits
from backend.data.importers.names import SPLIT_NAMES, counted
from backend.data.importers.parquet.hats import HatsCatalogue
from backend.data.importers.parquet.images import Cell, ImageColumn
from backend.data.importers.parquet.region import Region, region_of
from backend.data.importers.parquet.shards import (
    BATCH_BYTES,
    MAX_BATCH_ROWS,
    Shard,
    ShardTable,
    at_most,
    codes_of,
    open_shard,
    require_same_schema,
)
from backend.data.importers.recipe import FrameStats, Recipe
from backend.data.importers.reporting import Findings, Reporter, refuse_many
from backend.data.importers.tables import MAX_ROWS
from backend.data.importers.trees import Roots
from backend.data.importers.values import Column, degrees_of
from backend.data.layout import GalaxyBlock, Pixels, Rows, SkipLog, evenly_spaced
from backend.errors import DataError
from shared.configs import ImportConfig
from shared.configs.datasets import NO_COLUMN

LOOKS = 32
"""Places of a source at which the headers of a batch are read before it is imported."""
WORKERS = max(2, min(8, os.cpu_count() or 2))
READ_AHEAD = 2
DECODED_BYTES = 32 * 2**20
"""Of the frames of one batch."""
TASK_ROWS = 16
_NUMBERED = re.compile(r"^(.*)-(\d{5})-of-(\d{5})\.parquet$")


def open_hats(path: Path, config: ImportConfig, roots: Roots, findings: Findings) -> "ParquetSource":
    """The images of a HATS catalogue, or collection, in the region and limit of `config`. Opens only the
    files that the region meets. DataError if it holds no images there, or they cannot be used."""
    catalogue = HatsCatalogue(path)
    name = catalogue.folder.name
    region = region_of(config)
    shards: list[Shard] = []
    schemas: dict[str, Any] = {}
    for partition in catalogue.met_by(region):
        if config.limit is not None and sum(map(len, shards)) >= config.limit:
            break
        for file in catalogue.files(partition, roots):
            member = file.relative_to(catalogue.folder).as_posix()
            shard, schemas[member] = open_shard(file, member)
            if region is not None:
                shard = _within(shard, schemas[member], region, catalogue.ra, catalogue.dec, config.ra_unit)
            shards.append(shard)
    table = _chosen(name, shards, schemas, config)
    image = _image_column(table, config)
    if image is None:
        why = f"{name} has no column of images, only {', '.join(table.columns[:20])}"
        advice = "a catalogue alone is not a dataset: give one with images"
        raise DataError("no_images", f"{why}; {advice}.", "path")
    total = counted(len(catalogue.partitions), "partition")
    findings.read(
        f"{counted(len(table), 'row')} in {counted(len(shards), 'file')}, of {total} in all.", len(table)
    )
    if catalogue.beside:
        findings.skipped(len(catalogue.beside), "folder", f"beside the catalogue {name}", catalogue.beside[0])
    return ParquetSource(table, image, "hats", path, config, findings)


def open_shards(
    path: Path, files: dict[str, Path], config: ImportConfig, findings: Findings
) -> "ParquetSource | None":
    """The images of Parquet files by name; None if no column holds images, or `image_column` is one of text.
    DataError if they cannot be used."""
    splits = {name: split_of_name(name) for name in files}
    unnamed = [name for name, split in splits.items() if split is None]
    if len(unnamed) == len(files):
        unnamed = []
    shards, schemas = [], {}
    for name, file in files.items():
        if name not in unnamed:
            shard, schemas[name] = open_shard(file, name, splits[name])
            shards.append(shard)
    table = ShardTable(path.name, shards, next(iter(schemas.values())))
    if not table.images or config.image_column in set(table.columns) - set(table.images):
        return None
    require_same_schema(schemas, path.name)
    if unnamed:
        findings.skipped(len(unnamed), "file", "whose name tells no split", unnamed[0])
    _note_missing(list(schemas), findings)
    region = region_of(config)
    if region is not None:
        columns = _positions(table, config)
        shards = [_within(one, schemas[one.name], region, *columns, config.ra_unit) for one in shards]
    table = _chosen(path.name, shards, schemas, config)
    there = sum(sum(shard.group_rows) for shard in shards)
    if len(table) < there:
        findings.read(f"{counted(len(table), 'row')} of {there:,} are chosen.", len(table))
    image = _image_column(table, config)
    return None if image is None else ParquetSource(table, image, "parquet", path, config, findings)


def _chosen(name: str, shards: list[Shard], schemas: dict[str, Any], config: ImportConfig) -> ShardTable:
    """The table of the chosen rows, within `limit`; DataError if there are none, or too many."""
    if not any(map(len, shards)):
        raise _nothing(name, config)
    table = ShardTable(name, at_most(shards, config.limit), require_same_schema(schemas, name))
    if len(table) > MAX_ROWS:
        why = f"{name} has {len(table):,} rows, more than {MAX_ROWS:,}; set limit, or a cone or box."
        raise DataError("table_too_long", why, "limit")
    return table


def _positions(table: ShardTable, config: ImportConfig) -> tuple[str, str]:
    """The columns of right ascension and declination."""
    roles = role_columns(table.choosing(at_most(table.shards, 1000)), config, None, Findings(strict=False))[
        1
    ].roles
    ra, dec = roles["ra_column"], roles["dec_column"]
    if ra is None or dec is None:
        why = f"{table.name} has no columns of right ascension and declination for the cone or box"
        raise DataError("no_positions", f"{why}; set ra_column and dec_column.", "ra_column")
    return ra, dec


def _nothing(name: str, config: ImportConfig) -> DataError:
    if region_of(config) is None:
        return DataError("empty_csv", f"{name} has no rows; download it again.", "path")
    field = "cone" if config.cone is not None else "box"
    why = f"{name} has no rows in the {field} {getattr(config, field)}; choose another part of the sky."
    return DataError("nothing_in_region", why, field)


def _within(shard: Shard, schema: Any, region: Region, ra: str, dec: str, ra_unit: str) -> Shard:
    """The shard with the rows inside the region."""
    from pyarrow import types

    for column in (ra, dec):
        index = schema.get_field_index(column)
        if index < 0 or not (
            types.is_floating(schema.field(index).type) or types.is_integer(schema.field(index).type)
        ):
            why = f"{shard.name} has no column of numbers '{column}' for the cone or box"
            raise DataError("no_positions", f"{why}; set ra_column and dec_column.", "ra_column")
    table = ShardTable(shard.name, [shard], schema)
    unit = table.units.get(ra, "") if ra_unit == "auto" else ra_unit
    factors = [
        degrees_of(key, written, Column(shard.name, name, f"{key}_column"))
        for key, name, written in (("ra", ra, unit), ("dec", dec, table.units.get(dec, "")))
    ]
    inside = [
        region.contains(
            *(
                factor * _floats(batch.column(batch.schema.get_field_index(name)))
                for factor, name in zip(factors, (ra, dec), strict=True)
            )
        )
        for batch in table.batches([ra, dec], 65_536)
    ]
    return replace(shard, chosen=np.flatnonzero(np.concatenate(inside)) if inside else np.zeros(0, np.int64))


def _floats(values: Any) -> Any:
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


def split_of_name(name: str) -> str | None:
    """The split that a path tells, as Hugging Face names files: `data/train-00000-of-00005.parquet`,
    `test/0000.parquet`; the file counts before its folders."""
    for part in reversed(name.lower().split("/")):
        words = re.split(r"[^a-z]+", part.removesuffix(".parquet"))
        found = next((word for word in words if word in SPLIT_NAMES), None)
        if found is not None:
            return SPLIT_NAMES[found]
    return None


def _note_missing(names: Sequence[str], findings: Findings) -> None:
    """Name the shards of `-00000-of-00005` that are not there."""
    sets: dict[tuple[str, str], set[int]] = {}
    for name in names:
        match = _NUMBERED.match(name)
        if match is not None:
            sets.setdefault((match[1], match[3]), set()).add(int(match[2]))
    for (stem, count), there in sets.items():
        missing = [number for number in range(min(int(count), 100_000)) if number not in there]
        if missing:
            first = f"{stem}-{missing[0]:05d}-of-{count}.parquet"
            findings.skipped(len(missing), "file", f"of {int(count):,}, as they are not there", first)


def _image_column(table: ShardTable, config: ImportConfig) -> ImageColumn | None:
    """The configured column of images, or the likeliest; None if there is none."""
    given = config.image_column
    if given in (None, "", NO_COLUMN):
        return next(iter(table.images.values()), None)
    if given not in table.images:
        why = f"{table.name} has no images in a column '{given}'"
        choice = ", ".join(table.images) or "none"
        raise DataError("unknown_column", f"{why}; its columns of images are: {choice}.", "image_column")
    return table.images[given]


def _largest(stats: FrameStats) -> int:
    """Bytes of the largest frame, decoded, in the widest type."""
    pixels = max((width * height for width, height in stats.sizes), default=1)
    wide = max((channels * (1 if dtype == "uint8" else 4) for channels, dtype in stats.layouts), default=1)
    return pixels * wide


def _refuse_labels(config: ImportConfig, path: Path) -> None:
    """DataError if there is a table besides: its rows could not be matched."""
    if config.labels is not None:
        why = (
            f"{path.name} has images and columns of its own, so {Path(config.labels).name} would not be used"
        )
        advice = "leave labels empty, or add the columns to the Parquet first"
        raise DataError("labels_unused", f"{why}; {advice}.", "labels")


class ParquetSource(FrameSource):
    """Images of a column of a ShardTable, decoded by several threads while the next rows are read."""

    def __init__(
        self,
        table: ShardTable,
        image: ImageColumn,
        kind: str,
        path: Path,
        config: ImportConfig,
        findings: Findings,
    ) -> None:
        self._rows, self._image = table, image
        self._leaves = table.leaves(image)
        self._batch_rows = max(1, min(MAX_BATCH_ROWS, BATCH_BYTES // table.row_bytes(self._leaves)))
        self._batches: Iterator[tuple[int, list[Cell]]] | None = None
        self._at: tuple[int, list[Cell]] = 0, []
        catalogue, view = self._catalogue(config.model_copy(update={"image_column": image.name}), findings)
        stats, skipped = FrameStats(), SkipLog()
        with findings.trying():
            _refuse_labels(config, path)
        with findings.trying():
            self._look(catalogue, stats, skipped)
        self._batch_rows = max(1, min(self._batch_rows, DECODED_BYTES // _largest(stats)))
        self._note_left_out(findings)
        key = "file" if path.is_file() else "folder"
        super().__init__(
            config, SourceInfo(kind, {"kind": kind, key: path.name}), catalogue, stats, view, findings
        )

    def rows(self) -> Rows:
        return np.arange(len(self.catalogue))

    def frame(self, row: int) -> Frame:
        return self._image.frame(self._cell(row), self.catalogue.source_ids[row])

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        n, stats, done = self.plan.n, FrameStats(), 0
        with ThreadPoolExecutor(WORKERS) as pool:
            waiting: deque[tuple[int, list[Future[list[Pixels | UnreadableImageError]]]]] = deque()
            batches = self._cells()
            while True:
                for start, cells in islice(batches, READ_AHEAD - len(waiting)):
                    parts = [
                        (start + at, cells[at : at + TASK_ROWS]) for at in range(0, len(cells), TASK_ROWS)
                    ]
                    waiting.append((start, [pool.submit(self._decode, *part) for part in parts]))
                if not waiting:
                    break
                start, futures = waiting.popleft()
                try:
                    decoded = [item for future in futures for item in future.result()]
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
                done = start + len(decoded)
                block = self._block(start, decoded, stats)
                refuse_many(self.skipped, n)
                if block is not None:
                    yield block
                reporter.tick(done, n, f"Decoded {done:,} of {n:,} images")
        self.stats = stats

    def close(self) -> None:
        self._batches = None

    def _catalogue(self, config: ImportConfig, findings: Findings) -> tuple[Catalogue, TableView]:
        table = self._rows
        columns, view = role_columns(table, config, None, findings)
        if table.nested:
            findings.skipped(len(table.nested), "nested column", f"of {table.name}", table.nested[0])
        base = unlabelled(numbered(Path(table.name).stem, len(table)))
        catalogue = with_table(base, columns, findings, config.ra_unit)
        label = columns.roles.get("label_column")
        names = table.class_names(label) if label is not None else None
        cells = columns.of("label_column")
        if names is not None and cells is not None:
            catalogue.class_names, catalogue.labels = names, codes_of(cells, names)
        if catalogue.splits is None:
            self._take_splits(catalogue, config, findings)
        return with_constant_scale(catalogue, config, findings), view

    def _take_splits(self, catalogue: Catalogue, config: ImportConfig, findings: Findings) -> None:
        found = {shard.split for shard in self._rows.shards if len(shard)}
        if None in found:
            return
        if len(found) == 1:
            findings.assumed(
                f"All rows are of the split '{found.pop()}': a new split is made.", "split_column"
            )
            return
        names = [shard.split for shard in self._rows.shards for _ in range(len(shard)) if shard.split]
        set_splits(catalogue, names, config, findings, "files")

    def _note_left_out(self, findings: Findings) -> None:
        image = self._image
        if image.others:
            findings.skipped(
                len(image.others), "part", f"of each image in '{image.name}'", ", ".join(image.others)
            )

    def _look(self, catalogue: Catalogue, stats: FrameStats, skipped: SkipLog) -> None:
        """Fill `stats` from a few images at evenly spaced places."""
        n = len(catalogue)
        per_place = max(1, min(self._batch_rows, 64))
        seen = 0
        for place in evenly_spaced(np.arange(0, n, per_place), LOOKS).tolist():
            for row in range(place, min(place + per_place, n)):
                seen += 1
                name = catalogue.source_ids[row]
                try:
                    stats.add(self._image.header(self._cell(row), name), name)
                except UnreadableImageError as error:
                    skipped.add(name, str(error))
        refuse_many(skipped, seen)

    def _cells(self, start: int = 0) -> Iterator[tuple[int, list[Cell]]]:
        """Batches of undecoded images, from that of row `start`, with the row of their first."""
        shards, first = list(self._rows.shards), 0
        while shards and first + len(shards[0]) <= start:
            first += len(shards.pop(0))
        if shards and start > first:
            shards[0] = replace(shards[0], chosen=shards[0].rows()[start - first :])
            first = start
        for batch in self._rows.choosing(shards).batches(self._leaves, self._batch_rows):
            yield first, list(self._image.cells(batch))
            first += batch.num_rows

    def _cell(self, row: int) -> Cell:
        """One undecoded image; rows that go on from the last one of its row group are not sought again."""
        group = self._rows.start_of_group(row)
        start, cells = self._at
        if self._batches is None or row < start or group > start + len(cells):
            self._batches = self._cells(group)
            start, cells = self._next(self._batches)
        while row >= start + len(cells):
            start, cells = self._next(self._batches)
        self._at = start, cells
        return cells[row - start]

    def _next(self, batches: Iterator[tuple[int, list[Cell]]]) -> tuple[int, list[Cell]]:
        found = next(batches, None)
        if found is None:
            why = f"{self._rows.name} holds fewer rows than it declares; download it again."
            raise DataError("bad_parquet", why, "path")
        return found

    def _decode(self, start: int, cells: Sequence[Cell]) -> list[Any]:
        """For each image its pixels as stored, and its header; or the error."""
        out: list[Any] = []
        for row, cell in enumerate(cells, start):
            name = self.catalogue.source_ids[row]
            try:
                frame = self._image.frame(cell, name)
                self._check(frame, name)
                out.append(
                    (
                        self.ready(frame),
                        FrameHeader(frame.shape[1], frame.shape[0], frame.shape[2], frame.dtype.name, ()),
                    )
                )
            except UnreadableImageError as error:
                out.append(error)
        return out

    def _check(self, frame: Frame, name: str) -> None:
        """DataError if the frame is of another kind than those the recipe was made from."""
        recipe: Recipe = self.ready
        height, width, channels = frame.shape
        if (frame.dtype != np.uint8) != recipe.deep:
            why = f"{name} holds {frame.dtype} while others of {self._rows.name} do not"
            raise DataError("mixed_depth", f"{why}; import each kind on its own.", "path")
        if channels != recipe.channels and (channels != 1 or recipe.channels != 3):
            why = f"{name} has {channels} bands while others have {recipe.channels}"
            raise DataError("mixed_bands", f"{why}; import each kind on its own.", "path")
        if self.config.img_size is None and (height, width) != (recipe.img_size,) * 2:
            why = (
                f"{name} is {width} × {height} pixels while others are {recipe.img_size} × {recipe.img_size}"
            )
            advice = "set img_size (for example 128) to resize the central squares"
            raise DataError("mixed_sizes", f"{why}; {advice}.", "img_size")

    def _block(self, start: int, decoded: Sequence[Any], stats: FrameStats) -> GalaxyBlock | None:
        kept: list[int] = []
        for row, item in enumerate(decoded, start):
            name = self.catalogue.source_ids[row]
            if isinstance(item, UnreadableImageError):
                self.skipped.add(name, str(item))
            else:
                kept.append(row)
                stats.add(item[1], name)
        if not kept:
            return None
        items = [decoded[row - start] for row in kept]
        scale = np.array([self.ready.scale(header.width, header.height) for _, header in items])
        return self.catalogue.block(np.array(kept), np.stack([pixels for pixels, _ in items]), scale)
