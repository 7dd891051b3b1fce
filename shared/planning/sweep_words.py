"""The syntax of axes: 0.5,0.75 is a list, 1e-3:1e-2:4:log a range."""

import json
from collections.abc import Mapping
from typing import Any

from shared.contract.sweeps import Axis, Scale
from shared.planning.sweep_draws import SweepError

HOW = "write values as 0.5,0.75, or a range as 0.5:0.9:5 or 1e-4:1e-2:5:log"


def read_axis(words: str) -> Axis:
    """The axis of blr=1e-3:1e-2:4:log, or of mask_ratio=0.5,0.75. Raises SweepError."""
    field, equals, rest = words.partition("=")
    if not equals or not field.strip():
        raise SweepError(f"{words!r} is not field=values")
    return axis_of(field.strip(), rest)


def axis_of(field: str, words: str) -> Axis:
    """The axis of a field with the values in `words`. Raises SweepError."""
    parts = [part.strip() for part in words.split(",") if part.strip()]
    if not parts:
        raise SweepError(f"{field} has no values; {HOW}", field)
    if len(parts) == 1 and ":" in parts[0]:
        return _range(field, parts[0])
    return Axis(field=field, values=[_scalar(part) for part in parts])


def _range(field: str, words: str) -> Axis:
    parts = words.split(":")
    scale = Scale.LINEAR
    if parts[-1] in list(Scale):
        scale = Scale(parts.pop())
    try:
        low, high, *n = [float(part) for part in parts]
        if len(n) > 1 or any(one != int(one) or not 2 <= one <= 1000 for one in n):
            raise ValueError
    except (ValueError, OverflowError):
        raise SweepError(f"{field} = {words} is not a range; {HOW}", field) from None
    return Axis(field=field, low=low, high=high, n=int(n[0]) if n else None, scale=scale)


def axis_words(axis: Axis) -> str:
    """The values of an axis, as read by axis_of."""
    if not axis.is_range:
        return ",".join(show_value(value) for value in axis.values)
    ends = f"{axis.low!r}:{axis.high!r}"
    points = f":{axis.n}" if axis.n is not None else ""
    return ends + points + (":log" if axis.scale is Scale.LOG else "")


def setting_words(values: Mapping[str, Any]) -> str:
    """mask_ratio=0.5 blr=0.001"""
    return " ".join(f"{field}={show_value(value)}" for field, value in values.items())


def show_value(value: Any) -> str:
    """A value in its shortest form."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _scalar(word: str) -> Any:
    named = {"none": None, "null": None, "true": True, "false": False}
    if word.lower() in named:
        return named[word.lower()]
    try:
        value = json.loads(word)
    except json.JSONDecodeError:
        return word
    return value if isinstance(value, int | float) else word
