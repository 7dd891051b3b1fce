"""Settings of a sweep from its axes; deterministic in axes, mode, samples and seed."""

import itertools
import math
import random
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.base.config import Config
from shared.configs.kinds import JOB_KINDS
from shared.contract.sweeps import MOST_RUNS, Axis, Scale, SweepMode, SweepSpec

DIGITS = 6
"""Significant digits of computed values."""
TRIES = 200
"""Maximum draws a setting, as draws repeat where values are few."""
Setting = dict[str, Any]


class SweepError(ValueError):
    """A fault of a sweep, and the field at fault."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


def count_settings(spec: SweepSpec) -> int:
    """Maximum number of settings: counts equal integers of a range more than once."""
    if spec.mode is SweepMode.RANDOM:
        return spec.samples
    return math.prod(axis.n or 1 if axis.is_range else len(axis.values) for axis in spec.axes)


def draw_settings(spec: SweepSpec) -> list[Setting]:
    """Every setting once, fields in the order of the axes, a grid in the order of its values. Raises
    SweepError for invalid axes, and for more than MOST_RUNS runs."""
    config = JOB_KINDS[spec.kind].config
    for axis in spec.axes:
        _require_axis(axis, config, spec)
    _require_count(spec)
    if spec.mode is SweepMode.GRID:
        grids = [grid_values(axis, config) for axis in spec.axes]
        fields = [axis.field for axis in spec.axes]
        return [dict(zip(fields, values, strict=True)) for values in itertools.product(*grids)]
    return _random_settings(spec, config)


def grid_values(axis: Axis, config: type[Config]) -> list[Any]:
    """The distinct values of an axis, in order."""
    values = _spaced(axis, config) if axis.is_range else axis.values
    typed = [_typed(axis.field, value, config) for value in values]
    return [value for place, value in enumerate(typed) if value not in typed[:place]]


def _random_settings(spec: SweepSpec, config: type[Config]) -> list[Setting]:
    chance = random.Random(spec.draw_seed)
    draws = {axis.field: _drawer(axis, config, chance) for axis in spec.axes}
    found: dict[str, Setting] = {}
    for _ in range(TRIES * spec.samples):
        setting = {field: draw() for field, draw in draws.items()}
        found.setdefault(repr(setting), setting)
        if len(found) == spec.samples:
            break
    return list(found.values())


def _drawer(axis: Axis, config: type[Config], chance: random.Random) -> Callable[[], Any]:
    if not axis.is_range:
        values = grid_values(axis, config)
        return lambda: chance.choice(values)
    return lambda: _between(axis, chance.random(), config)


def _spaced(axis: Axis, config: type[Config]) -> list[float]:
    n = axis.n or 2
    return [_between(axis, place / (n - 1), config) for place in range(n)]


def _between(axis: Axis, share: float, config: type[Config]) -> float:
    """The value at a share of the way from low to high, as an integer, or to DIGITS digits."""
    low, high = typing.cast(float, axis.low), typing.cast(float, axis.high)
    value = low * (high / low) ** share if axis.scale is Scale.LOG else low + (high - low) * share
    if _is_whole(config, axis.field):
        return min(max(round(value), math.ceil(low)), math.floor(high))
    return min(max(float(f"{value:.{DIGITS}g}"), low), high)


def _typed(field: str, value: Any, config: type[Config]) -> Any:
    annotation: Any = config.model_fields[field].annotation
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]["msg"]
        raise SweepError(f"{field} = {value!r}: {fault[0].lower()}{fault[1:]}", field) from None


def _require_axis(axis: Axis, config: type[Config], spec: SweepSpec) -> None:
    field = axis.field
    if field not in config.model_fields:
        raise SweepError(f"there is no setting {field} in a {spec.kind}; check its spelling", field)
    if field == "seed":
        raise SweepError("seed cannot be swept; set seeds to the number of repetitions", field)
    if [other.field for other in spec.axes].count(field) > 1:
        raise SweepError(f"{field} has two axes; merge them", field)
    if axis.is_range:
        _require_range(axis, config, spec.mode)
    elif not axis.values:
        raise SweepError(f"{field} has no values; list some, or set a range such as 0.5:0.9:5", field)


def _require_range(axis: Axis, config: type[Config], mode: SweepMode) -> None:
    field, low, high = axis.field, axis.low, axis.high
    if not is_number(config, field):
        raise SweepError(f"{field} is not a number, so it has no range; list its values", field)
    if axis.values or low is None or high is None:
        raise SweepError(f"{field} takes a list of values or a range with two ends, not both", field)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SweepError(f"{field} {low:g} to {high:g} is not a range; put the smaller end first", field)
    if _is_whole(config, field) and math.ceil(low) > math.floor(high):
        raise SweepError(f"{field} has no integer within {low:g} to {high:g}; widen the range", field)
    if axis.scale is Scale.LOG and low <= 0:
        raise SweepError(f"{field} {low:g} to {high:g} has no log scale; start above 0", field)
    if mode is SweepMode.GRID and axis.n is None:
        raise SweepError(
            f"{field} {low:g} to {high:g} needs a number of points, as {low:g}:{high:g}:5", field
        )


def is_number(config: type[Config], field: str) -> bool:
    """Whether a field is numeric, and so takes ranges."""
    return any(kind in (int, float) for kind in _kinds(config, field))


def _is_whole(config: type[Config], field: str) -> bool:
    return int in _kinds(config, field)


def _kinds(config: type[Config], field: str) -> tuple[Any, ...]:
    annotation = config.model_fields[field].annotation
    return typing.get_args(annotation) if _is_union(annotation) else (annotation,)


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (types.UnionType, typing.Union)


def _require_count(spec: SweepSpec) -> None:
    settings = count_settings(spec)
    if settings * spec.seeds <= MOST_RUNS:
        return
    of_seeds = f" × {spec.seeds} seeds = {settings * spec.seeds:,} runs" if spec.seeds > 1 else " runs"
    raise SweepError(
        f"{settings:,}{' settings' if spec.seeds > 1 else ''}{of_seeds} are more than the {MOST_RUNS:,} that "
        f"a sweep may have; {_advice(spec)}",
        "samples" if spec.mode is SweepMode.RANDOM else _longest(spec.axes).field,
    )


def _advice(spec: SweepSpec) -> str:
    most = MOST_RUNS // spec.seeds
    if spec.mode is SweepMode.RANDOM:
        return f"draw {most} samples or fewer"
    longest = _longest(spec.axes)
    n = longest.n if longest.is_range else len(longest.values)
    return f"give {longest.field} fewer than {n} values, or draw {min(most, 100)} of them with mode random"


def _longest(axes: Sequence[Axis]) -> Axis:
    return max(axes, key=lambda axis: axis.n or 0 if axis.is_range else len(axis.values))
