"""The live curves of one run."""

from frontend.components import load_component
from shared.base.runs import RunKind

# Plotly writes its style sheet into the document's head, which a shadow root would not see.
_CURVES = load_component("curves", parts=("curves_data", "curves_plot"), isolate_styles=False)


def draw_curves(run_id: str, kind: RunKind) -> None:
    """Draws loss, accuracy, learning rate, speed, and of a pretraining the rank of its features; the browser
    fetches the points itself."""
    _CURVES(data={"run_id": run_id, "kind": kind.value}, key=f"curves_{run_id}")
