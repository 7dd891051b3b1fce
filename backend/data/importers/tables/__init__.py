"""Tables of images in any format: one reader a format behind the protocol `Table`."""

import gzip
import re
from typing import BinaryIO, cast

from backend.data.frames.fits_hdus import FITS_MAGIC, GZIP_MAGIC
from backend.data.frames.limits import READ_ERRORS
from backend.data.frames.reading import FITS_SUFFIXES
from backend.data.importers.tables.astronomy import AsciiTable, EcsvTable, FitsTable, VoTable, faults
from backend.data.importers.tables.parquet import ParquetTable
from backend.data.importers.tables.table import (
    MAX_ROWS,
    Opener,
    Table,
    Unread,
    cell_text,
    first_rows,
    read_columns,
    table_error,
)  # fmt: skip
from backend.data.importers.tables.text import TextTable

__all__ = [
    "FOLDER_TABLES",
    "MAX_ROWS",
    "TABLE_SUFFIXES",
    "Opener",
    "Table",
    "Unread",
    "cell_text",
    "first_rows",
    "holds_fits_table",
    "is_table_name",
    "open_table",
    "read_columns",
    "table_error",
]

XML_SUFFIXES = (".vot", ".votable", ".xml")
FOLDER_TABLES = (".csv", ".tsv", ".parquet", ".ecsv", ".vot", ".votable")
"""Files that are the table of a folder if they are the only one; a .txt or .xml may be anything."""
TABLE_SUFFIXES = (*FOLDER_TABLES, ".txt", ".dat", ".tbl", ".xml")
PACKED = ".gz"
HEAD_BYTES = 4096
_NO_AXES = re.compile(rb"NAXIS   = +0[ /]")
ASCII_KINDS = {
    # lines of keywords, then names and types between pipes
    "ipac": re.compile(
        r"\A(\s*\\[^\n]*\n)*\s*\|[^\n]*\|\s*\n"
        r"\s*(\|\s*(int|long|double|float|real|char|date|[ilrdfc])\s*)+\|\s*\n",
        re.IGNORECASE,
    ),
    # the machine-readable tables of journals, with their description
    "mrt": re.compile(r"^Byte-by-byte Description", re.MULTILINE),
    # a comment for each column
    "sextractor": re.compile(r"\A#\s+1\s+[A-Z][A-Z0-9_]+\s"),
}
"""Text that astropy reads, by how it begins."""


def is_table_name(name: str) -> bool:
    """Whether a file of that name is a table; one named .fits is told by its content."""
    return name.lower().removesuffix(PACKED).endswith(TABLE_SUFFIXES)


def holds_fits_table(opener: Opener, name: str) -> bool:
    """Whether the first HDU with data is a table and not an image; False if it is not FITS. Reads only
    headers. DataError if the file cannot be opened."""
    if not name.lower().endswith(FITS_SUFFIXES):
        return False
    with opener() as raw:
        stream = _unpacked(raw, name)
        try:
            head = stream.read(HEAD_BYTES)
            if not head.startswith(FITS_MAGIC) or not _NO_AXES.search(head):
                return False
            stream.seek(0)
            return FitsTable.comes_first(stream)
        except faults():
            return False


def open_table(opener: Opener, name: str) -> Table:
    """The table `name`; `opener` opens it from its beginning each time. The format is told by the suffix
    where it is one of a binary format, else by the first bytes. DataError if it is not a table."""
    lower = name.lower()
    if lower.endswith(".parquet"):
        return ParquetTable(opener, name)
    opened = _unpacking(opener, name)
    plain = lower.removesuffix(PACKED)
    try:
        with opened() as stream:
            head = stream.read(HEAD_BYTES)
    except READ_ERRORS as error:
        raise table_error("damaged", f"{name} cannot be read ({error}); download it again") from error
    if head.startswith(FITS_MAGIC) or plain.endswith((".fits", ".fit", ".fts")):
        return FitsTable(opened, name)
    text = head.decode("utf-8-sig", "replace").lstrip()
    if re.match(r"<(!doctype )?html", text, re.IGNORECASE):
        found = re.search(r"<title>([^<]{1,80})", text, re.IGNORECASE)
        titled = f", '{found[1].strip()}'" if found else ""
        raise table_error("web_page", f"{name} is a web page{titled}, not a table; download the table again")
    if text.startswith("<") or plain.endswith(XML_SUFFIXES):
        return VoTable(opened, name)
    if text.startswith("# %ECSV"):
        return EcsvTable(opened, name)
    kind = next((kind for kind, pattern in ASCII_KINDS.items() if pattern.search(text)), None)
    return TextTable(opened, name) if kind is None else AsciiTable(opened, name, kind)


def _unpacking(opener: Opener, name: str) -> Opener:
    return lambda: _unpacked(opener(), name)


def _unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    """The stream, decompressed if its name says gzip and its content is."""
    if not name.lower().endswith(PACKED):
        return stream
    start = stream.read(len(GZIP_MAGIC))
    stream.seek(0)
    return cast(BinaryIO, _Gzip(stream)) if start == GZIP_MAGIC else stream


class _Gzip(gzip.GzipFile):
    """A gzip file that closes the one it reads."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(fileobj=stream)
        self._stream = stream

    def close(self) -> None:
        super().close()
        self._stream.close()
