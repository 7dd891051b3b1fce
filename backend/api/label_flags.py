"""Routes of label flags."""

from fastapi import APIRouter, Response

from backend.api.deps import ContextDep
from backend.api.tables import saved_as
from backend.services.tables import TableFormat
from shared import routes
from shared.label_flags import FlagNote, LabelFlag

router = APIRouter(tags=["label flags"])


@router.get(routes.LABEL_FLAGS)
def list_flags(context: ContextDep, name: str) -> list[LabelFlag]:
    """Newest first."""
    return context.label_flags.list_all(name)


@router.put(routes.LABEL_FLAG)
def put_flag(context: ContextDep, name: str, row: int, note: FlagNote | None = None) -> LabelFlag:
    """Doubt a label; without a body what was noted of it stays."""
    return context.label_flags.put(name, row, note)


@router.delete(routes.LABEL_FLAG, status_code=204)
def remove_flag(context: ContextDep, name: str, row: int) -> None:
    context.label_flags.remove(name, row)


@router.get(routes.LABEL_FLAGS_FILE, response_class=Response)
def flags_file(context: ContextDep, name: str, file_format: TableFormat) -> Response:
    """Every flag of a dataset as a table."""
    return saved_as(f"{name}-flags", file_format, context.label_flags.table(name, file_format))
