"""Health of the server as the header shows it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.runs import Lane, Wire


class Health(Wire):
    """`status` is ok when database and supervisor answer, degraded otherwise; `problems` says what is wrong
    and what to do."""

    status: str
    version: str
    supervisor_alive: bool
    queued: int
    paused_lanes: list[Lane] = Field(default=[], description="Whose queue starts nothing until resumed.")
    running: int
    newest_notice: int = Field(0, description="Id of the newest notice; 0 where there is none.")
    problems: list[str]
    disk_free_bytes: int
    device: str = Field(description='The badge: "NVIDIA RTX 4090 · 21 of 24 GB free", or "CPU only".')
    device_why: str = Field("", description="Why there is no GPU, in a sentence; empty where there is one.")


class SelfTest(Wire):
    """Training steps of a known model (laptop-base, batch 64) on made-up images."""

    run_id: str
    images_per_s: float
    step_s: float
    device: str
    at: datetime


class Machine(Wire):
    """What Galaxyscope finds on its machine. torch is asked in a process of its own, so its facts are None
    until that has answered (`checking`)."""

    checking: bool
    device: str = Field(description="The GPU's or the processor's name.")
    kind: Literal["cuda", "cpu"] | None
    why_cpu: str = Field(description="Why torch sees no GPU, and what to do; empty where it sees one.")
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
    self_test: SelfTest | None = Field(description="The last one that succeeded.")
    problems: list[str]
