"""`galaxyscope run …` and `galaxyscope runs …`"""

import json
from typing import Annotated, Any

import typer

from backend.cli.data import Json
from backend.cli.output import console, print_json, print_run, print_runs
from backend.cli.session import Home, open_home, start_and_wait, wait_for_end
from backend.errors import InvalidInputError
from backend.services import runs
from backend.services.health import supervisor_alive
from shared.runs import Run, RunKind, RunRequest, RunState

launch_app = typer.Typer(no_args_is_help=True)
app = typer.Typer(no_args_is_help=True)
RunId = Annotated[str, typer.Argument(help="Id of the run, such as quiet-spiral-4127.")]


@launch_app.callback()
def _launch() -> None:
    """Launch a run."""


@launch_app.command()
def pretrain(
    dataset: Annotated[str, typer.Option(help="Dataset to train on.")],
    preset: Annotated[str | None, typer.Option(help="Starting point, such as demo-60s.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as often as you like; wins over the preset.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A label for people.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = False,
    as_json: Json = False,
) -> None:
    """Pretrain a masked autoencoder."""
    home = open_home()
    config = {"dataset": dataset} | parse_settings(settings or [])
    request = RunRequest(kind=RunKind.PRETRAIN, preset=preset, config=config, name=name)
    run = runs.create_run(home.database, home.settings, request)
    if wait:
        run = start_and_wait(home, run.id)
    _report(home, run, as_json)
    if wait and run.state is not RunState.SUCCEEDED:
        raise typer.Exit(1)


@app.command("list")
def list_runs(
    all_kinds: Annotated[bool, typer.Option("--all", help="Imports and other jobs too.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """Runs, newest first."""
    kinds = list(RunKind) if all_kinds else None
    found = runs.list_runs(open_home().database, kinds=kinds, limit=limit)
    print_json(found) if as_json else print_runs(found)


@app.command()
def show(run_id: RunId, as_json: Json = False) -> None:
    """One run: state, metrics, references."""
    run = runs.get_run(open_home().database, run_id)
    print_json(run) if as_json else print_run(run)


@app.command()
def stop(run_id: RunId, as_json: Json = False) -> None:
    """Stop a run and wait until it is dead; its last checkpoint is kept."""
    home = open_home()
    runs.stop_run(home.database, run_id)
    _report(home, wait_for_end(home, run_id), as_json)


@app.command()
def pause(run_id: RunId, as_json: Json = False) -> None:
    """Write a checkpoint, end the worker, free the device."""
    home = open_home()
    runs.pause_run(home.database, run_id)
    _report(home, wait_for_end(home, run_id), as_json)


@app.command()
def resume(run_id: RunId, as_json: Json = False) -> None:
    """Queue a paused run again."""
    home = open_home()
    _report(home, runs.resume_run(home.database, run_id), as_json)


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """{"depth": 4, "device": "cpu"} of ["depth=4", "device=cpu"]. Raises InvalidInputError."""
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InvalidInputError("bad_setting", f"--set {pair} has no value; write it as key=value")
        values[key.strip()] = _scalar(value.strip())
    return values


def _scalar(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return {"True": True, "False": False, "None": None}.get(value, value)


def _report(home: Home, run: Run, as_json: bool) -> None:
    print_json(run) if as_json else print_run(run)
    if run.state is RunState.QUEUED and not supervisor_alive(home.settings):
        console.print(
            "No supervisor is running, so it waits: start one with `galaxyscope up`, or add --wait."
        )
