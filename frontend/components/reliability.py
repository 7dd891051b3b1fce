"""Reliability of an evaluation's confidences."""

from frontend.components import load_component
from shared.contract.evaluations import Calibration

_DIAGRAM = load_component("reliability", parts=("svg_chart",))


def draw_reliability(found: Calibration) -> None:
    """Draws accuracy against confidence in ten bins, as the classifier says it and after the temperature."""
    before = {
        "title": "As it says",
        "counts": found.counts,
        "confidences": found.confidences,
        "accuracies": found.accuracies,
        "ece": found.ece,
    }
    after = {
        "title": f"At temperature {found.temperature:.3g}",
        "counts": found.scaled_counts,
        "confidences": found.scaled_confidences,
        "accuracies": found.scaled_accuracies,
        "ece": found.scaled_ece,
    }
    _DIAGRAM(data={"sides": [before, after]}, key="reliability")
