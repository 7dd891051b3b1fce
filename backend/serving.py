"""Running the two processes: web and supervisor, alone or together."""

import errno
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import psutil

from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.errors import UnavailableError
from backend.files import try_lock
from backend.jobs.supervisor import KILL_AFTER_S, Supervisor
from backend.jobs.worker import LocalLauncher
from backend.settings import Settings, is_loopback

if TYPE_CHECKING:
    from uvicorn import Server

Stop = Callable[[], None]

log = logging.getLogger("galaxyscope")
PORTS_TRIED = 50
RESTART_AFTER_S = 1.0
KEEP_ALIVE_S = 30
"""Of an idle connection; longer than in clients (httpx: 5 s), which might otherwise use one being closed."""


def free_port(host: str, first: int) -> int:
    """`first`, or the next free port. Raises UnavailableError."""
    last = min(first + PORTS_TRIED - 1, 65535)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, last + 1):
        try:
            with socket.create_server((host, port), family=family):
                return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = f"cannot listen on {host} port {port}: {error.strerror or error}"
                raise UnavailableError("cannot_listen", reason, "host") from None
    raise UnavailableError(
        "no_port", f"ports {first} to {last} on {host} are all taken; choose another with --port"
    )


def serve_web(settings: Settings, when_up: Callable[[Stop], None] | None = None) -> None:
    """Serve API and pages until SIGINT or SIGTERM. Once the server is up, `when_up` is called in a separate
    thread with a function that stops the server."""
    import uvicorn

    from backend.web import create_app

    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = uvicorn.Server(config)
    _quiet_uvicorn()
    signal.signal(signal.SIGTERM, _leave)  # uvicorn shuts down, then raises the signal again
    if when_up is not None:
        threading.Thread(target=_call_when_up, args=(server, when_up), daemon=True).start()
    server.run()


def _quiet_uvicorn() -> None:
    """Log warnings and errors only. Streamlit resets levels and handlers, but not a filter."""
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.levelno >= logging.WARNING)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _call_when_up(server: "Server", when_up: Callable[[Stop], None]) -> None:
    def stop() -> None:
        server.should_exit = True

    while not server.started:
        time.sleep(0.05)
    when_up(stop)


def serve_supervisor(
    settings: Settings,
    should_stop: Callable[[], bool],
    claims: Callable[[RunRow], bool] = lambda _run: True,
    *,
    end_workers: bool = False,
) -> None:
    """Supervise until `should_stop` is true; waits while another supervisor holds the lock.

    `claims` limits the runs it starts. `end_workers` ends all workers at the end.
    """
    settings.prepare()
    waiting = False
    while (lock := try_lock(settings.home / "supervisor.lock")) is None:
        if should_stop():
            return
        if not waiting:
            log.info("another supervisor is running on %s; waiting to take over", settings.home)
        waiting = True
        time.sleep(0.5)
    database = open_database(settings.database_path)
    supervisor = Supervisor(settings, database, LocalLauncher(), claims)
    supervisor.run(should_stop)
    if end_workers:
        supervisor.end_workers(KILL_AFTER_S)
    database.close()
    os.close(lock)


def process_is_gone(pid: int) -> Callable[[], bool]:
    """A check whether a process that is running now has died, even if it is a zombie."""
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return lambda: True
    return lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@contextmanager
def supervisor_process(settings: Settings) -> Iterator[None]:
    """A supervisor process for the duration of the block, restarted whenever it dies."""
    ending = threading.Event()
    restarter = threading.Thread(target=_keep_alive, args=(settings, ending), daemon=True)
    restarter.start()
    try:
        yield
    finally:
        ending.set()
        restarter.join(timeout=10)


def _keep_alive(settings: Settings, ending: threading.Event) -> None:
    command = [sys.executable, "-P", "-m", "backend.cli", "supervisor", "--with-parent", str(os.getpid())]
    environment = os.environ | {"GALAXYSCOPE_HOME": str(settings.home)}
    while not ending.is_set():
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        while child.poll() is None and not ending.wait(0.2):
            pass
        if child.poll() is None:
            child.terminate()
            child.wait()
        elif not ending.wait(RESTART_AFTER_S):
            log.warning("the supervisor ended with code %s; restarting it", child.returncode)


def token_for(settings: Settings) -> Settings:
    """The settings with a new token if the server listens beyond this machine and none is set."""
    if settings.token is None and not is_loopback(settings.host):
        return settings.model_copy(update={"token": secrets.token_urlsafe(24)})
    return settings
