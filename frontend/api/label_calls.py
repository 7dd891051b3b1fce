"""Client methods for label flags."""

from frontend.api.connection import Connection
from shared.contract import routes
from shared.contract.annotations import LabelFlag


class LabelCalls(Connection):
    """One method per route."""

    def list_label_flags(self, name: str) -> list[LabelFlag]:
        """Flagged labels of a dataset, newest first."""
        return self._get(list[LabelFlag], routes.LABEL_FLAGS.format(name=name))

    def put_label_flag(self, name: str, row: int, note: str | None = None) -> LabelFlag:
        """Flag a label; with `note` None an existing note is kept."""
        body = None if note is None else {"note": note}
        return self._send(LabelFlag, "PUT", routes.LABEL_FLAG.format(name=name, row=row), body)

    def remove_label_flag(self, name: str, row: int) -> None:
        self._answer("DELETE", routes.LABEL_FLAG.format(name=name, row=row))

    def get_label_flags_file(self, name: str, file_format: str) -> bytes:
        """All flags of a dataset as csv or parquet."""
        path = routes.LABEL_FLAGS_FILE.format(name=name, file_format=file_format)
        return self._answer("GET", path).content
