"""Live state, progress, scores and actions of one run."""

from dataclasses import dataclass

from frontend.ui.components import ignore, load_component, trigger
from shared.configs.kinds import Trait, has_trait
from shared.contract.runs import Run

_STATUS = load_component(__file__)


@dataclass(frozen=True)
class StatusAction:
    """What happened in this rerun: the user wants to repeat the run, reconstruct, evaluate or search with it;
    or the run has ended."""

    again: bool
    reconstruct: bool
    evaluate: bool
    search: bool
    ended: bool


def draw_run_status(run: Run, footnote: str, noise: float | None) -> StatusAction:
    """Draw the run and follow it; `footnote` says how the accuracies were measured, `noise` is the
    uncertainty of one of them (a share, None if unknown)."""
    data = {
        "run": run.model_dump(mode="json"),
        "footnote": footnote,
        "noise": noise,
        "has_verdict": has_trait(run.kind, Trait.TRAINS),
    }
    key = f"run_status_{run.id}"
    result = _STATUS(
        data=data,
        key=key,
        on_again_change=ignore,
        on_reconstruct_change=ignore,
        on_evaluate_change=ignore,
        on_search_change=ignore,
        on_ended_change=ignore,
    )
    names = ("again", "reconstruct", "evaluate", "search", "ended")
    return StatusAction(**{name: bool(trigger(result, name)) for name in names})
