"""The header of every page."""

from typing import TypedDict

from frontend.components import ignore, load_component, trigger

_HEADER = load_component("header", parts=("notices",))


class PageLink(TypedDict):
    key: str
    title: str
    href: str
    letter: str
    question: str


def draw_header(pages: list[PageLink], current: str, run_id: str | None) -> str | None:
    """Draws the header; the key of the page that was asked for, if one was."""
    data = {"pages": pages, "current": current, "run_id": run_id}
    wanted = trigger(_HEADER(data=data, key="header_bar", on_go_change=ignore), "go")
    return str(wanted) if wanted else None
