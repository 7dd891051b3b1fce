"""Brings notices to the webhook, in a thread of its own: one that hangs holds up nothing."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import httpx2
from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import NoticeRow, WebhookRow

TIMEOUT_S = 5.0
HANGS_AFTER_S = 60.0
AT_ONCE = 20
FIRST_WAIT = timedelta(seconds=5)
MOST_TRIES = 8
"""Over about ten minutes; then those notices are given up, and the next are tried."""


class Courier:
    """`tick` begins a delivery where one is due."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._thread: threading.Thread | None = None
        self._began = 0.0

    def tick(self) -> None:
        if self._at_work():
            return
        with self._database.read() as session:
            webhook = session.get(WebhookRow, 1)
            if webhook is None or not webhook.url or not self._due(webhook):
                return
            after = select(NoticeRow).where(NoticeRow.id > webhook.sent_id).order_by(NoticeRow.id)
            notices = list(session.scalars(after.limit(AT_ONCE)))
        if notices:
            self._began = time.monotonic()
            self._thread = threading.Thread(target=self._deliver, args=(webhook, notices), daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until the delivery under way has ended."""
        if self._thread is not None:
            self._thread.join()

    def _at_work(self) -> bool:
        if self._thread is None or not self._thread.is_alive():
            return False
        return time.monotonic() - self._began < HANGS_AFTER_S

    def _due(self, webhook: WebhookRow) -> bool:
        if not webhook.failures or webhook.tried_at is None:
            return True
        return self._now() - webhook.tried_at >= FIRST_WAIT * (1 << (webhook.failures - 1))

    def _deliver(self, webhook: WebhookRow, notices: Sequence[NoticeRow]) -> None:
        wanted = [notice for notice in notices if notice.kind in webhook.kinds]
        problem = post(webhook.url, message(wanted)) if wanted else ""
        with self._database.write() as session:
            row = session.get(WebhookRow, 1)
            if row is None or row.url != webhook.url:  # changed meanwhile
                return
            row.tried_at = self._now()
            row.failures = row.failures + 1 if problem else 0
            row.problem = problem
            if row.failures >= MOST_TRIES:
                row.failures, row.problem = 0, f"gave up on {len(wanted)} notices: {problem}"
            if not row.failures:
                row.sent_id = notices[-1].id


def message(notices: Sequence[NoticeRow]) -> dict[str, object]:
    """`text` is what chat services show; `notices` is for programs."""
    told = [
        {"id": one.id, "run_id": one.run_id, "kind": one.kind, "words": one.words, "at": one.at.isoformat()}
        for one in notices
    ]
    return {"text": "\n".join(one.words for one in notices), "notices": told}


def post(url: str, body: dict[str, object]) -> str:
    """Why the address did not take it, or "". The answer's content is not read, no redirect is followed."""
    try:
        with httpx2.stream("POST", url, json=body, timeout=TIMEOUT_S, follow_redirects=False) as answer:
            return "" if answer.is_success else f"it answered {answer.status_code}"
    except httpx2.TimeoutException:
        return f"it did not answer within {TIMEOUT_S:g} s"
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        return f"it cannot be reached: {error}"
