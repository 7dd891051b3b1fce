"""`galaxyscope run …` and `galaxyscope runs …`"""

from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.data import Json
from backend.cli.output import console, print_estimate, print_json, print_run, print_runs
from backend.cli.session import open_home, start_and_wait, wait_for_end, warn_of_pause
from backend.cli.setting_words import parse_settings, read_launch_file
from backend.errors import GalaxyscopeError, InvalidInputError
from backend.services.launching import create
from backend.services.launching.estimate import estimate_launch
from backend.services.machine.status import supervisor_alive
from backend.services.runs import lifecycle
from backend.services.runs.metrics import read_verdict
from backend.services.services import Services
from shared.base.states import RunState
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.contract.runs import Run, RunRequest

launch_app = typer.Typer(no_args_is_help=True)
app = typer.Typer(no_args_is_help=True)
RunId = Annotated[str, typer.Argument(help="Id of the run, such as quiet-spiral-4127.")]


@launch_app.callback()
def _launch() -> None:
    """Launch a run."""


DatasetName = Annotated[str | None, typer.Option("--dataset", help="Dataset to train on.")]
PresetKey = Annotated[str | None, typer.Option("--preset", help="Starting point, such as demo-60s.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="key=value, as often as you like; wins over the preset.")
]
File = Annotated[
    Path | None, typer.Option("--config", help="YAML of the Launch page; --set and --dataset win over it.")
]


Tags = Annotated[list[str] | None, typer.Option("--tag", help="As often as you like; with every one.")]


@launch_app.command()
def pretrain(
    dataset: DatasetName = None,
    preset: PresetKey = None,
    settings: Settings = None,
    config: File = None,
    name: Annotated[str | None, typer.Option(help="A label for people.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = False,
    as_json: Json = False,
) -> None:
    """Pretrain a masked autoencoder."""
    home = open_home()
    request = _request(RunKind.PRETRAIN, dataset, preset, settings, config, name)
    run = create.create_run(home.database, home.settings, request)
    if wait:
        run = start_and_wait(home, run.id)
    report_run(home, run, as_json)
    if wait and run.state is not RunState.SUCCEEDED:
        raise typer.Exit(1)


@launch_app.command()
def preflight(
    dataset: DatasetName = None,
    preset: PresetKey = None,
    settings: Settings = None,
    config: File = None,
    as_json: Json = False,
) -> None:
    """What such a pretraining will cost, from a few real steps of it."""
    home = open_home()
    request = _request(RunKind.PREFLIGHT, dataset, preset, settings, config, None)
    estimate = estimate_launch(home.database, home.settings, request)
    if estimate.device_busy:
        console.print(
            "The device is at work, or its queue is paused: nothing is measured, the figures are estimated."
        )
    else:
        run = start_and_wait(home, create.create_run(home.database, home.settings, request).id)
        if run.state is not RunState.SUCCEEDED:
            raise GalaxyscopeError("preflight_failed", " ".join(filter(None, (run.reason, run.suggestion))))
        estimate = estimate_launch(home.database, home.settings, request)
    print_json(estimate) if as_json else print_estimate(estimate)


@app.command("list")
def list_runs(
    all_kinds: Annotated[bool, typer.Option("--all", help="Imports and other jobs too.")] = False,
    tags: Tags = None,
    archived: Annotated[bool, typer.Option("--archived", help="Archived ones too.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """Runs, newest first."""
    kinds = list(RunKind) if all_kinds else None
    found = lifecycle.list_runs(
        open_home().database, kinds=kinds, tags=tags or [], archived=archived, limit=limit
    )
    print_json(found) if as_json else print_runs(found)


@app.command()
def show(run_id: RunId, as_json: Json = False) -> None:
    """One run: state, metrics, references, and whether it still learns."""
    database = open_home().database
    run = lifecycle.get_run(database, run_id)
    verdict = read_verdict(database, run_id) if has_trait(run.kind, Trait.TRAINS) else None
    if as_json:
        said = verdict.model_dump(mode="json") if verdict else None
        print_json(run.model_dump(mode="json") | {"verdict": said})
    else:
        print_run(run, verdict)


@app.command()
def stop(run_id: RunId, as_json: Json = False) -> None:
    """Stop a run and wait until it is dead; its last checkpoint is kept."""
    home = open_home()
    lifecycle.stop_run(home.database, run_id)
    report_run(home, wait_for_end(home, run_id), as_json)


@app.command()
def pause(run_id: RunId, as_json: Json = False) -> None:
    """Write a checkpoint, end the worker, free the device."""
    home = open_home()
    lifecycle.pause_run(home.database, run_id)
    report_run(home, wait_for_end(home, run_id), as_json)


@app.command()
def resume(run_id: RunId, settings: Settings = None, as_json: Json = False) -> None:
    """Queue a paused run again; values that are --set must be its own, others are for a clone."""
    home = open_home()
    report_run(home, lifecycle.resume_run(home.database, run_id, parse_settings(settings or [])), as_json)


@app.command()
def retry(run_id: RunId, as_json: Json = False) -> None:
    """Queue a run that has ended once more, with the same values."""
    home = open_home()
    report_run(home, create.retry_run(home.database, home.settings, run_id), as_json)


@app.command()
def clone(
    run_id: RunId,
    settings: Settings = None,
    name: Annotated[str | None, typer.Option(help="A label for people; as the run's where absent.")] = None,
    as_json: Json = False,
) -> None:
    """Queue a run with the values of another, but for those that are --set."""
    home = open_home()
    values = parse_settings(settings or [])
    report_run(home, create.clone_run(home.database, home.settings, run_id, values, name=name), as_json)


def _request(
    kind: RunKind,
    dataset: str | None,
    preset: str | None,
    settings: list[str] | None,
    file: Path | None,
    name: str | None,
) -> RunRequest:
    """The launch that the options and the file ask for; options win."""
    values: dict[str, Any] = read_launch_file(file) if file else {}
    preset = preset or values.pop("preset", None)
    name = name or values.pop("name", None)
    values = {key: value for key, value in values.items() if key not in ("preset", "name")}
    values |= ({"dataset": dataset} if dataset else {}) | parse_settings(settings or [])
    if "dataset" not in values:
        raise InvalidInputError("no_dataset", "name a dataset with --dataset, or in the file", "dataset")
    return RunRequest(kind=kind, preset=preset, config=values, name=name)


def report_run(home: Services, run: Run, as_json: bool) -> None:
    """The run, and whether anybody will start it."""
    print_json(run) if as_json else print_run(run)
    if run.state is RunState.QUEUED and not supervisor_alive(home.settings):
        console.print(
            "No supervisor is running, so it waits: start one with `galaxyscope up`, or add --wait."
        )
    if run.state is RunState.QUEUED:
        warn_of_pause(home, run.lane)
