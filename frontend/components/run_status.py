"""State, progress, scores and actions of one run, live."""

from dataclasses import dataclass

from frontend.components import ignore, load_component, trigger
from shared.configs.kinds import Trait, has_trait
from shared.contract.runs import Run

_STATUS = load_component("run_status")


@dataclass(frozen=True)
class StatusAction:
    """What happened in this rerun: the person wants the form with this run's values, to look at its
    reconstructions, to have its encoder evaluated, or to search with it; the run has ended."""

    again: bool
    look: bool
    judge: bool
    search: bool
    ended: bool


def draw_run_status(run: Run, footnote: str, noise: float | None) -> StatusAction:
    """Draws the run and follows it; `footnote` says what the accuracies were measured on, `noise` by how
    much one of them is uncertain (a share, None where unknown)."""
    data = {
        "run": run.model_dump(mode="json"),
        "footnote": footnote,
        "noise": noise,
        "judged": has_trait(run.kind, Trait.TRAINS),
    }
    key = f"run_status_{run.id}"
    result = _STATUS(
        data=data,
        key=key,
        on_again_change=ignore,
        on_look_change=ignore,
        on_judge_change=ignore,
        on_search_change=ignore,
        on_ended_change=ignore,
    )
    names = ("again", "look", "judge", "search", "ended")
    return StatusAction(**{name: bool(trigger(result, name)) for name in names})
