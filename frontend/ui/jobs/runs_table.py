"""The live list of runs or other jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frontend.ui.components import ignore, load_component, trigger

_TABLE = load_component(__file__)


@dataclass(frozen=True)
class TableAction:
    """What happened in this rerun: the user opened a run or wants to launch one, or a listed job ended."""

    open_run: str | None
    launch: bool
    settled: bool


def draw_runs(
    simulated: list[str], state_filter: str, selected: str | None, tags: Sequence[str], *, archived: bool
) -> TableAction:
    """Draw the runs that leave a model, filtered by `tags`; `simulated` are the datasets to mark."""
    data = {"jobs": False, "kinds": None, "filter": state_filter, "limit": 200}
    labels = {"tags": list(tags), "archived": archived}
    return _draw({**data, **labels, "simulated": simulated, "selected": selected, "watch": []}, "runs_table")


def draw_jobs(
    kinds: list[str], key: str, limit: int = 50, *, active: bool = False, watch: Sequence[str] = ()
) -> TableAction:
    """Draw the jobs of these kinds; with `active` only active ones. The end of a job in `watch` is reported
    even if the list never showed it active."""
    data = {"jobs": True, "kinds": kinds, "filter": "active" if active else "all", "limit": limit}
    labels = {"tags": [], "archived": False}
    return _draw({**data, **labels, "simulated": [], "selected": None, "watch": list(watch)}, key)


def _draw(data: dict[str, Any], key: str) -> TableAction:
    result = _TABLE(
        data=data, key=key, on_open_change=ignore, on_launch_change=ignore, on_settled_change=ignore
    )
    opened = trigger(result, "open")
    return TableAction(
        open_run=str(opened) if opened else None,
        launch=bool(trigger(result, "launch")),
        settled=bool(trigger(result, "settled")),
    )
