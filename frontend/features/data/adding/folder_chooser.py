"""Choosing an import source from the folders of the server."""

from collections.abc import Callable

from frontend.ui.browser_view import on_trigger
from frontend.ui.components import load_component

_CHOOSER = load_component(__file__)


def draw_folder_chooser(key: str, *, on_choose: Callable[[str], None]) -> None:
    """Draw the folders; `on_choose` gets the chosen path before the next rerun."""
    _CHOOSER(key=key, on_choose_change=on_trigger(key, "choose", on_choose))
