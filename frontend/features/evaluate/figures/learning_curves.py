"""Learning curves of fine-tuned classifiers and their twins trained from scratch."""

from collections.abc import Sequence
from statistics import mean
from typing import Any

from frontend.ui.components import load_component
from shared.contract.evaluations import LearningCurve, TwinCurves

_CURVES = load_component(__file__)


def draw_learning_curves(twins: TwinCurves, key: str) -> None:
    """Draw validation accuracy by epoch for both sides: thin lines for seeds, thick lines for means."""
    _CURVES(data=curves_data(twins), key=key)


def curves_data(twins: TwinCurves) -> dict[str, Any]:
    """Two sides, each with the points of its seeds and their mean over common epochs."""
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
