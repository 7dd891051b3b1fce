"""The header of every page."""

from typing import TypedDict

from frontend.ui.components import ignore, load_component, trigger

_HEADER = load_component(__file__)


class PageLink(TypedDict):
    key: str
    title: str
    href: str
    letter: str
    question: str
    listed: bool


def draw_header(pages: list[PageLink], current: str, run_id: str | None) -> str | None:
    """Draw the header; returns the key of the page the user chose, or None."""
    data = {"pages": pages, "current": current, "run_id": run_id}
    page = trigger(_HEADER(data=data, key="header_bar", on_go_change=ignore), "go")
    return str(page) if page else None
