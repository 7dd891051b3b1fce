"""`galaxyscope run finetune …` and `galaxyscope run supervised …`"""

from typing import Annotated, Any

import typer

from backend.cli.data import Json
from backend.cli.output import print_json
from backend.cli.runs.commands import Settings, report_run
from backend.cli.session import open_home, start_and_wait
from backend.cli.setting_words import parse_settings
from backend.services.launching.create import create_run
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.runs import RunRequest

DatasetName = Annotated[str | None, typer.Option("--dataset", help="Labelled dataset; its own where absent.")]
Seeds = Annotated[int, typer.Option(min=1, max=10, help="So many runs, with seeds seed, seed + 1, …")]
Name = Annotated[str | None, typer.Option(help="A label for people.")]
Wait = Annotated[bool, typer.Option(help="Wait until all have ended.")]


def finetune(
    encoder: Annotated[str, typer.Option("--from", help="Run whose encoder is trained on.")],
    dataset: DatasetName = None,
    seeds: Seeds = 1,
    settings: Settings = None,
    name: Name = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Train a pretrained encoder on with a head, on labels; its best epoch is judged on test rows."""
    values = _values(encoder, dataset, settings)
    _queue(RunKind.FINETUNE, values, seeds, name, wait, as_json)


def supervised(
    encoder: Annotated[
        str | None, typer.Option("--from", help="Run whose architecture is taken, not its weights.")
    ] = None,
    dataset: DatasetName = None,
    seeds: Seeds = 1,
    settings: Settings = None,
    name: Name = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Train the same from random weights: a baseline, or the twin of a fine-tuning."""
    values = _values(encoder, dataset, settings)
    _queue(RunKind.SUPERVISED, values, seeds, name, wait, as_json)


def _values(encoder: str | None, dataset: str | None, settings: list[str] | None) -> dict[str, Any]:
    given = {"encoder": encoder, "dataset": dataset}
    return {key: value for key, value in given.items() if value} | parse_settings(settings or [])


def _queue(
    kind: RunKind, values: dict[str, Any], seeds: int, name: str | None, wait: bool, as_json: bool
) -> None:
    """Queue a run for each seed, wait where asked to, and say what became of them."""
    home, first = open_home(), int(values.get("seed", 0))
    requests = [
        RunRequest(kind=kind, config=values | {"seed": first + more}, name=name) for more in range(seeds)
    ]
    queued = [create_run(home.database, home.settings, request) for request in requests]
    if wait:
        queued = [start_and_wait(home, run.id) for run in queued]
    if as_json and seeds > 1:
        print_json(queued)
    else:
        for run in queued:
            report_run(home, run, as_json)
    if wait and any(run.state is not RunState.SUCCEEDED for run in queued):
        raise typer.Exit(1)
