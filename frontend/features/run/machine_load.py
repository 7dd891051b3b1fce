"""Machine usage of a worker over time."""

from frontend.ui.components import load_component

_LOAD = load_component(__file__)


def draw_machine_load(run_id: str, *, ended: bool) -> None:
    """Draw CPU, memory and, if present, GPU usage; updates live."""
    _LOAD(data={"run_id": run_id, "ended": ended}, key=f"machine_load_{run_id}")
