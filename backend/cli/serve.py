"""`galaxyscope up`, `demo`, `web`, `supervisor`."""

import signal
import socket
import threading
from concurrent.futures import Future
from typing import Annotated

import typer
from httpx2 import HTTPError

from backend import serving
from backend.cli.demo import DATASET, play_demo
from backend.cli.options import Json
from backend.cli.output import console, print_json
from backend.errors import GalaxyscopeError, UnavailableError
from backend.services.launching.create import resolve_config
from backend.settings import Settings, is_loopback
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.runs import Run, RunRequest

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to use; if taken, the next free one.")]
Host = Annotated[
    str,
    typer.Option(
        help="Address to listen on. Beyond 127.0.0.1 a token is required; one is made if none is set."
    ),
]


def up(port: Port = 8501, host: Host = "127.0.0.1", as_json: Json = False) -> None:
    """Start the dashboard: web server and supervisor."""
    settings = _settings(host, port)
    console.print("starting …")
    with serving.supervisor_process(settings):
        serving.serve_web(settings, lambda _stop: _print_address(settings, as_json))


def demo(
    port: Port = 8501,
    preset: Annotated[str, typer.Option(help="demo-60s or demo-3min.")] = "demo-60s",
    as_json: Json = False,
) -> None:
    """Simulate galaxies, train on them, and watch in the browser."""
    resolve_config(RunRequest(kind=RunKind.PRETRAIN, preset=preset, config={"dataset": DATASET}))
    settings = _settings("127.0.0.1", port)
    console.print("starting …")
    play: Future[Run] = Future()

    def when_up(stop: serving.Stop) -> None:
        _print_address(settings)
        try:
            play.set_result(play_demo(settings.local_url, preset, wait=as_json))
        except (GalaxyscopeError, HTTPError) as error:
            play.set_exception(error)
        if as_json or play.exception():
            stop()

    with serving.supervisor_process(settings):
        serving.serve_web(settings, when_up)
    if not play.done():
        raise typer.Exit(130)
    _report(play, as_json)


def _report(play: Future[Run], as_json: bool) -> None:
    error = play.exception()
    if isinstance(error, HTTPError):
        raise UnavailableError("demo_failed", f"the dashboard did not answer the demo: {error}") from None
    run = play.result()
    if as_json:
        print_json(run)
        if run.state is not RunState.SUCCEEDED:
            raise typer.Exit(1)


def web(port: Port = 8501, host: Host = "127.0.0.1") -> None:
    """Serve only API and pages; needs a supervisor running on the same home."""
    settings = serving.token_for(Settings(host=host, port=port))
    serving.serve_web(settings, lambda _stop: _print_address(settings))


def supervisor(
    with_parent: Annotated[int | None, typer.Option(help="Exit when the process with this id exits.")] = None,
    end_workers: Annotated[
        bool,
        typer.Option(help="On exit, let workers write a checkpoint, then end them too (for containers)."),
    ] = False,
) -> None:
    """Start queued runs, and store the metrics of their workers."""
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    signal.signal(signal.SIGINT, lambda *_: None if with_parent else ending.set())
    gone = serving.process_is_gone(with_parent) if with_parent else lambda: False
    serving.serve_supervisor(Settings(), lambda: ending.is_set() or gone(), end_workers=end_workers)


def _settings(host: str, port: int) -> Settings:
    return serving.token_for(Settings(host=host, port=serving.free_port(host, port)))


def _print_address(settings: Settings, as_json: bool = False) -> None:
    query = f"/?token={settings.token}" if settings.token else ""
    address, machine = settings.local_url + query, socket.gethostname()
    if as_json:
        print_json({"url": address, "home": str(settings.home)})
    forward = f"ssh -L {settings.port}:127.0.0.1:{settings.port} {machine}"
    if not is_loopback(settings.host):
        forward = f"replace 127.0.0.1 by its name, or {forward}"
    console.print(f"\n  Galaxyscope is at [bold]{address}[/bold]", highlight=False, soft_wrap=True)
    console.print(f"  from another machine: {forward}\n", highlight=False, soft_wrap=True)
