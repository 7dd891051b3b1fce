"""What people write on runs: name, tags, note, and that they are done with one."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, String, column, func, select, true

from backend.db.engine import Database
from backend.db.models import RunRow
from shared.contract.runs import RunChange, RunLabels, TagCount


def has_tag(tag: str) -> ColumnElement[bool]:
    """Whether a run has a tag."""
    each = func.json_each(RunRow.tags).table_valued(column("value", String))
    return select(each.c.value).where(each.c.value == tag).exists()


def read_labels(database: Database) -> RunLabels:
    """Every tag, the commonest first, and how many runs are archived."""
    each = func.json_each(RunRow.tags).table_valued(column("value", String))
    query = select(each.c.value, func.count()).select_from(RunRow).join(each, true())
    query = query.group_by(each.c.value).order_by(func.count().desc(), each.c.value)
    with database.read() as session:
        tags = [TagCount(tag=tag, runs=runs) for tag, runs in session.execute(query)]
        archived = session.scalar(select(func.count()).where(RunRow.archived))
    return RunLabels(tags=tags, archived=archived or 0)


def apply_change(row: RunRow, change: RunChange) -> None:
    """Write what is to change on a run."""
    if change.name is not None:
        row.name = change.name.strip() or None
    if change.tags is not None:
        row.tags = _distinct(change.tags)
    if change.note is not None:
        row.note = change.note.strip()
    if change.archived is not None:
        row.archived = change.archived


def _distinct(tags: Sequence[str]) -> list[str]:
    """Without blanks around them, each once, as they came."""
    return list(dict.fromkeys(tag.strip() for tag in tags))
