"""Notices and their webhook."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import NoticeRow, WebhookRow
from backend.errors import ConflictError
from backend.jobs.webhook import message, post
from shared.contract.system import Notice, NoticeKind, Webhook, WebhookConfig, WebhookTest


def list_notices(database: Database, after: int, limit: int) -> list[Notice]:
    """Notices with an id above `after`, newest first."""
    query = select(NoticeRow).where(NoticeRow.id > after).order_by(NoticeRow.id.desc()).limit(limit)
    with database.read() as session:
        return [Notice.from_attributes(row) for row in session.scalars(query)]


def newest_notice(session: Session) -> int:
    """The highest id, 0 if there is none."""
    return session.scalar(select(func.max(NoticeRow.id))) or 0


def read_webhook(database: Database) -> Webhook:
    """The webhook, and the outcome of the last attempt."""
    with database.read() as session:
        row = session.get(WebhookRow, 1)
        if row is None or not row.url:
            return Webhook(waiting=0, tried_at=None, problem="")
        unsent = select(func.count()).where(NoticeRow.id > row.sent_id, NoticeRow.kind.in_(row.kinds))
        kinds = tuple(NoticeKind(kind) for kind in row.kinds)
        waiting = session.scalar(unsent) or 0
        return Webhook(url=row.url, kinds=kinds, waiting=waiting, tried_at=row.tried_at, problem=row.problem)


def set_webhook(database: Database, config: WebhookConfig) -> Webhook:
    """Send notices from now on; earlier ones are not sent."""
    with database.write() as session:
        row = session.get(WebhookRow, 1)
        if row is None:
            row = WebhookRow(id=1, url="", kinds=[], sent_id=0, failures=0, problem="", tried_at=None)
            session.add(row)
        if row.url != config.url:
            row.sent_id, row.failures, row.problem, row.tried_at = newest_notice(session), 0, "", None
        row.url, row.kinds = config.url, [kind.value for kind in config.kinds]
    return read_webhook(database)


def try_webhook(database: Database) -> WebhookTest:
    """Send a test message now. Raises ConflictError without a webhook."""
    url = read_webhook(database).url
    if not url:
        raise ConflictError("no_webhook", "no webhook is set; set one, then test it", "url")
    sample = NoticeRow(id=0, run_id="", kind="done", words="Galaxyscope can reach you.", at=datetime.now(UTC))
    problem = post(url, message([sample]))
    return WebhookTest(taken=not problem, words=f"{url}: {problem}" if problem else f"{url} took it")
