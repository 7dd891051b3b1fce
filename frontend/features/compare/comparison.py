"""Data of compared runs for the browser: line style, title, cost per step, and grouping by setting."""

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from frontend.features.compare.run_costs import cost_of_steps
from frontend.ui.run_groups import LineStyle, group_seeds, group_title, run_title, style_lines
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.datasets import Dataset
from shared.contract.runs import Run

ACCURACIES = ("val/linear_accuracy", "val/accuracy")
FIRST_KEYS = ("train/loss", "val/loss")
CURVE_PREFIXES = ("train/", "val/")


class Style(TypedDict):
    """Indexes into the palette and the dashes."""

    colour: int
    dash: int


class ComparedRun(TypedDict):
    """`images` and `flops` are those of a step, `before` the FLOPs of its pretraining; None if unknown."""

    id: str
    title: str
    kind: RunKind
    state: RunState
    seed: int | None
    dataset: str | None
    baselines: dict[str, float]
    style: Style
    images: float
    flops: float | None
    before: float | None


class ComparedGroup(TypedDict):
    id: str
    title: str
    runs: list[str]
    style: Style


class CompareData(TypedDict):
    """Runs, newest first, their groups, and the metrics drawn."""

    runs: list[ComparedRun]
    groups: list[ComparedGroup]
    keys: list[str]


def curve_keys(runs: Sequence[Run]) -> list[str]:
    """Metrics with a curve that any of the runs has recorded."""
    found = {key for run in runs for key in run.metrics if key.startswith(CURVE_PREFIXES)}
    return sorted(found | set(default_keys(runs)))


def default_keys(runs: Sequence[Run]) -> list[str]:
    """Losses and accuracies these runs have recorded, or will record if none are there yet."""
    recorded = {key for run in runs for key in run.metrics}
    has = [key for key in (*FIRST_KEYS, *ACCURACIES) if key in recorded]
    return has or [*FIRST_KEYS, ACCURACIES[0]]


def compared_runs(
    runs: Sequence[Run], known: Mapping[str, Run], datasets: Mapping[str, Dataset]
) -> list[ComparedRun]:
    """The runs, newest first; `known` holds the encoders they may have started from."""
    styles = style_lines(runs)
    return [_run_data(run, styles[run.id], known, datasets) for run in runs]


def _run_data(
    run: Run, style: LineStyle, known: Mapping[str, Run], datasets: Mapping[str, Dataset]
) -> ComparedRun:
    cost = cost_of_steps(run, known, datasets)
    return {
        "id": run.id,
        "title": run_title(run),
        "kind": run.kind,
        "state": run.state,
        "seed": run.config.get("seed"),
        "dataset": run.dataset,
        "baselines": run.baselines,
        "style": _style(style),
        "images": cost.images,
        "flops": cost.flops,
        "before": cost.pretraining_flops,
    }


def _style(style: LineStyle) -> Style:
    return {"colour": style.colour, "dash": style.dash}


def compared_groups(runs: Sequence[Run]) -> list[ComparedGroup]:
    """Runs grouped by setting; a group has the line style of its oldest run."""
    groups = [(group, min(group, key=lambda run: (run.created_at, run.id))) for group in group_seeds(runs)]
    styles = style_lines([oldest for _, oldest in groups])
    return [
        {
            "id": oldest.id,
            "title": group_title(group),
            "runs": [run.id for run in group],
            "style": _style(styles[oldest.id]),
        }
        for group, oldest in groups
    ]
