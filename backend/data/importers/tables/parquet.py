"""Parquet tables."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from backend.data.importers.tables.table import (
    EXACT_DOUBLE,
    MAX_ROWS,
    Opener,
    Record,
    Unread,
    cell_text,
    table_error,
    too_long,
)  # fmt: skip

BATCH_ROWS = 8192
ASTROPY_KEY = b"table_meta_yaml"
"""Metadata of astropy, which writes a masked column as its values and a column of truth values beside it."""
MASK = ".mask"
EXACT = {"double": EXACT_DOUBLE, "float": 2**24, "halffloat": 2**11}


class ParquetTable:
    """A Parquet file, read in batches; nested columns are not read."""

    def __init__(self, opener: Opener, name: str) -> None:
        self.name, self._open = name, opener
        with self._reading() as file:
            rows, schema = file.metadata.num_rows, file.schema_arrow
            plain = [field for field in schema if field.type.num_fields == 0]
            written = (schema.metadata or {}).get(ASTROPY_KEY)
        names = {field.name for field in plain}
        self._masks = {name: name + MASK for name in names if written and name + MASK in names}
        self.columns = [
            name for name in dict.fromkeys(field.name for field in plain) if not self._is_mask(name)
        ]
        self.units = _astropy_units(written) if written else {}
        self.units |= {field.name: unit for field in plain if (unit := unit_of(field.metadata))}
        self.exact = {field.name: limit for field in plain if (limit := EXACT.get(str(field.type)))}
        nested = [field.name for field in schema if field.type.num_fields]
        self.unread = (
            [Unread(len(nested), "column", f"of {name} with nested values", nested[0])] if nested else []
        )
        if rows > MAX_ROWS:
            raise too_long(name, rows)
        if not self.columns:
            raise table_error(
                "bad_parquet", f"{name} has no plain columns; store numbers and text, not lists"
            )

    def records(self, columns: Sequence[str]) -> Iterator[Record]:
        with self._reading() as file:
            masks = [self._masks[name] for name in columns if name in self._masks]
            for batch in file.iter_batches(BATCH_ROWS, columns=[*columns, *masks], use_threads=False):
                yield from zip(*(self._cells(batch, name) for name in columns), strict=True)

    def _cells(self, batch: Any, name: str) -> list[str]:
        cells = [cell_text(cell) for cell in batch.column(name).to_pylist()]
        if name not in self._masks:
            return cells
        hidden = batch.column(self._masks[name]).to_pylist()
        return ["" if mask else cell for cell, mask in zip(cells, hidden, strict=True)]

    def _is_mask(self, name: str) -> bool:
        return name in self._masks.values()

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """The open file; faults become DataErrors. pyarrow is imported on first use."""
        import pyarrow
        from pyarrow import parquet

        with self._open() as stream:
            try:
                yield parquet.ParquetFile(stream, pre_buffer=False)
            except (
                pyarrow.ArrowException,
                OSError,
                ValueError,
                OverflowError,
                KeyError,
                MemoryError,
            ) as error:
                why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
                sentence = f"{self.name} is not a valid Parquet file ({why}); write it again"
                raise table_error("bad_parquet", sentence) from error


def unit_of(metadata: Mapping[bytes, bytes] | None) -> str:
    """The unit that a field's metadata names, as astropy and others write it."""
    return (metadata or {}).get(b"unit", b"").decode(errors="replace").strip()


def _astropy_units(written: bytes) -> dict[str, str]:
    """Units by column, from astropy's description of its table; none if it is damaged."""
    from astropy.table.meta import YamlParseError, get_header_from_yaml

    try:
        described = get_header_from_yaml(written.decode().splitlines())["datatype"]
        return {str(column["name"]): str(column["unit"]) for column in described if column.get("unit")}
    except (YamlParseError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return {}
