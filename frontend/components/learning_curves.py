"""Fine-tuned classifiers and their twins from random weights, epoch by epoch."""

from collections.abc import Sequence
from statistics import mean
from typing import Any

from frontend.components import load_component
from shared.contract.evaluations import LearningCurve, TwinCurves

_CURVES = load_component("learning_curves", parts=("palette", "svg_chart"))


def draw_learning_curves(twins: TwinCurves, key: str) -> None:
    """Draws each seed thin, their mean thick, of both; accuracy on validation by epoch."""
    _CURVES(data=curves_data(twins), key=key)


def curves_data(twins: TwinCurves) -> dict[str, Any]:
    """Two sides, each with its seeds' points and their mean over the epochs that all of them have."""
    sides = (("fine-tuned", twins.tuned), ("from scratch", twins.scratch))
    return {
        "epochs": twins.epochs,
        "sides": [_side(name, curves) for name, curves in sides if curves],
    }


def _side(name: str, curves: Sequence[LearningCurve]) -> dict[str, Any]:
    shared = min(len(one.epochs) for one in curves)
    return {
        "name": name,
        "seeds": [
            {"name": f"seed {one.seed}", "points": list(zip(one.epochs, one.accuracy, strict=True))}
            for one in curves
        ],
        "mean": [
            (curves[0].epochs[place], mean(one.accuracy[place] for one in curves)) for place in range(shared)
        ],
    }
