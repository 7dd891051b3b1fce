"""Report: do the report's claims hold?"""

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from frontend.blocks import empty_state, facts, guarded, page_title, section, wrong
from frontend.client import ApiError
from frontend.components.suite_rows import draw_suite_rows
from frontend.session import client, go
from frontend.wording import plural
from shared.contract.routes import API, SUITE_FILE
from shared.contract.suites import PlannedRun, SuiteInfo, SuiteReport, SuiteScale

QUESTION = "Do the report's claims hold?"
STATE: dict[str, Any] = {"suite": "R2", "scale": SuiteScale.LAPTOP.value, "dataset": "", "seeds": "3"}
SCALES = {SuiteScale.LAPTOP.value: "laptop, 64 px", SuiteScale.PAPER.value: "paper, 224 px"}
MOST_SEEDS = 10


def show() -> None:
    """One suite: its rows, claims and runs."""
    page_title("Report", QUESTION)
    labelled = [dataset.name for dataset in client().list_datasets() if dataset.class_counts]
    if not labelled:
        empty_state(
            "There is no labelled dataset yet.", "Suites compare accuracies: bring in galaxies with labels."
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("Add a dataset", type="primary"):
                go("data")
        return
    suites = {suite.key: suite for suite in client().list_suites()}
    asked = _settle(suites, labelled)
    _draw_choice(suites, labelled, asked)
    suite = suites[asked["suite"]]
    section(f"{suite.key} · {suite.title}", suite.question)
    first = [_report(asked)]  # drawn at once, asked for again by the fragment alone
    active = first[0].active > 0
    st.fragment(guarded, run_every="5s" if active else None)(lambda: _draw_report(asked, first, active))
    if suite.choices:
        section("What the report does not state", "and what we chose")
        facts([(choice.what, choice.ours) for choice in suite.choices])


def _settle(suites: dict[str, SuiteInfo], labelled: list[str]) -> dict[str, str]:
    """What the address asks for, mended where it cannot be meant."""
    asked = {key: st.query_params.get(key, default) for key, default in STATE.items()}
    asked["suite"] = asked["suite"] if asked["suite"] in suites else STATE["suite"]
    asked["scale"] = asked["scale"] if asked["scale"] in SCALES else STATE["scale"]
    asked["dataset"] = asked["dataset"] if asked["dataset"] in labelled else labelled[0]
    seeds = asked["seeds"]
    asked["seeds"] = seeds if seeds.isdigit() and 1 <= int(seeds) <= MOST_SEEDS else STATE["seeds"]
    return asked


def _draw_choice(suites: dict[str, SuiteInfo], labelled: list[str], asked: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choose("suite", list(suites), asked, 330, lambda key: f"{key} · {suites[key].title}")
        _choose("dataset", labelled, asked, 220, str)
        _choose("scale", list(SCALES), asked, 170, SCALES.__getitem__)
        _choose("seeds", [str(n) for n in range(1, MOST_SEEDS + 1)], asked, 90, str)


def _choose(field: str, options: list[str], asked: dict[str, str], width: int, words: Any) -> None:
    key = f"report_{field}"
    st.session_state[key] = asked[field]

    def take() -> None:
        st.query_params[field] = st.session_state[key]

    st.selectbox(field, options, key=key, format_func=words, on_change=take, width=width)


def _report(asked: dict[str, str]) -> SuiteReport:
    return client().get_suite_report(
        asked["suite"], SuiteScale(asked["scale"]), asked["dataset"], int(asked["seeds"])
    )


def _draw_report(asked: dict[str, str], first: list[SuiteReport], was_active: bool) -> None:
    opened = st.session_state.pop("report_opened", None)
    if opened:
        go("evaluate", evaluation=opened)
    report = first.pop() if first else _report(asked)
    if was_active and not report.active:
        st.rerun()
    _draw_actions(report, asked)
    if report.plan.rows and (report.done or report.active):
        draw_suite_rows(report, on_pick=_open)
    elif not report.done and not report.active:
        empty_state(
            "None of its runs is there yet.",
            "Launch it: the runs take their turn, and rows appear here as they end.",
        )
    with st.expander(f"Runs · {state_words(report)}", key=f"report_runs_{asked['suite']}"):
        facts([(planned.slot.key, run_words(planned)) for planned in report.runs])


def _draw_actions(report: SuiteReport, asked: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if report.missing:
            words = (
                f"Launch {plural(report.missing, 'run')}"
                if not report.done
                else f"Launch the missing {report.missing}"
            )
            st.button(words, type="primary", on_click=_launch, args=(asked,), key="report_launch")
        if report.active:
            st.button("Stop", on_click=_stop, args=(asked,), key="report_stop")
        st.caption(f"{state_words(report)}{cost_words(report)}")
        query = urlencode({key: asked[key] for key in ("dataset", "scale", "seeds")})
        for file_format in ("html", "md"):
            href = f"{API}{SUITE_FILE.format(key=asked['suite'], file_format=file_format)}?{query}"
            st.html(f'<a class="gx-file" href="{href}" download>{file_format.upper()}</a>', width="content")
    refused = st.session_state.pop("report_refused", None)
    if refused:
        wrong(refused)


def state_words(report: SuiteReport) -> str:
    """How far it is: 12 of 18 runs done, 2 at work or waiting."""
    active = f", {report.active} at work or waiting" if report.active else ""
    return f"{report.done} of {len(report.runs)} runs done{active}"


def cost_words(report: SuiteReport) -> str:
    """What launching the rest would take, where earlier runs tell."""
    if not report.missing or report.cost_s is None:
        return ""
    minutes = report.cost_s / 60
    return (
        f"; the missing take about {minutes:.0f} min"
        if minutes >= 2
        else f"; the missing take about {report.cost_s:.0f} s"
    )


def run_words(planned: PlannedRun) -> str:
    """Which run fills a slot, and its state."""
    return "not launched" if planned.run is None else f"{planned.run.id}: {planned.run.state.value}"


def _open(evaluation: str) -> None:
    st.session_state["report_opened"] = evaluation


def _launch(asked: dict[str, str]) -> None:
    _ask(client().launch_suite, asked)


def _stop(asked: dict[str, str]) -> None:
    _ask(client().stop_suite, asked)


def _ask(verb: Any, asked: dict[str, str]) -> None:
    """A refusal is shown on the next drawing, and nothing chosen is lost."""
    try:
        verb(asked["suite"], SuiteScale(asked["scale"]), asked["dataset"], int(asked["seeds"]))
    except ApiError as error:
        st.session_state["report_refused"] = error.detail
