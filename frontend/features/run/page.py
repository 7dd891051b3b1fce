"""Run: is it learning?"""

from functools import partial

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.run.curves import draw_curves
from frontend.features.run.deletion import draw_deletion, leave_deleted
from frontend.features.run.export import draw_export
from frontend.features.run.labels import draw_labels
from frontend.features.run.machine_load import draw_machine_load
from frontend.features.run.missing_encoder import draw_missing_encoder
from frontend.features.run.run_status import draw_run_status
from frontend.features.run.samples import draw_samples
from frontend.ui.blocks import empty_state, facts, guarded, page_title, section, wrong
from frontend.ui.config_form import changed_values, show_value, starting_values, to_query
from frontend.ui.own_dataset import missing_dataset, own_dataset
from frontend.ui.session import client, go, selected_run
from frontend.ui.wording import clock, count, dataset_title, plural, widest_interval
from shared.base.states import TERMINAL, RunState
from shared.base.vocabulary import Split
from shared.configs import PretrainConfig
from shared.configs.kinds import JOB_KINDS, RunKind, Trait, has_trait
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.runs import Run

QUESTION = "Is it learning?"


def show() -> None:
    """One run: status, curves, reconstructions and details."""
    leave_deleted()
    run = _find_run()
    if run is None:
        return
    dataset = own_dataset(run, client().call(endpoints.LIST_DATASETS))
    action = draw_run_status(run, _footnote(run, dataset), _noise(dataset))
    if action.again:
        _again(run)
    if action.reconstruct:
        go("reconstruct", run=run.id)
    if action.evaluate:
        go("evaluate", run=run.id)
    if action.search:
        go("search", run=run.id)
    draw_missing_encoder(run)
    if run.state is RunState.FAILED:
        _draw_log(run)
    if has_trait(run.kind, Trait.TRAINS):
        draw_curves(run)
    if has_trait(run.kind, Trait.SAMPLES):
        section("Fixed galaxies", "original, masked, and reconstructed at each evaluation")
        draw_samples(run.id)
    section("Details")
    if has_trait(run.kind, Trait.TRAINS):
        _draw_next_steps(run)
    draw_export(run)
    draw_labels(run)
    _draw_config(run)
    _draw_events(run.id, run.state in TERMINAL)
    _draw_load(run)
    if run.state is not RunState.FAILED:
        _draw_log(run)
    draw_deletion(run)


def _find_run() -> Run | None:
    """The selected run, else the newest; draws an empty state if there is none."""
    run_id = selected_run()
    try:
        if run_id is not None:
            return client().call(endpoints.GET_RUN, run_id=run_id)
        newest = client().call(endpoints.LIST_RUNS, limit=1)
    except ApiError as error:
        if error.status != 404:
            raise
        _draw_empty(f"There is no run {run_id}; it may have been deleted.", "", "runs")
        return None
    if newest:
        st.session_state["selected_run"] = newest[0].id
        st.query_params["run"] = newest[0].id
        st.rerun()
    _draw_empty("Nothing has been trained yet.", "Launch a run; its curves appear here.", "launch")
    return None


def _draw_empty(sentence: str, advice: str, page: str) -> None:
    page_title("Run", QUESTION)
    empty_state(sentence, advice)
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Launch a run" if page == "launch" else "All runs", type="primary"):
            st.session_state.pop("selected_run", None)
            st.query_params.pop("run", None)
            go(page)


def _again(run: Run) -> None:
    """Open the launch form with the values of this run; a classifier, which has no form, is queued again."""
    if run.kind is RunKind.PRETRAIN:
        go("launch", **retry_query(run))
    try:
        go("run", run=client().call(endpoints.RETRY_RUN, run_id=run.id).id)
    except ApiError as error:
        wrong(error.detail)


def retry_query(run: Run) -> dict[str, str | list[str]]:
    """The launch form's query that repeats this run."""
    base = starting_values(PretrainConfig, _preset_values(run))
    preset = run.preset or ""
    return to_query(preset, run.dataset, changed_values(run.config, base), run.name or "", run.id)


def _preset_values(run: Run) -> dict[str, object]:
    found = [preset.values for preset in client().call(endpoints.LIST_PRESETS) if preset.key == run.preset]
    return dict(found[0]) if found else {}


def _noise(dataset: Dataset | None) -> float | None:
    """The uncertainty of an accuracy on validation rows; None unless all rows have a label."""
    n = dataset.split_counts.get(Split.VAL, 0) if dataset and not dataset.unlabelled else 0
    return widest_interval(n) if n else None


def _footnote(run: Run, dataset: Dataset | None) -> str:
    """How the accuracies were measured."""
    if dataset is None:
        return f"Measured on validation rows. {missing_dataset(run, ())}"
    n = count(dataset.split_counts.get(Split.VAL, 0))
    title = dataset_title(dataset.name, dataset.simulated)
    words = [f"Measured on the {n} validation galaxies of {title}."]
    if dataset.class_counts:
        words = [f"Measured on the {n} validation galaxies of {title}; differences in points."]
    noise = _noise(dataset)
    if noise:
        words.append(f"Each accuracy has an uncertainty of up to ±{100 * noise:.2g} points (95 %, Wilson).")
    if run.config.get("pretrain_rows") == "all":
        words.append("Transductive: pretraining used the pixels of all rows.")
    if has_trait(run.kind, Trait.CLASSIFIES):
        words.append(
            "References are measured on validation rows; test rows are read once, at the end, for the best "
            "epoch."
        )
    elif dataset.class_counts:
        words.append(_estimator(run.config.get("online_probe")))
    return " ".join(words)


def _estimator(online_probe: str | None) -> str:
    """How the linear accuracies were measured."""
    init = "Random init is the encoder of this run at step 0"
    if online_probe == "sgd":
        return (
            "Linear probe: SGD alongside the training encoder. "
            f"{init}; like raw pixels it is probed by L-BFGS on frozen features."
        )
    return f"{init}." if online_probe == "off" else f"Linear probe: L-BFGS on frozen features. {init}."


def _draw_config(run: Run) -> None:
    base = starting_values(JOB_KINDS[run.kind].config, _preset_values(run))
    changed = changed_values(run.config, base)
    label = f"Config · {len(changed)} changed from {run.preset}" if run.preset else "Config"
    with st.expander(label):
        if changed:
            facts(
                [(k, f"{show_value(v)}   (preset: {show_value(base[k])})") for k, v in changed.items()],
                changed=True,
            )
        rest = [(k, show_value(v)) for k, v in run.config.items() if k not in changed]
        left, middle, right = st.columns(3)
        third = -(-len(rest) // 3)
        for column, start in ((left, 0), (middle, third), (right, 2 * third)):
            with column:
                facts(rest[start : start + third])


def _draw_next_steps(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Compare with others"):
            go("compare", runs=run.id)
        for sweep in client().call(endpoints.LIST_SWEEPS, run=run.id):
            if st.button(f"Sweep {sweep.name or sweep.id}", key=f"to_{sweep.id}"):
                go("sweep", sweep=sweep.id)
        if st.button("Sweep over these settings…"):
            go("sweep", kind=run.kind.value, start=f"run:{run.id}", on=run.dataset or "")


def _draw_events(run_id: str, ended: bool) -> None:
    with st.expander("Events"):
        st.fragment(guarded, run_every=None if ended else "3s")(partial(_events, run_id))


def _events(run_id: str) -> None:
    rows = []
    for event in client().call(endpoints.LIST_EVENTS, run_id=run_id):
        note = event.from_state == event.to_state
        change = (
            event.to_state if event.from_state is None or note else f"{event.from_state} → {event.to_state}"
        )
        words = f"{change}: {event.reason}" if event.reason else str(change)
        rows.append((clock(event.at), words))
    facts(rows)


def _draw_load(run: Run) -> None:
    with st.expander("Machine: CPU, memory, GPU", key=f"load_{run.id}", on_change="rerun") as fold:
        if fold.open:
            draw_machine_load(run.id, ended=run.state in TERMINAL)


def _draw_log(run: Run) -> None:
    ended = run.state in TERMINAL
    with st.expander("Log", expanded=run.state is RunState.FAILED):
        st.fragment(guarded, run_every=None if ended else "3s")(partial(_log, run.id))


def _log(run_id: str) -> None:
    find = st.text_input(
        "Find", key=f"find_{run_id}", placeholder="Find in the log", label_visibility="collapsed"
    )
    tail = client().call(endpoints.GET_LOG, run_id=run_id, lines=500 if find else 60, find=find)
    if not tail.lines:
        st.caption(f"No line contains “{find}”." if find else "The log is empty.")
        return
    if find:
        st.caption(f"{'Last ' if tail.truncated else ''}{plural(len(tail.lines), 'line')} with “{find}”")
    with st.container(height=320 if len(tail.lines) > 12 else "content", border=False):
        st.code("\n".join(tail.lines), language=None, wrap_lines=True)  # the keyboard scrolls by its button
