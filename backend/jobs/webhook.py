"""Sends notices to the webhook in a thread, so that an address that hangs blocks nothing else."""

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
BATCH = 20
FIRST_WAIT = timedelta(seconds=5)
MOST_TRIES = 8
"""Over about ten minutes; then those notices are dropped and the next are tried."""


class WebhookSender:
    """`tick` starts a delivery if one is due."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._thread: threading.Thread | None = None
        self._began = 0.0

    def tick(self) -> None:
        if self._is_sending():
            return
        with self._database.read() as session:
            webhook = session.get(WebhookRow, 1)
            if webhook is None or not webhook.url or not self._due(webhook):
                return
            after = select(NoticeRow).where(NoticeRow.id > webhook.sent_id).order_by(NoticeRow.id)
            notices = list(session.scalars(after.limit(BATCH)))
        if notices:
            self._began = time.monotonic()
            self._thread = threading.Thread(target=self._deliver, args=(webhook, notices), daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until the current delivery has ended."""
        if self._thread is not None:
            self._thread.join()

    def _is_sending(self) -> bool:
        if self._thread is None or not self._thread.is_alive():
            return False
        return time.monotonic() - self._began < HANGS_AFTER_S

    def _due(self, webhook: WebhookRow) -> bool:
        if not webhook.failures or webhook.tried_at is None:
            return True
        return self._now() - webhook.tried_at >= FIRST_WAIT * (1 << (webhook.failures - 1))

    def _deliver(self, webhook: WebhookRow, notices: Sequence[NoticeRow]) -> None:
        selected = [notice for notice in notices if notice.kind in webhook.kinds]
        problem = post(webhook.url, message(selected)) if selected else ""
        with self._database.write() as session:
            row = session.get(WebhookRow, 1)
            if row is None or row.url != webhook.url:  # changed meanwhile
                return
            row.tried_at = self._now()
            row.failures = row.failures + 1 if problem else 0
            row.problem = problem
            if row.failures >= MOST_TRIES:
                row.failures, row.problem = 0, f"dropped {len(selected)} notices: {problem}"
            if not row.failures:
                row.sent_id = notices[-1].id


def message(notices: Sequence[NoticeRow]) -> dict[str, object]:
    """`text` is shown by chat services; `notices` is for programs."""
    plain = [
        {"id": one.id, "run_id": one.run_id, "kind": one.kind, "words": one.words, "at": one.at.isoformat()}
        for one in notices
    ]
    return {"text": "\n".join(one.words for one in notices), "notices": plain}


def post(url: str, body: dict[str, object]) -> str:
    """Why sending failed, or "". Does not read the body of the response or follow redirects."""
    try:
        with httpx2.stream("POST", url, json=body, timeout=TIMEOUT_S, follow_redirects=False) as response:
            return "" if response.is_success else f"it responded with {response.status_code}"
    except httpx2.TimeoutException:
        return f"it did not respond within {TIMEOUT_S:g} s"
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        return f"it cannot be reached: {error}"
