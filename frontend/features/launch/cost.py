"""The cost card of the launch form: estimates with their sources, and the measuring run."""

import streamlit as st

from frontend.api.client import ApiError, BackendLostError
from frontend.ui.blocks import hint, plain, sourced_facts, wrong
from frontend.ui.jobs.job import draw_job
from frontend.ui.session import client
from frontend.ui.wording import capitalised, count, duration, percent, plural, short_count, size
from shared.base.states import TERMINAL, RunState
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.launching import Estimate
from shared.contract.runs import Run, RunRequest
from shared.planning.cost import Cost

FRESH_S = 8
LATER = "10s"
MEASURE_HELP = (
    "Runs a few real steps and one evaluation of this config in a separate process for some seconds, and "
    "measures time and memory."
)


@st.cache_data(ttl=FRESH_S, max_entries=64, show_spinner=False)
def fetch_estimate(request: str) -> Estimate:
    """The server's estimate for a RunRequest (JSON), cached for some seconds."""
    return client().call(endpoints.ESTIMATE_LAUNCH, body=RunRequest.model_validate_json(request))


def cost_request(config: PretrainConfig, kind: RunKind = RunKind.PRETRAIN) -> RunRequest:
    """The launch request without name and parent, which do not affect the cost."""
    return RunRequest(kind=kind, config=config.model_dump(mode="json"))


def draw_cost(config: PretrainConfig, cost: Cost) -> None:
    """The figures of the card, refreshed periodically while the device is busy."""
    request = cost_request(config)
    waiting = _waits(request)
    st.fragment(_draw_figures, run_every=LATER if waiting else None)(request, cost, waiting)


def _waits(request: RunRequest) -> bool:
    """Whether the launch would have to wait."""
    try:
        return fetch_estimate(request.model_dump_json()).starts_in_s != 0
    except (ApiError, BackendLostError):
        return False


def _draw_figures(request: RunRequest, cost: Cost, waiting: bool) -> None:
    try:
        estimate = fetch_estimate(request.model_dump_json())
    except (ApiError, BackendLostError) as error:
        wrong(str(error))
        return
    sourced_facts(cost_rows(estimate, cost))
    if not estimate.fits:
        need, free = size(estimate.memory_bytes), size(estimate.memory_free_bytes)
        hint(f"Needs {need}, but only {free} are free. Reduce batch_size or the model size.")
    st.caption(plain(_basis(estimate)))
    _draw_measuring(request, estimate)
    if waiting != (estimate.starts_in_s != 0):
        st.rerun()


def cost_rows(estimate: Estimate, cost: Cost) -> list[tuple[str, str, str]]:
    """The rows of the card: name, value, and source of the value."""
    time = estimate.source if estimate.images_per_s else ""
    memory = "measured" if estimate.source == "measured" else "estimated"
    fits = "fits" if estimate.fits else "does not fit"
    forward, training = short_count(estimate.forward_flops), short_count(estimate.training_flops)
    return [
        ("Parameters", _parameters(cost), "exact"),
        (
            "Visible",
            f"{cost.visible} of {cost.patches} patches ({percent(cost.visible / cost.patches)})",
            "exact",
        ),
        ("FLOPs per image", f"{forward} forward, {training} with backward", "exact"),
        (
            "Memory",
            f"{size(estimate.memory_bytes)} of {size(estimate.memory_free_bytes)} free, {fits}",
            memory,
        ),
        ("Epoch", _epoch(estimate, cost), time),
        ("Total", _total(estimate, cost), time),
        ("Disk", f"{size(estimate.disk_bytes)} of {size(estimate.disk_free_bytes)} free", "estimated"),
        ("Starts", _starts(estimate), ""),
    ]


def _parameters(cost: Cost) -> str:
    encoder, decoder = cost.encoder_parameters, cost.decoder_parameters
    return (
        f"{short_count(encoder + decoder)} = {short_count(encoder)} encoder + {short_count(decoder)} decoder"
    )


def _epoch(estimate: Estimate, cost: Cost) -> str:
    steps = plural(cost.steps_per_epoch, "step")
    if estimate.epoch_s is None or estimate.images_per_s is None:
        return f"time unknown, {steps}"
    return f"{duration(estimate.epoch_s)}, {steps}, {count(estimate.images_per_s)} images/s"


def _total(estimate: Estimate, cost: Cost) -> str:
    work = f"{plural(cost.steps, 'step')}, {plural(cost.evaluations, 'evaluation')}"
    return f"time unknown, {work}" if estimate.total_s is None else f"{duration(estimate.total_s)}, {work}"


def _starts(estimate: Estimate) -> str:
    if not estimate.starts_in_s:
        return estimate.starts
    return f"in about {duration(estimate.starts_in_s)}, {estimate.starts}"


def _basis(estimate: Estimate) -> str:
    words = capitalised(estimate.basis)
    return (
        f"{estimate.source.capitalize()}: {estimate.basis}."
        if estimate.source != "estimated"
        else f"{words}."
    )


def _draw_measuring(request: RunRequest, estimate: Estimate) -> None:
    """The Measure button, or the progress of an active measurement."""
    trial: str | None = st.session_state.get("launch_trial")
    if trial is not None:
        if draw_job(trial, "Measuring", "launch_trial_job"):
            _end_trial(client().call(endpoints.GET_RUN, run_id=trial))
        return
    refused = st.session_state.get("launch_trial_failed")
    measured, busy = estimate.source == "measured", estimate.device_busy
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Measure again" if measured else "Measure"
        if st.button(label, key="measure", disabled=busy, help=MEASURE_HELP):
            _start_trial(request)
        if busy:
            st.caption("The device is busy or its queue is paused. Measuring is possible once it is free.")
    if refused and refused[0] == request.model_dump_json():
        wrong(refused[1])


def _start_trial(request: RunRequest) -> None:
    st.session_state.pop("launch_trial_failed", None)
    try:
        run = client().call(
            endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PREFLIGHT, config=request.config)
        )
    except ApiError as error:
        st.session_state["launch_trial_failed"] = (request.model_dump_json(), error.detail)
    else:
        st.session_state["launch_trial"] = run.id
    st.rerun()


def _end_trial(run: Run) -> None:
    """Refresh the estimate; the reason of a failed preflight is kept while its values are."""
    st.session_state.pop("launch_trial", None)
    if run.state is RunState.FAILED:
        words = " ".join(filter(None, [run.reason, run.suggestion]))
        config = PretrainConfig.model_validate(run.config)
        st.session_state["launch_trial_failed"] = (cost_request(config).model_dump_json(), words)
    fetch_estimate.clear()
    st.rerun()


def find_trial() -> None:
    """Follow a preflight that is still active after the page was left or reloaded."""
    if "launch_trial" in st.session_state:
        return
    newest = client().call(endpoints.LIST_RUNS, kind=RunKind.PREFLIGHT, all=True, limit=1)
    if newest and newest[0].state not in TERMINAL:
        st.session_state["launch_trial"] = newest[0].id
