"""`galaxyscope run probe …` and `galaxyscope evaluate …`"""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from backend.cli.data import Json
from backend.cli.output import print_evaluations, print_json
from backend.cli.runs.commands import Settings, report_run
from backend.cli.session import open_home, start_and_wait
from backend.cli.setting_words import parse_settings
from backend.errors import GalaxyscopeError
from backend.services.launching.create import create_run
from backend.services.services import Services
from shared.base.states import RunState
from shared.base.vocabulary import Basis
from shared.configs.kinds import RunKind
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Run, RunRequest

RunName = Annotated[str, typer.Option("--run", help="Run whose encoder is judged.")]
Checkpoint = Annotated[str, typer.Option(help="best, last, or a step.")]
DatasetName = Annotated[str | None, typer.Option("--dataset", help="Labelled dataset; its own where absent.")]


def probe(
    encoder: Annotated[str, typer.Option("--from", help="Run whose encoder is judged.")],
    dataset: DatasetName = None,
    settings: Settings = None,
    name: Annotated[str | None, typer.Option(help="A label for people.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = False,
    as_json: Json = False,
) -> None:
    """Judge heads on a frozen encoder; `galaxyscope evaluate` shows what came out."""
    home = open_home()
    values = ({"dataset": dataset} if dataset else {}) | parse_settings(settings or [])
    values = {key: _listed(key, value) for key, value in values.items()} | {"encoder": encoder}
    run = _queue(home, values, name)
    if wait:
        run = start_and_wait(home, run.id)
    report_run(home, run, as_json)
    if wait and run.state is not RunState.SUCCEEDED:
        raise typer.Exit(1)


def evaluate(
    run: RunName,
    heads: Annotated[
        str, typer.Option(help="knn, linear, linear_lars, mlp, attentive; by commas.")
    ] = "knn,linear",
    depths: Annotated[str, typer.Option(help="last, or all: the one that does best on validation.")] = "last",
    pooling: Annotated[str, typer.Option(help="cls, mean or both.")] = "mean",
    label_fraction: Annotated[float, typer.Option(help="Share of the labels learned from.")] = 1.0,
    seeds: Annotated[int, typer.Option(help="Repetitions of what has chance in it.")] = 1,
    checkpoint: Checkpoint = "best",
    dataset: DatasetName = None,
    references: Annotated[
        bool, typer.Option("--references/--no-references", help="Random init, raw pixels, majority beside.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Judge heads on a frozen encoder and print them beside their references; test rows are read once."""
    home = open_home()
    values = {
        "encoder": run,
        "checkpoint": checkpoint,
        "dataset": dataset,
        "heads": _listed("heads", heads),
        "depths": depths,
        "pooling": pooling,
        "label_fraction": label_fraction,
        "seeds": seeds,
        "references": references,
    }
    job = start_and_wait(home, _queue(home, values, None).id)
    if job.state is not RunState.SUCCEEDED:
        raise GalaxyscopeError("probe_failed", job.reason or f"the job {job.id} ended {job.state}")
    made = home.evaluations
    found = list(reversed(made.list_all(run=job.id)))
    print_json(summary(run, job.id, found)) if as_json else print_evaluations(found)


def summary(encoder: str, job: str, found: Sequence[Evaluation]) -> dict[str, Any]:
    """Heads as a script wants them, and the references by the names of a run's baselines."""
    heads = [one for one in found if one.basis is Basis.ENCODER]
    return {
        "run": encoder,
        "job": job,
        "dataset": found[0].dataset,
        "step": heads[0].step,
        "heads": [_head(one) for one in heads],
        "baselines": {
            f"{_reference(one)}_{key}": getattr(one, key)
            for one in found
            if one.basis is not Basis.ENCODER and one.seed == found[0].seed
            for key in ("accuracy", "balanced_accuracy")
        },
    }


def _head(one: Evaluation) -> dict[str, Any]:
    plain = one.model_dump(mode="json")
    keys = (
        "id", "head", "depth", "pooling", "label_fraction", "seed", "estimator", "n", "n_train", "accuracy",
        "balanced_accuracy", "macro_f1", "top2_accuracy", "seen_in_pretraining", "notes", "confusion_matrix",
    )  # fmt: skip
    intervals = ("accuracy_ci95", "balanced_accuracy_ci95", "macro_f1_ci95")
    pairs = {key: [plain[key]["low"], plain[key]["high"]] for key in intervals}
    return {key: plain[key] for key in keys} | pairs


def _reference(one: Evaluation) -> str:
    """random_init_knn, raw_pixel_linear, majority: as in Run.baselines."""
    if one.basis is Basis.MAJORITY:
        return "majority"
    return f"{'raw_pixel' if one.basis is Basis.RAW_PIXELS else one.basis.value}_{one.head}"


def _listed(key: str, value: Any) -> Any:
    """knn,linear as ["knn", "linear"]."""
    if key == "heads" and isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return value


def _queue(home: Services, values: dict[str, Any], name: str | None) -> Run:
    return create_run(home.database, home.settings, RunRequest(kind=RunKind.PROBE, config=values, name=name))
