"""`galaxyscope up`, `demo`, `web`, `supervisor`."""

import signal
import socket
import threading
from typing import Annotated

import typer

from backend import serving
from backend.cli.data import Json
from backend.cli.demo import play_demo
from backend.cli.output import console, print_json
from backend.settings import Settings
from shared.runs import Run

Port = Annotated[int, typer.Option(help="Taken, or the next free one.")]
Host = Annotated[
    str, typer.Option(help="Another address than 127.0.0.1 needs a token, made where none is set.")
]


def up(port: Port = 8501, host: Host = "127.0.0.1") -> None:
    """Start the dashboard: web and supervisor together."""
    settings = _settings(host, port)
    console.print("starting …")
    with serving.supervisor_process(settings):
        serving.serve_web(settings, lambda _stop: _print_address(settings))


def demo(
    port: Port = 8501,
    preset: Annotated[str, typer.Option(help="demo-60s or demo-3min.")] = "demo-60s",
    as_json: Json = False,
) -> None:
    """Make simulated galaxies, train on them, and watch it in the browser."""
    settings = _settings("127.0.0.1", port)
    console.print("starting …")
    ended: list[Run] = []

    def play(stop: serving.Stop) -> None:
        try:
            _print_address(settings)
            ended.append(play_demo(f"http://127.0.0.1:{settings.port}", preset, wait=as_json))
        finally:
            if as_json or not ended:
                stop()

    with serving.supervisor_process(settings):
        serving.serve_web(settings, play)
    if as_json and ended:
        print_json(ended[0])
    if not ended or (as_json and ended[0].state != "succeeded"):
        raise typer.Exit(1)


def web(port: Port = 8501, host: Host = "127.0.0.1") -> None:
    """Serve API and pages only; a supervisor must run elsewhere on the same home."""
    settings = serving.token_for(Settings(host=host, port=port))
    serving.serve_web(settings, lambda _stop: _print_address(settings))


def supervisor(
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the parent process ends.")
    ] = False,
) -> None:
    """Claim queued runs, launch workers, ingest their metrics."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    gone = serving.parent_is_gone()
    serving.serve_supervisor(Settings(), lambda: ending.is_set() or (with_parent and gone()))


def _settings(host: str, port: int) -> Settings:
    return serving.token_for(Settings(host=host, port=serving.free_port(host, port)))


def _print_address(settings: Settings) -> None:
    shown = socket.gethostname() if settings.host == "0.0.0.0" else settings.host  # noqa: S104 a comparison
    query = f"/?token={settings.token}" if settings.token else ""
    console.print(
        f"\n  Galaxyscope is at [bold]http://{shown}:{settings.port}{query}[/bold]", highlight=False
    )
    console.print(
        f"  from another machine: ssh -L {settings.port}:127.0.0.1:{settings.port} {socket.gethostname()}\n",
        highlight=False,
    )
