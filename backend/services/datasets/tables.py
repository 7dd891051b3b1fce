"""Tables as files that other tools read."""

import io
from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from shared.contract.search import FoundGalaxy

TableFormat = Literal["csv", "parquet"]


def table_file(table: pa.Table, file_format: TableFormat) -> bytes:
    """The content of a file in that format."""
    out = io.BytesIO()
    if file_format == "csv":
        pyarrow.csv.write_csv(table, out)
    else:
        pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def galaxy_columns(found: Sequence[FoundGalaxy]) -> dict[str, list[Any]]:
    """What a table says of galaxies: rank, row, source_id, label, split, ra, dec, redshift, and links."""
    columns: dict[str, list[Any]] = {"rank": list(range(1, len(found) + 1))}
    for key in ("row", "source_id", "label", "split", "ra", "dec", "redshift"):
        columns[key] = [getattr(one.galaxy, key) for one in found]
    for key in ("legacy_survey", "simbad", "esasky"):
        columns[key] = [getattr(one.links, key) if one.links else None for one in found]
    return columns
