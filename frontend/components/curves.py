"""The live curves of one run."""

from frontend.components import load_component
from shared.contract.runs import Run

# Plotly writes its style sheet into the document's head, which a shadow root would not see.
_CURVES = load_component("curves", parts=("curves_data", "curves_plot"), isolate_styles=False)


def draw_curves(run: Run) -> None:
    """Draws loss, accuracy, learning rate, speed, and of a pretraining the rank of its features; the browser
    fetches the points itself."""
    _CURVES(data={"run_id": run.id, "traits": run.traits}, key=f"curves_{run.id}")
