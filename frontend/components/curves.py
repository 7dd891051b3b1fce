"""The live curves of one run."""

from frontend.components import load_component

# Plotly writes its style sheet into the document's head, which a shadow root would not see.
_CURVES = load_component("curves", parts=("curves_data", "curves_plot"), isolate_styles=False)


def draw_curves(run_id: str) -> None:
    """Draws loss, accuracy, rank, learning rate and speed; the browser fetches the points itself."""
    _CURVES(data={"run_id": run_id}, key=f"curves_{run_id}")
