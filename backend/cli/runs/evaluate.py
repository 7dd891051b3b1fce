"""`galaxyscope evaluate …`"""

from collections.abc import Sequence
from typing import Annotated, Any

from backend.cli.options import Json, fields_of, grouped
from backend.cli.output import print_json, print_lines, print_table
from backend.cli.session import open_home, run_job
from shared.base.text import percent
from shared.base.vocabulary import Basis
from shared.configs import ProbeConfig
from shared.configs.kinds import RunKind
from shared.contract.evaluations import Evaluation

Probe = Annotated[dict[str, Any], fields_of(ProbeConfig, spelled={"encoder": "--run"}, without=("when",))]


@grouped
def evaluate(config: Probe, as_json: Json = False) -> None:
    """Evaluate heads on a frozen encoder beside their references; test rows are read once, at the end."""
    home = open_home()
    job = run_job(home, RunKind.PROBE, heads_listed(config), "probe_failed")
    found = list(reversed(home.evaluations.list_all(run=job.id)))
    print_json(summary(config["encoder"], job.id, found)) if as_json else print_evaluations(found)


def heads_listed(config: dict[str, Any]) -> dict[str, Any]:
    """The config with heads such as knn,linear as a list."""
    heads = config.get("heads")
    listed = [word.strip() for word in heads.split(",") if word.strip()] if isinstance(heads, str) else heads
    return config if heads is None else config | {"heads": listed}


def summary(encoder: str, job: str, found: Sequence[Evaluation]) -> dict[str, Any]:
    """Heads for a script, and the references named as in a run's baselines."""
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


def print_evaluations(found: Sequence[Evaluation]) -> None:
    """One line a head, with 95 % intervals, the references below."""
    print_table(
        found,
        {
            "features": lambda one: one.basis.value.replace("_", " "),
            "head": lambda one: one.head and one.head.value,
            "depth": lambda one: f"{one.depth} of {one.layers}" if one.depth else None,
            "pooling": "pooling",
            "seed": "seed",
            "n": "n",
            "accuracy": lambda one: percent(one.accuracy),
            "95 %": lambda one: f"{percent(one.accuracy_ci95.low)} to {percent(one.accuracy_ci95.high)}",
            "balanced": lambda one: percent(one.balanced_accuracy),
            "macro-F1": lambda one: percent(one.macro_f1),
        },
        right=("n", "accuracy", "95 %", "balanced", "macro-F1"),
        wrap=False,
    )
    print_lines(*dict.fromkeys(note for one in found for note in one.notes))
