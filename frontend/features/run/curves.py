"""The live curves of one run."""

from frontend.ui.components import load_component
from shared.contract.runs import Run

# Plotly writes its style sheet into the document head, which does not apply inside a shadow root.
_CURVES = load_component(__file__)


def draw_curves(run: Run) -> None:
    """Draw loss, accuracy, learning rate, speed and, for pretraining, the feature rank; the browser fetches
    the points."""
    _CURVES(data={"run_id": run.id, "traits": run.traits}, key=f"curves_{run.id}")
