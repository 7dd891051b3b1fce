"""Sweep results as data for the browser."""

from collections.abc import Mapping
from typing import Any

from frontend.ui.sweep_form import swept_fields
from frontend.ui.wording import plural
from shared.contract.sweeps import (
    Axis,
    Scale,
    SweepMember,
    SweepReport,
    SweepSetting,
    SweepSummary,
    objective_of,
)
from shared.planning.sweep_words import show_value

WIDE = 30
"""Lists of positive numbers with at least this ratio of largest to smallest get a log axis."""


def sweep_data(report: SweepReport) -> dict[str, Any]:
    """Axes, settings by rank with every seed, and references; values as numbers and as text."""
    objective = objective_of(report.spec)
    members = {member.place: member for member in report.members}
    return {
        "objective": objective._asdict() if objective else None,
        "axes": [_axis(axis, report) for axis in report.spec.axes],
        "settings": [_setting(one, members) for one in report.settings],
        "references": [[one.name, one.value] for one in report.references],
        "seeds": report.spec.seeds,
    }


def _axis(axis: Axis, report: SweepReport) -> dict[str, Any]:
    values = [one.values[axis.field] for one in report.settings]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    numeric = len(numbers) == len(values)
    spec = swept_fields(report.spec.kind).get(axis.field)
    return {
        "field": axis.field,
        "label": spec.label if spec else axis.field,
        "text": spec.text if spec else "",
        "numeric": numeric,
        "log": numeric and is_log(axis, numbers),
        "words": []
        if numeric
        else list(dict.fromkeys(show_value(value) for value in _in_order(axis, values))),
    }


def is_log(axis: Axis, numbers: list[float]) -> bool:
    """Whether an axis is logarithmic: as its range says, or because a list is wide."""
    if axis.is_range:
        return axis.scale is Scale.LOG
    return min(numbers, default=0) > 0 and max(numbers) / min(numbers) >= WIDE


def _in_order(axis: Axis, values: list[Any]) -> list[Any]:
    return axis.values or values


def _setting(one: SweepSetting, members: Mapping[int, SweepMember]) -> dict[str, Any]:
    return {
        "values": list(one.values.values()),
        "words": [show_value(value) for value in one.values.values()],
        "mean": one.mean,
        "std": one.std,
        "n": one.n,
        "runs": [_member(members[place]) for place in one.members],
    }


def _member(member: SweepMember) -> dict[str, Any]:
    return {
        "id": member.run_id,
        "seed": member.seed,
        "state": member.state.value if member.state else "missing",
        "early": member.stopped_early,
        "reason": member.reason or "",
        "best": member.best,
        "best_epoch": member.best_epoch,
        "last": member.last,
        "last_epoch": member.last_epoch,
    }


def progress_words(one: SweepSummary) -> str:
    """3 of 9 runs finished, 5 active or waiting, 1 failed, stopped or missing."""
    words = [f"{one.done} of {plural(one.runs, 'run')} finished"]
    words += [f"{one.active} active or waiting"] if one.active else []
    words += [f"{one.lost} failed, stopped or missing"] if one.lost else []
    return ", ".join(words)
