"""The results of a sweep: progress, figure, table and actions."""

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.sweep import state as sweep_state
from frontend.features.sweep.rows import progress_words, sweep_data
from frontend.features.sweep.sweep_results import draw_sweep_results
from frontend.ui.blocks import empty_state, facts, guarded, headline, wrong
from frontend.ui.session import client, go
from frontend.ui.sweep_form import form_of
from frontend.ui.wording import plural
from shared.contract import endpoints
from shared.contract.sweeps import SweepReport, objective_of
from shared.planning.sweep_words import axis_words

REFUSED, OPENED = "sweep_verb_refused", "sweep_opened"
LATER = "5s"
MOST_COMPARED = 50
"""The limit of the Compare page."""


def draw_results(report: SweepReport) -> None:
    """The current state of the sweep, refreshed while it is active."""
    first = [report]  # drawn immediately; only the fragment fetches it again
    active = report.summary.active > 0
    st.fragment(guarded, run_every=LATER if active else None)(
        lambda: _draw(report.summary.id, first, was_active=active)
    )


def _draw(sweep_id: str, first: list[SweepReport], *, was_active: bool) -> None:
    opened = st.session_state.pop(OPENED, None)
    if opened:
        go("run", run=opened)
    report = first.pop() if first else client().call(endpoints.GET_SWEEP, sweep_id=sweep_id)
    if was_active != (report.summary.active > 0):  # the fragment has to start or stop refreshing
        st.rerun()
    _draw_head(report)
    _draw_actions(report)
    if report.summary.runs == report.summary.lost and not any(one.run_id for one in report.members):
        empty_state("This sweep has no runs.", "They were deleted or never queued. Queue them above.")
    draw_sweep_results(sweep_data(report), on_pick=_open)
    _draw_stopped(report)


def _draw_stopped(report: SweepReport) -> None:
    early = [(str(one.run_id), one.reason or "") for one in report.members if one.stopped_early]
    if early:
        with st.expander(f"Stopped early · {plural(len(early), 'run')}", key="sweep_stopped"):
            facts(early)


def _draw_head(report: SweepReport) -> None:
    one, objective = report.summary, objective_of(report.spec)
    over = ", ".join(f"{axis.field} {axis_words(axis)}" for axis in report.spec.axes)
    measured = f"; objective: best {objective.title} of each run on validation rows" if objective else ""
    kind = f"{one.kind} on {one.dataset} over {over}{measured}"
    headline(one.name or one.id, progress_words(one), f"{one.id}: {kind}.")


def _draw_actions(report: SweepReport) -> None:
    one = report.summary
    with st.container(horizontal=True, vertical_alignment="center"):
        if one.lost:
            words = f"Requeue {plural(one.lost, 'run')}"
            st.button(words, type="primary", on_click=_request, args=("retry", one.id), key="sweep_retry")
        if one.active:
            st.button("Stop", on_click=_request, args=("stop", one.id), key="sweep_stop")
        if st.button("Compare its runs", key="sweep_compare"):
            go("compare", runs=",".join(best_runs(report)[:MOST_COMPARED]))
        if st.button("Other sweeps", key="sweep_others"):
            sweep_state.leave_results()
        if st.button("Change and sweep again", key="sweep_again"):
            over = [f"{axis.field}={axis_words(axis)}" for axis in report.spec.axes]
            sweep_state.leave()
            go("sweep", **form_of(report.spec, over).to_query())
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        wrong(refused)


def best_runs(report: SweepReport) -> list[str]:
    """Run ids, those of the best setting first."""
    runs = {member.place: member.run_id for member in report.members}
    places = [place for setting in report.settings for place in setting.members]
    return [run_id for place in places if (run_id := runs[place]) is not None]


def _open(run_id: str) -> None:
    st.session_state[OPENED] = run_id


def _request(verb: str, sweep_id: str) -> None:
    """Call the API; an error is shown on the next rerun."""
    verbs = {"retry": endpoints.RETRY_SWEEP, "stop": endpoints.STOP_SWEEP}
    try:
        client().call(verbs[verb], sweep_id=sweep_id)
    except ApiError as error:
        st.session_state[REFUSED] = error.detail
