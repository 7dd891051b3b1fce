"""Tables that a browser saves."""

from urllib.parse import quote

from fastapi import Response

from backend.services.datasets.tables import TableFormat

MEDIA: dict[TableFormat, str] = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def saved_as(stem: str, file_format: TableFormat, content: bytes) -> Response:
    """The answer that becomes a file `stem`.`file_format`."""
    name = quote(f"{stem}.{file_format}", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=MEDIA[file_format], headers=headers)
