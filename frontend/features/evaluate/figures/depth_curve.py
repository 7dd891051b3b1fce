"""Accuracy by encoder depth."""

from collections.abc import Sequence
from typing import Any

from frontend.ui.components import load_component
from shared.contract.evaluations import Evaluation

_CURVE = load_component(__file__)


def draw_depth_curve(one: Evaluation, baselines: Sequence[tuple[str, float]]) -> None:
    """Draw the validation accuracies of `one` by depth, and named baselines as dashed lines."""
    _CURVE(data=curve_data(one, baselines), key="depth_curve")


def curve_data(one: Evaluation, baselines: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """One line per pooling with points sorted by depth, and the chosen point."""
    poolings = sorted({point.pooling for point in one.depth_curve})
    lines = [
        {
            "name": pooling,
            "points": sorted(
                (point.depth, point.accuracy) for point in one.depth_curve if point.pooling == pooling
            ),
        }
        for pooling in poolings
    ]
    chosen = {"depth": one.depth, "pooling": one.pooling} if one.depth is not None else None
    layers = one.layers or max(point.depth for point in one.depth_curve)
    return {
        "lines": lines,
        "chosen": chosen,
        "baselines": [list(pair) for pair in baselines],
        "layers": layers,
    }
