"""The verbs of notices: list them, say where they are sent, try that."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import NoticeRow, WebhookRow
from backend.errors import ConflictError
from backend.jobs.webhook import message, post
from shared.contract.system import Notice, NoticeKind, Webhook, WebhookConfig, WebhookTest


def list_notices(database: Database, after: int, limit: int) -> list[Notice]:
    """Those with a greater id than `after`, newest first."""
    query = select(NoticeRow).where(NoticeRow.id > after).order_by(NoticeRow.id.desc()).limit(limit)
    with database.read() as session:
        return [_to_notice(row) for row in session.scalars(query)]


def newest_notice(database: Database) -> int:
    """The greatest id, 0 where there is none."""
    with database.read() as session:
        return _newest(session)


def read_webhook(database: Database) -> Webhook:
    """Where notices are sent, and how the last try went."""
    with database.read() as session:
        row = session.get(WebhookRow, 1)
        if row is None or not row.url:
            return Webhook(waiting=0, tried_at=None, problem="")
        wanted = select(func.count()).where(NoticeRow.id > row.sent_id, NoticeRow.kind.in_(row.kinds))
        kinds = tuple(NoticeKind(kind) for kind in row.kinds)
        waiting = session.scalar(wanted) or 0
        return Webhook(url=row.url, kinds=kinds, waiting=waiting, tried_at=row.tried_at, problem=row.problem)


def set_webhook(database: Database, config: WebhookConfig) -> Webhook:
    """Sends what comes from now on; what was noted before stays here."""
    with database.write() as session:
        row = session.get(WebhookRow, 1)
        if row is None:
            row = WebhookRow(id=1, url="", kinds=[], sent_id=0, failures=0, problem="", tried_at=None)
            session.add(row)
        if row.url != config.url:
            row.sent_id, row.failures, row.problem, row.tried_at = _newest(session), 0, "", None
        row.url, row.kinds = config.url, [kind.value for kind in config.kinds]
    return read_webhook(database)


def try_webhook(database: Database) -> WebhookTest:
    """Sends a sentence to the address at once. Raises ConflictError where there is none."""
    url = read_webhook(database).url
    if not url:
        raise ConflictError("no_webhook", "no address is set; give one, then try it", "url")
    sample = NoticeRow(id=0, run_id="", kind="done", words="Galaxyscope can reach you.", at=datetime.now(UTC))
    problem = post(url, message([sample]))
    return WebhookTest(taken=not problem, words=f"{url}: {problem}" if problem else f"{url} took it")


def _newest(session: Session) -> int:
    return session.scalar(select(func.max(NoticeRow.id))) or 0


def _to_notice(row: NoticeRow) -> Notice:
    return Notice(id=row.id, run_id=row.run_id, kind=NoticeKind(row.kind), words=row.words, at=row.at)
