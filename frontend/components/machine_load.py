"""What the worker of a run took of its machine over time."""

from frontend.components import load_component

_LOAD = load_component("machine_load", parts=("svg_chart",))


def draw_machine_load(run_id: str, *, ended: bool) -> None:
    """Draws processor, memory and, where there is one, GPU; new looks appear by themselves."""
    _LOAD(data={"run_id": run_id, "ended": ended}, key=f"machine_load_{run_id}")
