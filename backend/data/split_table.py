"""A split as a table: exported, or read to make the same split again."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.data.importers.names import SPLIT_NAMES, listed
from backend.data.importers.tables import open_table, read_columns
from backend.data.layout import Rows
from backend.data.store import GalaxyStore
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split

SPLIT_OF_CODE = {code: split.value for split, code in SPLIT_CODES.items()}
FIELD = "split_table"
REQUIRED = (Split.TRAIN, Split.VAL)


def split_csv(store: GalaxyStore) -> Iterator[str]:
    """Lines of a CSV: row, source_id, split."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(("row", "source_id", "split"))
    for row, (source_id, code) in enumerate(zip(store.source_ids, store.splits, strict=True)):
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow((row, source_id, SPLIT_OF_CODE[int(code)]))
    yield line.getvalue()


def read_split_table(path: Path, store: GalaxyStore) -> tuple[Rows, NDArray[np.uint8]]:
    """Rows of `store` (n,) ascending and their split codes (n,), from a table with `split` and `source_id` or
    `row`, or both. A source_id means all its rows, unless `row` is present and matches it. Raises DataError,
    which names the value."""
    cells = _cells(path)
    codes = _codes(cells["split"], path)
    code_of: dict[int, int] = {}
    for line, (rows, code) in enumerate(zip(_rows(cells, path, store), codes, strict=True), start=2):
        for row in rows:
            if code_of.setdefault(row, code) != code:
                both = f"{SPLIT_OF_CODE[code_of[row]]} and, in line {line}, into {SPLIT_OF_CODE[code]}"
                why = f"{path.name} puts source_id '{store.source_ids[row]}' (row {row}) into {both}"
                raise _error("two_splits", f"{why}; keep one")
    missing = next((split for split in REQUIRED if SPLIT_CODES[split] not in code_of.values()), None)
    if missing is not None:
        raise _error("empty_split", f"{path.name} puts no galaxy into {missing}; add some")
    chosen = np.array(sorted(code_of), np.int64)
    return chosen, np.array([code_of[int(row)] for row in chosen], np.uint8)


def _cells(path: Path) -> dict[str, list[str]]:
    """The columns used, by their name in lower case."""
    try:
        table = open_table(lambda: path.open("rb"), path.name)
        names = {name.lower(): name for name in reversed(table.columns)}
        if "split" not in names or not {"source_id", "row"} & names.keys():
            why = f"{path.name} has the columns {', '.join(table.columns[:20])}"
            raise _error("unknown_column", f"{why}; it needs split, and source_id or row")
        known = [name for name in ("row", "source_id", "split") if name in names]
        columns = read_columns(table, [names[name] for name in known])
    except DataError as error:
        raise DataError(error.code, error.detail, FIELD) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise _error("unreadable", f"{path} cannot be read ({why}); check its path") from error
    return {name: columns[names[name]] for name in known}


def _codes(names: list[str], path: Path) -> list[int]:
    unknown = sorted({name for name in names if name.lower() not in SPLIT_NAMES})
    if unknown:
        raise _error(
            "unknown_split", f"{path.name} has the splits {listed(unknown)}; use train, val and test"
        )
    return [SPLIT_CODES[Split(SPLIT_NAMES[name.lower()])] for name in names]


def _rows(cells: dict[str, list[str]], path: Path, store: GalaxyStore) -> list[list[int]]:
    """The rows that each line means; DataError if some mean none."""
    ids, rows = cells.get("source_id"), cells.get("row")
    by_row = {str(row): [row] for row in range(store.n)}
    if rows is not None and (ids is None or _fit(rows, ids, store)):
        key, values, found = "row", rows, by_row
    else:
        key, values, found = "source_id", ids or [], _rows_by_id(store)
    unknown = [value for value in values if value not in found]
    if unknown:
        why = f"{len(unknown):,} of {len(values):,} values of {key} in {path.name} are not in the dataset"
        advice = "a split table belongs to the dataset it was exported from"
        raise _error("unknown_row", f"{why}, first '{unknown[0][:80]}'; {advice}")
    return [found[value] for value in values]


def _fit(rows: list[str], ids: list[str], store: GalaxyStore) -> bool:
    """Whether each row exists and has the id beside it: then the table is of this dataset."""
    known = {str(row): source_id.strip() for row, source_id in enumerate(store.source_ids)}
    return all(known.get(row) == source_id for row, source_id in zip(rows, ids, strict=True))


def _rows_by_id(store: GalaxyStore) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, source_id in enumerate(store.source_ids):
        found.setdefault(source_id.strip(), []).append(row)
    return found


def _error(code: str, sentence: str) -> DataError:
    return DataError(code, f"{sentence}.", FIELD)
