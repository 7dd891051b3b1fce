"""One-vs-rest ROC and precision–recall curves of each class."""

from collections.abc import Callable

from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component

KEY = "class_curves"
_CURVES = load_component(__file__)


def draw_class_curves(evaluation: str, chosen: str | None, *, on_pick: Callable[[str | None], None]) -> None:
    """Draw the curves of an evaluation with `chosen` in front; the browser fetches them. `on_pick` gets the
    clicked class, or None for the chosen one, before the next rerun."""
    picked = on_trigger(KEY, "pick", lambda pick: on_pick(pick["name"]))
    _CURVES(data={"evaluation": evaluation, "chosen": chosen}, key=KEY, on_pick_change=picked)
