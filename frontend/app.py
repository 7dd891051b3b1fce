"""The router: page configuration, the header, and the page of the URL."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from frontend.features.compare import page as compare
from frontend.features.data import page as data
from frontend.features.evaluate import page as evaluate
from frontend.features.launch import page as launch
from frontend.features.launch import state as launch_state
from frontend.features.machine import page as machine
from frontend.features.map import page as map_page
from frontend.features.reconstruct import page as reconstruct
from frontend.features.report import page as report
from frontend.features.run import page as run
from frontend.features.runs import page as runs
from frontend.features.search import page as search
from frontend.features.sweep import page as sweep
from frontend.features.sweep import state as sweep_state
from frontend.shell.header import PageLink, draw_header
from frontend.ui.blocks import guarded
from frontend.ui.session import existing_run, go

SHELL = Path(__file__).parent / "shell"
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
STYLE = (SHELL / "page.css").read_text(encoding="utf-8")


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
    run_id = existing_run()
    with st.container(key="header"):
        target = draw_header(
            [_link(key) for key in PAGES],
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
    listed = key not in PARENT_PAGES
    return {
        "key": key,
        "title": title,
        "href": href,
        "letter": letter,
        "question": question,
        "listed": listed,
    }


ICON = str(SHELL / "icon.svg")

main()
