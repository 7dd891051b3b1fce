"""What the shell prints: results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from backend.errors import GalaxyscopeError
from shared.datasets import Dataset
from shared.runs import Run

console = Console(stderr=True)


def print_json(value: BaseModel | Sequence[BaseModel] | dict[str, Any]) -> None:
    """One JSON value on stdout."""
    if isinstance(value, BaseModel):
        plain: Any = value.model_dump(mode="json")
    elif isinstance(value, dict):
        plain = value
    else:
        plain = [item.model_dump(mode="json") for item in value]
    print(json.dumps(plain, indent=1))


def print_error(error: GalaxyscopeError, *, as_json: bool) -> None:
    """The sentence on stderr; with `as_json` also the error object on stdout."""
    print(f"error: {error.detail}", file=sys.stderr)
    if as_json:
        print_json({"code": error.code, "detail": error.detail, "field": error.field})


def print_runs(runs: Sequence[Run]) -> None:
    table = Table(box=None)
    columns = ("run", "kind", "state", "dataset", "linear", "k-NN", "images/s", "created")
    for column in columns:
        table.add_column(column, no_wrap=True, justify="left" if column in columns[:4] else "right")
    for run in runs:
        table.add_row(
            run.id,
            run.kind.value,
            state_words(run),
            run.dataset or "",
            percent(run.metrics.get("val/linear_accuracy")),
            percent(run.metrics.get("val/knn_accuracy")),
            f"{run.images_per_s:.0f}" if run.images_per_s else "–",
            f"{run.created_at.astimezone():%d %b %H:%M}",
        )
    _stdout().print(table if runs else "no runs yet: galaxyscope run pretrain --dataset NAME")


def _stdout() -> Console:
    """As wide as the terminal; wide enough for every column where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def print_run(run: Run) -> None:
    """One run in words: state, why, and its accuracies beside their references."""
    out = _stdout()
    out.print(f"[bold]{run.id}[/bold]  {run.kind.value} on {run.dataset}: {state_words(run)}")
    for sentence in (run.reason, run.suggestion):
        if sentence:
            out.print(f"  {sentence}", highlight=False)
    table = Table("", "this run", "random init", "raw pixels", "majority", box=None)
    for label, key in (("linear probe", "linear_accuracy"), ("20-NN", "knn_accuracy")):
        if f"val/{key}" in run.metrics:
            table.add_row(
                label,
                percent(run.metrics[f"val/{key}"]),
                percent(run.baselines.get(f"random_init_{key}")),
                percent(run.baselines.get(f"raw_pixel_{key}")),
                percent(run.baselines.get("majority_accuracy")),
            )
    if table.row_count:
        out.print(table)


def print_datasets(datasets: Sequence[Dataset]) -> None:
    table = Table("dataset", "galaxies", "size", "bands", "classes", "", box=None)
    for dataset in datasets:
        side = f"{dataset.img_size} px"
        kind = "simulated" if dataset.simulated else ""
        table.add_row(
            dataset.name, f"{dataset.n:,}", side, " ".join(dataset.bands), str(len(dataset.class_names)), kind
        )
    _stdout().print(table if datasets else "no datasets yet: galaxyscope data simulate")


def state_words(run: Run) -> str:
    done, total = run.progress.step, run.progress.total_steps
    if run.state.value == "running" and total:
        return f"running {100 * done / total:.0f} %"
    return run.state.value


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
