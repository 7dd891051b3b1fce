"""Tables as files that other tools read."""

import io
from typing import Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

TableFormat = Literal["csv", "parquet"]


def table_file(table: pa.Table, file_format: TableFormat) -> bytes:
    """The content of a file in that format."""
    out = io.BytesIO()
    if file_format == "csv":
        pyarrow.csv.write_csv(table, out)
    else:
        pyarrow.parquet.write_table(table, out)
    return out.getvalue()
