"""The live queue, above the list of runs."""

from frontend.ui.components import ignore, load_component, trigger

_QUEUE = load_component(__file__)


def draw_queue() -> str | None:
    """Draw the queue, which the browser fetches; returns the run the user opened, or None."""
    opened = trigger(_QUEUE(data={}, key="queue_list", on_open_change=ignore), "open")
    return str(opened) if opened else None
