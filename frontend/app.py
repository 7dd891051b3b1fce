"""The router: page configuration, the header, and the page of the URL."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from frontend import launch_state, sweep_state
from frontend.app_pages import (
    compare,
    data,
    evaluate,
    launch,
    machine,
    reconstruct,
    report,
    run,
    runs,
    search,
    sweep,
)
from frontend.app_pages import map as map_page
from frontend.blocks import guarded
from frontend.components.header import PageLink, draw_header
from frontend.session import go, selected_run

PAGES: dict[str, tuple[str, str, str, Callable[[], None]]] = {
    "runs": ("Runs", "r", runs.QUESTION, runs.show),
    "launch": ("Launch", "l", launch.QUESTION, launch.show),
    "run": ("Run", "u", run.QUESTION, run.show),
    "reconstruct": ("Reconstruct", "e", reconstruct.QUESTION, reconstruct.show),
    "search": ("Search", "s", search.QUESTION, search.show),
    "map": ("Map", "p", map_page.QUESTION, map_page.show),
    "evaluate": ("Evaluate", "v", evaluate.QUESTION, evaluate.show),
    "compare": ("Compare", "c", compare.QUESTION, compare.show),
    "report": ("Report", "o", report.QUESTION, report.show),
    "data": ("Data", "d", data.QUESTION, data.show),
    "machine": ("Machine", "m", machine.QUESTION, machine.show),
    "sweep": ("Sweep", "w", sweep.QUESTION, sweep.show),
}
PARENT_PAGES = {"sweep": "launch"}  # pages without a header link, and the link highlighted for them
STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def main() -> None:
    """Draw the header and the page."""
    st.set_page_config(page_title="Galaxyscope", page_icon=ICON, layout="wide")
    pages = {
        key: st.Page(show, title=title, url_path=key, default=key == "runs", help=question)
        for key, (title, _, question, show) in PAGES.items()
    }
    st.session_state["pages"] = pages
    page = st.navigation(list(pages.values()), position="hidden")
    current = page.url_path or "runs"
    st.session_state["current_page"] = current
    st.html(f"<style>{STYLE}</style>")
    run_id = selected_run()
    with st.container(key="header"):
        target = draw_header(
            [_link(key) for key in PAGES if key not in PARENT_PAGES],
            PARENT_PAGES.get(current, current),
            run_id,
        )
    if target in PAGES and target != current:
        go(target)
    if current != "launch":
        launch_state.leave()
    if current != "sweep":
        sweep_state.leave()
    guarded(page.run, retry=True)


def _link(key: str) -> PageLink:
    title, letter, question, _ = PAGES[key]
    href = "/" if key == "runs" else f"/{key}"
    return {"key": key, "title": title, "href": href, "letter": letter, "question": question}


ICON = str(Path(__file__).parent / "icon.svg")

main()
