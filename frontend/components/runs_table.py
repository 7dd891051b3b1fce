"""The live list of runs or of other jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frontend.components import ignore, load_component, trigger

_TABLE = load_component("runs_table")


@dataclass(frozen=True)
class TableAction:
    """What the person did: opened a run, asked to launch; or a job in the list came to its end."""

    open_run: str | None
    launch: bool
    settled: bool


def draw_runs(
    simulated: list[str], state_filter: str, selected: str | None, tags: Sequence[str], *, archived: bool
) -> TableAction:
    """Draws the runs that leave a model, with every one of `tags`; `simulated` names the datasets to mark."""
    data = {"jobs": False, "kinds": None, "filter": state_filter, "limit": 200}
    labels = {"tags": list(tags), "archived": archived}
    return _draw({**data, **labels, "simulated": simulated, "selected": selected, "watch": []}, "runs_table")


def draw_jobs(
    kinds: list[str], key: str, limit: int = 50, *, active: bool = False, watch: Sequence[str] = ()
) -> TableAction:
    """Draws the jobs of these kinds; with `active` only those that have not ended. The end of one in `watch`
    is told even where the list has not seen it at work."""
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
