"""`galaxyscope run …`"""

from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.options import (
    EvalDataset,
    Json,
    Label,
    Options,
    Settings,
    Wait,
    grouped,
    parse_settings,
    read_launch_file,
)
from backend.cli.output import console, print_facts, print_json
from backend.cli.runs.evaluate import heads_listed
from backend.cli.session import launch, open_home, run_job
from backend.errors import InvalidInputError
from backend.services.launching.estimate import estimate_launch
from shared.base.text import duration, size
from shared.configs.kinds import RunKind
from shared.contract.launching import Estimate
from shared.contract.runs import RunRequest

app = typer.Typer(no_args_is_help=True)
Seeds = Annotated[int, typer.Option(min=1, max=10, help="Number of runs, with seeds seed, seed + 1, …")]


def _pretraining(
    dataset: Annotated[str | None, typer.Option("--dataset", help="Dataset to train on.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="Preset, such as demo-60s.")] = None,
    settings: Settings = None,
    file: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file from the Launch page; --set and --dataset override it."),
    ] = None,
    name: Label = None,
) -> RunRequest:
    values: dict[str, Any] = read_launch_file(file) if file else {}
    filed = {key: values.pop(key, None) for key in ("preset", "name")}
    values |= _values(None, dataset, settings)
    if "dataset" not in values:
        raise InvalidInputError("no_dataset", "name a dataset with --dataset, or in the file", "dataset")
    return RunRequest(
        kind=RunKind.PRETRAIN, preset=preset or filed["preset"], config=values, name=name or filed["name"]
    )


Pretraining = Annotated[RunRequest, Options(_pretraining)]


@app.command()
@grouped
def pretrain(request: Pretraining, wait: Wait = False, as_json: Json = False) -> None:
    """Pretrain a masked autoencoder."""
    launch([request], wait, as_json)


@app.command()
@grouped
def preflight(request: Pretraining, as_json: Json = False) -> None:
    """Measure the cost of a pretraining from a few of its steps."""
    home, request = open_home(), request.model_copy(update={"kind": RunKind.PREFLIGHT, "name": None})
    estimate = estimate_launch(home.database, home.settings, request)
    if estimate.device_busy:
        console.print("The device is busy or its queue is paused: the figures are estimated, not measured.")
    else:
        run_job(home, RunKind.PREFLIGHT, request.config, "preflight_failed", preset=request.preset)
        estimate = estimate_launch(home.database, home.settings, request)
    print_json(estimate) if as_json else print_estimate(estimate)


@app.command()
def probe(
    encoder: Annotated[str, typer.Option("--from", help="Run whose encoder is evaluated.")],
    dataset: EvalDataset = None,
    settings: Settings = None,
    name: Label = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Evaluate heads on a frozen encoder; `galaxyscope evaluate` also prints the result."""
    config = heads_listed(_values(encoder, dataset, settings))
    launch([RunRequest(kind=RunKind.PROBE, config=config, name=name)], wait, as_json)


@app.command()
def finetune(
    encoder: Annotated[str, typer.Option("--from", help="Run whose encoder is fine-tuned.")],
    dataset: EvalDataset = None,
    seeds: Seeds = 1,
    settings: Settings = None,
    name: Label = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Fine-tune a pretrained encoder with a head on labels; its best epoch is evaluated on test rows."""
    launch(_seeded(RunKind.FINETUNE, _values(encoder, dataset, settings), seeds, name), wait, as_json)


@app.command()
def supervised(
    encoder: Annotated[
        str | None, typer.Option("--from", help="Run whose architecture is used, without its weights.")
    ] = None,
    dataset: EvalDataset = None,
    seeds: Seeds = 1,
    settings: Settings = None,
    name: Label = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Train a classifier from random weights: a baseline, or the twin of a fine-tuning."""
    launch(_seeded(RunKind.SUPERVISED, _values(encoder, dataset, settings), seeds, name), wait, as_json)


def _values(encoder: str | None, dataset: str | None, settings: list[str] | None) -> dict[str, Any]:
    given = {"encoder": encoder, "dataset": dataset}
    return {key: value for key, value in given.items() if value} | parse_settings(settings or [])


def _seeded(kind: RunKind, values: dict[str, Any], seeds: int, name: str | None) -> list[RunRequest]:
    first = int(values.get("seed", 0))
    return [RunRequest(kind=kind, config=values | {"seed": first + more}, name=name) for more in range(seeds)]


def print_estimate(estimate: Estimate) -> None:
    """What a launch costs, a line each."""
    memory = f"{size(estimate.memory_bytes)} of {size(estimate.memory_free_bytes)} free"
    print_facts(
        [
            ("source", f"{estimate.source}: {estimate.basis}"),
            ("parameters", f"{estimate.parameters:,}"),
            ("training FLOPs per image", f"{estimate.training_flops:.3g}"),
            (
                "memory over the idle process",
                memory + ("" if estimate.fits else ": does not fit; reduce batch_size"),
            ),
            ("images/s", f"{estimate.images_per_s:,.0f}" if estimate.images_per_s else "unknown"),
            ("time per epoch", duration(estimate.epoch_s)),
            ("total time", duration(estimate.total_s)),
            ("disk", f"{size(estimate.disk_bytes)} of {size(estimate.disk_free_bytes)} free"),
            ("starts", estimate.starts),
        ]
    )
