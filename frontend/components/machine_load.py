"""Machine usage of a worker over time."""

from frontend.components import load_component

_LOAD = load_component("machine_load")


def draw_machine_load(run_id: str, *, ended: bool) -> None:
    """Draw CPU, memory and, if present, GPU usage; updates live."""
    _LOAD(data={"run_id": run_id, "ended": ended}, key=f"machine_load_{run_id}")
