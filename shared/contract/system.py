"""The server: health, machine, notices and their webhook."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from shared.base.wire import Wire
from shared.configs.kinds import Lane


class Health(Wire):
    """`status` is ok if database and supervisor respond, else degraded; `problems` say what to do."""

    status: str
    version: str
    supervisor_alive: bool
    queued: int
    paused_lanes: list[Lane] = Field(default=[], description="Lanes that start no runs until resumed.")
    running: int
    newest_notice: int = Field(0, description="Id of the newest notice; 0 if there is none.")
    problems: list[str]
    disk_free_bytes: int
    device: str = Field(description='The badge: "NVIDIA RTX 4090 · 21 of 24 GB free", or "CPU only".')
    device_why: str = Field("", description="Why there is no GPU; empty if there is one.")


class SelfTest(Wire):
    """Training steps of a known model (laptop-base, batch 64) on made-up images."""

    run_id: str
    images_per_s: float
    step_s: float
    device: str
    at: datetime


class Machine(Wire):
    """The machine of the server. torch is queried in a subprocess; its fields are None until it answers
    (`checking`)."""

    checking: bool
    device: str = Field(description="The GPU's or the processor's name.")
    kind: Literal["cuda", "cpu"] | None
    why_cpu: str = Field(description="Why torch sees no GPU, and what to do; empty if it sees one.")
    driver: str | None
    torch: str | None
    torch_cuda: str | None = Field(description="CUDA version that torch was built for; None for a CPU build.")
    bf16: bool | None = Field(description="Whether the device multiplies matrices in bfloat16.")
    gpu_memory_total_bytes: int | None
    gpu_memory_free_bytes: int | None
    cpu: str
    cores: int
    memory_total_bytes: int
    memory_free_bytes: int
    disk_total_bytes: int
    disk_free_bytes: int
    home: str
    python: str
    packages: dict[str, str]
    self_test: SelfTest | None = Field(description="The last successful one.")
    problems: list[str]


class NoticeKind(StrEnum):
    """`died`: its worker crashed and the run is resumed; `diverged`: its loss is not finite; `stalled`: still
    running, but flat, worsening or collapsing."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    DIVERGED = "diverged"
    STALLED = "stalled"


class Notice(Wire):
    """One sentence about a run; ids ascend."""

    id: int
    run_id: str
    kind: NoticeKind
    words: str
    at: datetime


class WebhookConfig(Wire):
    """PUT /webhook: where notices are sent, as JSON with `text` and `notices`; an empty URL sends none."""

    url: str = Field("", max_length=2000)
    kinds: tuple[NoticeKind, ...] = tuple(NoticeKind)

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if value.strip() and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(f"{value.strip()} is not an http(s) URL")
        return value.strip()


class Webhook(WebhookConfig):
    """The webhook, and the outcome of the last attempt; `waiting` notices are unsent."""

    waiting: int
    tried_at: datetime | None
    problem: str = Field(description="Why the last attempt failed; empty if it succeeded.")


class WebhookTest(Wire):
    """Whether a test message was accepted."""

    taken: bool
    words: str
