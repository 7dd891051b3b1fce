"""What a person wants to hear of without looking: a run is done, has failed, died, diverged or stalls."""

from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from shared.runs import Wire


class NoticeKind(StrEnum):
    """`died`: its worker was gone, and it is taken up again; `diverged`: its loss is no number any more;
    `stalled`: still at work, but flat, worsening or collapsing."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    DIVERGED = "diverged"
    STALLED = "stalled"


class Notice(Wire):
    """One sentence about a run; `id` grows."""

    id: int
    run_id: str
    kind: NoticeKind
    words: str
    at: datetime


class WebhookConfig(Wire):
    """PUT /webhook: where notices are sent, as JSON with `text` and `notices`; no address sends none."""

    url: str = Field("", max_length=2000)
    kinds: tuple[NoticeKind, ...] = tuple(NoticeKind)

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if value.strip() and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f"{value.strip()} is no http or https address")
        return value.strip()


class Webhook(WebhookConfig):
    """The address, and what became of the last try: `waiting` notices are still to be sent."""

    waiting: int
    tried_at: datetime | None
    problem: str = Field(description="Why the last try failed; empty where it did not.")


class WebhookTest(Wire):
    """Whether the address took a test."""

    taken: bool
    words: str
