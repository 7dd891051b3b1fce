"""Reliability diagrams of an evaluation."""

from frontend.ui.components import load_component
from shared.contract.evaluations import Calibration

_DIAGRAM = load_component(__file__)


def draw_reliability(found: Calibration) -> None:
    """Draw accuracy against confidence in ten bins, before and after temperature scaling."""
    before = {
        "title": "Uncalibrated",
        "counts": found.counts,
        "confidences": found.confidences,
        "accuracies": found.accuracies,
        "ece": found.ece,
    }
    after = {
        "title": f"Temperature {found.temperature:.3g}",
        "counts": found.scaled_counts,
        "confidences": found.scaled_confidences,
        "accuracies": found.scaled_accuracies,
        "ece": found.scaled_ece,
    }
    _DIAGRAM(data={"sides": [before, after]}, key="reliability")
