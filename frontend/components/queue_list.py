"""The live queue, above the list of runs."""

from frontend.components import ignore, load_component, trigger

_QUEUE = load_component("queue_list")


def draw_queue() -> str | None:
    """Draws it; the browser asks for it itself. The run that was opened, if one was."""
    opened = trigger(_QUEUE(data={}, key="queue_list", on_open_change=ignore), "open")
    return str(opened) if opened else None
