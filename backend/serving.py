"""Running the two processes: web and supervisor, alone or together."""

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
from contextlib import closing, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import psutil

from backend.db.engine import open_database
from backend.errors import UnavailableError
from backend.jobs.launcher import LocalLauncher
from backend.jobs.supervisor import Supervisor, SupervisorLock
from backend.settings import Settings

if TYPE_CHECKING:
    from uvicorn import Server

Stop = Callable[[], None]

log = logging.getLogger("galaxyscope")
PORTS_TRIED = 50
RESTART_AFTER_S = 1.0


def free_port(host: str, wanted: int) -> int:
    """`wanted`, or the next port that nobody listens on. Raises UnavailableError."""
    for port in range(wanted, wanted + PORTS_TRIED):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    last = wanted + PORTS_TRIED - 1
    raise UnavailableError(
        "no_port", f"ports {wanted} to {last} on {host} are all taken; name another with --port"
    )


def serve_web(settings: Settings, when_up: Callable[[Stop], None] | None = None) -> None:
    """Serve API and pages until SIGINT or SIGTERM. `when_up` is called, in a thread of its own, once requests
    are answered; it is given a function that ends the server."""
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
    )
    server = uvicorn.Server(config)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _leave)  # uvicorn shuts down, then raises the signal again
    if when_up is not None:
        threading.Thread(target=_call_when_up, args=(server, when_up), daemon=True).start()
    server.run()


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _call_when_up(server: "Server", when_up: Callable[[Stop], None]) -> None:
    def stop() -> None:
        server.should_exit = True

    while not server.started:
        time.sleep(0.05)
    when_up(stop)


def serve_supervisor(settings: Settings, should_stop: Callable[[], bool]) -> None:
    """Supervise until told to stop; waits its turn while another supervisor holds the lock."""
    settings.prepare()
    lock = SupervisorLock(settings.home)
    waiting = False
    while not lock.acquire():
        if should_stop():
            return
        if not waiting:
            log.warning("another supervisor is at work on %s; waiting to take over", settings.home)
        waiting = True
        time.sleep(0.5)
    database = open_database(settings.database_path)
    Supervisor(settings, database, LocalLauncher()).run(should_stop)
    database.close()
    lock.release()


def parent_is_gone() -> Callable[[], bool]:
    """A check whether the process that started this one has died, buried or not."""
    parent = psutil.Process(os.getppid())
    return lambda: not parent.is_running() or parent.status() == psutil.STATUS_ZOMBIE


@contextmanager
def supervisor_process(settings: Settings) -> Iterator[None]:
    """A supervisor beside this process, started again whenever it dies, ended with the block."""
    ending = threading.Event()
    keeper = threading.Thread(target=_keep_alive, args=(settings, ending), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join(timeout=10)


def _keep_alive(settings: Settings, ending: threading.Event) -> None:
    command = [sys.executable, "-m", "backend.cli", "supervisor", "--with-parent"]
    environment = os.environ | {"GALAXYSCOPE_HOME": str(settings.home)}
    while not ending.is_set():
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        while child.poll() is None and not ending.wait(0.2):
            pass
        if child.poll() is None:
            child.terminate()
            child.wait()
        elif not ending.wait(RESTART_AFTER_S):
            log.warning("the supervisor ended with code %s; starting it again", child.returncode)


def token_for(settings: Settings) -> Settings:
    """The settings with a fresh token where the server listens beyond this machine and none is set."""
    if settings.token is None and settings.host not in ("127.0.0.1", "localhost", "::1"):
        return settings.model_copy(update={"token": secrets.token_urlsafe(24)})
    return settings
