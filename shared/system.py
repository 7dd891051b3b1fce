"""Health of the server as the header shows it."""

from shared.runs import Wire


class Health(Wire):
    """`status` is ok when database and supervisor answer, degraded otherwise; `problems` says what is wrong
    and what to do."""

    status: str
    version: str
    supervisor_alive: bool
    queued: int
    running: int
    problems: list[str]
    disk_free_bytes: int
    device: str
