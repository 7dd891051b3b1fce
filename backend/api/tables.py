"""Tables that a browser saves."""

from fastapi import Response

from backend.services.tables import TableFormat

MEDIA: dict[TableFormat, str] = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def saved_as(stem: str, file_format: TableFormat, content: bytes) -> Response:
    """The answer that becomes a file `stem`.`file_format`."""
    headers = {"Content-Disposition": f'attachment; filename="{stem}.{file_format}"'}
    return Response(content, media_type=MEDIA[file_format], headers=headers)
