"""One or many Parquet files as one table, streamed by row groups."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from backend.data.importers.names import counted, listed
from backend.data.importers.parquet.images import ImageColumn, image_columns, is_nested
from backend.data.importers.tables.parquet import EXACT, unit_of
from backend.data.importers.tables.table import Record, Unread
from backend.data.importers.values import BLANKS
from backend.data.layout import Rows
from backend.errors import DataError

BATCH_BYTES = 8 * 2**20
TABLE_ROWS = 1024
MAX_BATCH_ROWS = 64
"""Few, as a dictionary may give many rows one large image."""
STREAM_BUFFER = 2**20
"""Bytes of a column chunk that are read at once, however large its row group is."""
PLACEHOLDER = "(image)"
POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Shard:
    """One file: rows by row group, the split that its name tells, and the rows chosen, ascending (None for
    all)."""

    path: Path
    name: str
    group_rows: tuple[int, ...]
    split: str | None = None
    chosen: Rows | None = None

    def __len__(self) -> int:
        return sum(self.group_rows) if self.chosen is None else len(self.chosen)

    def rows(self) -> Rows:
        return np.arange(sum(self.group_rows)) if self.chosen is None else self.chosen

    def groups(self) -> Iterator[tuple[int, Rows]]:
        """Each row group with chosen rows, and their places in it."""
        starts = [0, *np.cumsum(self.group_rows).tolist()]
        for group, (start, end) in enumerate(pairwise(starts)):
            if self.chosen is None:
                places = np.arange(end - start)
            else:
                first, last = np.searchsorted(self.chosen, (start, end))
                places = self.chosen[first:last] - start
            if len(places):
                yield group, places


def open_shard(path: Path, name: str, split: str | None = None) -> tuple[Shard, Any]:
    """A file, all rows chosen, and its Arrow schema. Reads its footer."""
    with reading(path, name) as file:
        metadata = file.metadata
        rows = tuple(metadata.row_group(index).num_rows for index in range(metadata.num_row_groups))
        return Shard(path, name, rows, split), file.schema_arrow


@contextmanager
def reading(path: Path, name: str) -> Iterator[Any]:
    """The open file; faults become DataErrors. pyarrow is imported on first use."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=STREAM_BUFFER) as file:
            yield file
    except (
        pyarrow.ArrowException,
        OSError,
        ValueError,
        OverflowError,
        KeyError,
        IndexError,
        MemoryError,
        RecursionError,
    ) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:120]
        sentence = f"{name} is not a valid Parquet file ({why}); download it again."
        if _starts_with(path, POINTER):
            sentence = f"{name} is a pointer of Git LFS, not the file; run `git lfs pull`."
        raise DataError("bad_parquet", sentence, "path") from error


def _starts_with(path: Path, start: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(start)) == start
    except OSError:
        return False


class ShardTable:
    """Chosen rows of several files as a table: `columns` are images and plain values. Cells of a ClassLabel
    are its names."""

    def __init__(self, name: str, shards: Sequence[Shard], schema: Any) -> None:
        self.name, self.shards, self.schema = name, list(shards), schema
        fields = {field.name: field.type for field in schema}
        self.images = {image.name: image for image in image_columns(schema, self._first_bytes)}
        self._plain = [name for name, type_ in fields.items() if name and not is_nested(type_)]
        self.columns = list(dict.fromkeys([*self.images, *self._plain]))
        self.nested = [name for name in fields if name not in self.columns]
        self.unread: list[Unread] = []
        self.units = {field.name: unit for field in schema if (unit := unit_of(field.metadata))}
        self.exact = {name: limit for name, type_ in fields.items() if (limit := EXACT.get(str(type_)))}
        self._features = _features(schema)
        self._starts: Rows = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return sum(map(len, self.shards))

    def choosing(self, shards: Sequence[Shard]) -> "ShardTable":
        """The same table with other rows."""
        other = object.__new__(ShardTable)
        other.__dict__.update(self.__dict__)
        other.shards, other._starts = list(shards), np.zeros(0, np.int64)
        return other

    def class_names(self, column: str) -> list[str] | None:
        """The names of a ClassLabel of Hugging Face, None for any other column."""
        feature = self._features.get(column)
        if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
            return None
        names = feature.get("names")
        return [str(name) for name in names] if isinstance(names, list) and names else None

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        read = [name for name in columns if name not in self.images]
        names = {name: self.class_names(name) for name in read}
        if not read:
            for _ in range(len(self)):
                yield (PLACEHOLDER,) * len(columns)
            return
        start = 0
        for batch in self.batches(read, TABLE_ROWS):
            cells = {
                name: [
                    self._text(value, names[name], row, name)
                    for row, value in enumerate(batch.column(name).to_pylist(), start)
                ]
                for name in read
            }
            pictures = [PLACEHOLDER] * batch.num_rows
            start += batch.num_rows
            yield from zip(*(cells.get(name, pictures) for name in columns), strict=True)

    def batches(self, paths: Sequence[str], rows: int) -> Iterator[Any]:
        """The chosen rows in order, at most `rows` at a time: record batches with these columns or leaves."""
        for shard in self.shards:
            if not len(shard):
                continue
            with reading(shard.path, shard.name) as file:
                for group, places in shard.groups():
                    yield from _of_group(file, shard, group, places, paths, rows)

    def row_bytes(self, leaves: Sequence[str]) -> int:
        """Bytes a row of these leaves, uncompressed, in the first file with rows."""
        shard = next((shard for shard in self.shards if sum(shard.group_rows)), None)
        if shard is None:
            return 1
        with reading(shard.path, shard.name) as file:
            metadata, total = file.metadata, 0
            for group in range(metadata.num_row_groups):
                part = metadata.row_group(group)
                chunks = (part.column(index) for index in range(part.num_columns))
                total += sum(
                    chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in leaves
                )
            return max(1, int(total // sum(shard.group_rows)))

    def start_of_group(self, row: int) -> int:
        """The first chosen row of the row group of `row`, both counted over all files."""
        if not len(self._starts):
            sizes = [len(places) for shard in self.shards for _, places in shard.groups()]
            self._starts = np.cumsum([0, *sizes[:-1]])
        return int(self._starts[np.searchsorted(self._starts, row, "right") - 1])

    def leaves(self, image: ImageColumn) -> list[str]:
        """Paths of the leaves that hold the pixels of a column of images."""
        shard = self.shards[0]
        with reading(shard.path, shard.name) as file:
            return image.leaves([file.schema.column(index).path for index in range(len(file.schema))])

    def _first_bytes(self, column: str) -> bytes:
        """The first value of a column of bytes, empty if there is none among ten."""
        for batch in self.batches([column], 10):
            for value in batch.column(0):
                if value.is_valid:
                    return bytes(value.as_py())
            break
        return b""

    def _text(self, value: object, names: list[str] | None, row: int, column: str) -> str:
        if value is None or value != value:  # NaN is the one value that differs from itself
            return ""
        if names is not None and isinstance(value, int):
            if not -1 <= value < len(names):
                why = f"Row {row} of {self.name} has the class {value} in '{column}', which names"
                advice = "correct it, or set label_column to another column"
                raise DataError(
                    "bad_label", f"{why} {counted(len(names), 'class')}; {advice}.", "label_column"
                )
            return "" if value == -1 else names[value]
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        if isinstance(value, bytes):
            return value.decode(errors="replace").strip()
        return str(value).strip()


def _of_group(
    file: Any, shard: Shard, group: int, places: Rows, paths: Sequence[str], rows: int
) -> Iterator[Any]:
    """The rows at `places` of a row group."""
    import pyarrow

    at, taken = 0, 0
    for batch in file.iter_batches(rows, row_groups=[group], columns=list(paths), use_threads=False):
        end = int(np.searchsorted(places, at + batch.num_rows))
        if end - taken == batch.num_rows:
            yield batch
        elif end > taken:
            yield batch.take(pyarrow.array(places[taken:end] - at))
        at, taken = at + batch.num_rows, end
        if taken == len(places):
            return
    if taken < len(places):
        why = f"{shard.name} declares {shard.group_rows[group]:,} rows but holds {at:,} in row group {group}"
        raise DataError("bad_parquet", f"{why}; download it again.", "path")


def require_same_schema(schemas: dict[str, Any], name: str) -> Any:
    """The schema of all files; DataError if their columns differ."""
    first_name, first = next(iter(schemas.items()))
    names = _names_by_column(first)
    for other_name, other in schemas.items():
        if _names_by_column(other) != names:
            why = (
                f"{other_name} and {first_name} of {name} name their classes differently, or in another order"
            )
            raise DataError("mixed_class_names", f"{why}; write them again with one ClassLabel.", "path")
        differing = sorted(set(first.names) ^ set(other.names)) or [
            column
            for column in first.names
            if is_nested(first.field(column).type)
            and not first.field(column).type.equals(other.field(column).type)
        ]
        if differing:
            why = f"{other_name} and {first_name} of {name} have different columns ({listed(differing)})"
            advice = "give the folder or file of one set"
            raise DataError("mixed_shards", f"{why}; {advice}.", "path")
        if _units(other) != _units(first):
            why = f"{other_name} and {first_name} of {name} give columns different units"
            raise DataError("mixed_units", f"{why}; write them again with one unit.", "path")
    return first


def at_most(shards: Sequence[Shard], limit: int | None) -> list[Shard]:
    """The first rows, `limit` in all, of each split in proportion to its size."""
    total = sum(map(len, shards))
    if limit is None or total <= limit:
        return list(shards)
    sizes: dict[str | None, int] = {}
    for shard in shards:
        sizes[shard.split] = sizes.get(shard.split, 0) + len(shard)
    left = {split: limit * size // total for split, size in sizes.items()}
    left[max(sizes, key=lambda split: sizes[split])] += limit - sum(left.values())
    kept = []
    for shard in shards:
        rows = shard.rows()[: left[shard.split]]
        left[shard.split] -= len(rows)
        kept.append(replace(shard, chosen=rows))
    return kept


def _features(schema: Any) -> dict[str, Any]:
    """Features of Hugging Face by column, from the metadata of the schema."""
    try:
        stored = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = stored["info"]["features"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _units(schema: Any) -> dict[str, str]:
    return {field.name: unit_of(field.metadata) for field in schema}


def _names_by_column(schema: Any) -> dict[str, Any]:
    """The names of each ClassLabel."""
    features = _features(schema).items()
    return {column: feature.get("names") for column, feature in features if isinstance(feature, dict)}


def codes_of(cells: Sequence[str], names: Sequence[str]) -> Rows:
    """(n,) place of each cell in `names`, −1 for blank ones."""
    code = {name: index for index, name in enumerate(names)}
    return np.array([-1 if cell.lower() in BLANKS else code[cell] for cell in cells], np.int64)
