"""Tables as files."""

import io
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

TableFormat = Literal["csv", "parquet"]


def table_file(columns: dict[str, Any], file_format: TableFormat) -> bytes:
    """Columns of one length as CSV or Parquet."""
    table, out = pa.table(columns), io.BytesIO()
    if file_format == "csv":
        pyarrow.csv.write_csv(table, out)
    else:
        pyarrow.parquet.write_table(table, out)
    return out.getvalue()
