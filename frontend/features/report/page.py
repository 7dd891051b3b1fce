"""Report: do the report's claims hold?"""

from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.report.suite_rows import draw_suite_rows
from frontend.ui.blocks import empty_state, facts, guarded, page_title, section, wrong
from frontend.ui.session import client, go
from frontend.ui.wording import capitalised, plural
from shared.contract import endpoints
from shared.contract.endpoints import Endpoint
from shared.contract.suites import PlannedRun, SuiteInfo, SuiteReport, SuiteRequest, SuiteScale

QUESTION = "Do the report's claims hold?"
STATE: dict[str, Any] = {"suite": "R2", "scale": SuiteScale.LAPTOP.value, "dataset": "", "seeds": "3"}
SCALES = {SuiteScale.LAPTOP.value: "laptop, 64 px", SuiteScale.PAPER.value: "paper, 224 px"}
MOST_SEEDS = 10


def show() -> None:
    """One suite: its rows, claims and runs."""
    page_title("Report", QUESTION)
    labelled = [dataset.name for dataset in client().call(endpoints.LIST_DATASETS) if dataset.class_counts]
    if not labelled:
        empty_state(
            "There is no labelled dataset yet.", "Suites compare accuracies and need galaxies with labels."
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("Add a dataset", type="primary"):
                go("data")
        return
    suites = {suite.key: suite for suite in client().call(endpoints.LIST_SUITES)}
    selection = _settle(suites, labelled)
    _draw_choice(suites, labelled, selection)
    suite = suites[selection["suite"]]
    section(f"{suite.key} · {suite.title}", suite.question)
    first = [_report(selection)]  # drawn immediately; only the fragment fetches it again
    active = first[0].active > 0
    st.fragment(guarded, run_every="5s" if active else None)(lambda: _draw_report(selection, first, active))
    if suite.choices:
        section("Unspecified in the report", "and our choices")
        facts([(capitalised(choice.what), choice.ours) for choice in suite.choices])


def _settle(suites: dict[str, SuiteInfo], labelled: list[str]) -> dict[str, str]:
    """The selection in the address, with defaults for invalid values."""
    selection = {key: st.query_params.get(key, default) for key, default in STATE.items()}
    selection["suite"] = selection["suite"] if selection["suite"] in suites else STATE["suite"]
    selection["scale"] = selection["scale"] if selection["scale"] in SCALES else STATE["scale"]
    selection["dataset"] = selection["dataset"] if selection["dataset"] in labelled else labelled[0]
    seeds = selection["seeds"]
    selection["seeds"] = seeds if seeds.isdigit() and 1 <= int(seeds) <= MOST_SEEDS else STATE["seeds"]
    return selection


def _draw_choice(suites: dict[str, SuiteInfo], labelled: list[str], selection: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choose("suite", list(suites), selection, 330, lambda key: f"{key} · {suites[key].title}")
        _choose("dataset", labelled, selection, 220, str)
        _choose("scale", list(SCALES), selection, 170, SCALES.__getitem__)
        _choose("seeds", [str(n) for n in range(1, MOST_SEEDS + 1)], selection, 90, str)


def _choose(field: str, options: list[str], selection: dict[str, str], width: int, words: Any) -> None:
    key = f"report_{field}"
    st.session_state[key] = selection[field]

    def take() -> None:
        st.query_params[field] = st.session_state[key]

    st.selectbox(field.capitalize(), options, key=key, format_func=words, on_change=take, width=width)


def _suite_request(selection: dict[str, str]) -> SuiteRequest:
    scale, seeds = SuiteScale(selection["scale"]), int(selection["seeds"])
    return SuiteRequest(dataset=selection["dataset"], scale=scale, seeds=seeds)


def _report(selection: dict[str, str]) -> SuiteReport:
    request = _suite_request(selection)
    return client().call(endpoints.GET_SUITE_REPORT, key=selection["suite"], **request.model_dump())


def _draw_report(selection: dict[str, str], first: list[SuiteReport], was_active: bool) -> None:
    opened = st.session_state.pop("report_opened", None)
    if opened:
        go("evaluate", evaluation=opened)
    report = first.pop() if first else _report(selection)
    if was_active and not report.active:
        st.rerun()
    _draw_actions(report, selection)
    if report.plan.rows and (report.done or report.active):
        draw_suite_rows(report, on_pick=_open)
    elif not report.done and not report.active:
        empty_state(
            "This suite has no runs yet.",
            "Launch it; rows appear here as its runs finish.",
        )
    with st.expander(f"Runs · {state_words(report)}", key=f"report_runs_{selection['suite']}"):
        facts([(planned.slot.key, run_words(planned)) for planned in report.runs])


def _draw_actions(report: SuiteReport, selection: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if report.missing:
            words = (
                f"Launch {plural(report.missing, 'run')}"
                if not report.done
                else f"Launch {plural(report.missing, 'missing run')}"
            )
            st.button(words, type="primary", on_click=_launch, args=(selection,), key="report_launch")
        if report.active:
            st.button("Stop", on_click=_stop, args=(selection,), key="report_stop")
        st.caption(f"{state_words(report)}{cost_words(report)}")
        request = _suite_request(selection).model_dump()
        for file_format in ("html", "md"):
            href = endpoints.SUITE_FILE.url(key=selection["suite"], file_format=file_format, **request)
            st.html(f'<a class="gx-file" href="{href}" download>{file_format.upper()}</a>', width="content")
    refused = st.session_state.pop("report_refused", None)
    if refused:
        wrong(refused)


def state_words(report: SuiteReport) -> str:
    """12 of 18 runs finished, 2 active or waiting."""
    active = f", {report.active} active or waiting" if report.active else ""
    return f"{report.done} of {len(report.runs)} runs finished{active}"


def cost_words(report: SuiteReport) -> str:
    """The time the missing runs would take, if known from earlier runs."""
    if not report.missing or report.cost_s is None:
        return ""
    minutes = report.cost_s / 60
    time = f"{minutes:.0f} min" if minutes >= 2 else f"{report.cost_s:.0f} s"
    return f"; missing runs take about {time}"


def run_words(planned: PlannedRun) -> str:
    """The run that fills a slot, and its state."""
    return "not launched" if planned.run is None else f"{planned.run.id}: {planned.run.state.value}"


def _open(evaluation: str) -> None:
    st.session_state["report_opened"] = evaluation


def _launch(selection: dict[str, str]) -> None:
    _request(endpoints.LAUNCH_SUITE, selection)


def _stop(selection: dict[str, str]) -> None:
    _request(endpoints.STOP_SUITE, selection)


def _request(endpoint: Endpoint[SuiteReport], selection: dict[str, str]) -> None:
    """Call the API; an error is shown on the next rerun."""
    try:
        client().call(endpoint, key=selection["suite"], body=_suite_request(selection))
    except ApiError as error:
        st.session_state["report_refused"] = error.detail
