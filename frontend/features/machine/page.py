"""Machine: what can this machine do?"""

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.machine.webhook import draw_webhook
from frontend.ui.blocks import facts, guarded, page_title, plain, section, wrong
from frontend.ui.jobs.job import draw_job
from frontend.ui.session import client
from frontend.ui.wording import clock, count, plural, size
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import Run, RunRequest
from shared.contract.system import Machine, SelfTest

QUESTION = "What can this machine do?"
TEST, TEST_FAILED = "selftest_run", "selftest_failed"
Rows = list[tuple[str, str]]


def show() -> None:
    """Device, memory, disk and software, with the self-test and the webhook on the side."""
    page_title("Machine", QUESTION)
    machine = client().call(endpoints.GET_MACHINE)
    if machine.checking:
        st.fragment(_wait_for_torch, run_every="1s")()
    for problem in machine.problems:
        st.warning(problem)
    left, right = st.columns([6, 5], gap="large")
    with left, st.container(key="machine"):
        section("Device", "used for training")
        facts(device_rows(machine))
        if machine.why_cpu:
            st.caption(plain(f"{machine.why_cpu.rstrip('.')}."))
        section("Memory and disk")
        facts(room_rows(machine))
        section("Software")
        facts(software_rows(machine))
    with right:
        with st.container(border=True):
            _draw_self_test(machine)
        with st.container(border=True):
            guarded(draw_webhook)
        st.markdown("Shell command")
        st.code("galaxyscope doctor", language=None)


def _wait_for_torch() -> None:
    """Wait for the check of torch, which takes some seconds in a separate process after the server starts."""
    if not client().call(endpoints.GET_MACHINE).checking:
        st.rerun()


def device_rows(machine: Machine) -> Rows:
    """Names and values of the compute device."""
    unknown = "checking…" if machine.checking else "unknown"
    rows = [("Device", machine.device), ("Type", _kind(machine, unknown))]
    if machine.gpu_memory_total_bytes is not None and machine.gpu_memory_free_bytes is not None:
        free, total = size(machine.gpu_memory_free_bytes), size(machine.gpu_memory_total_bytes)
        rows.append(("GPU memory", f"{free} free of {total}"))
    rows += [
        ("bfloat16", unknown if machine.bf16 is None else "supported" if machine.bf16 else "not supported"),
        ("NVIDIA driver", machine.driver or "none found"),
        ("PyTorch", _torch(machine, unknown)),
    ]
    return rows


def _kind(machine: Machine, unknown: str) -> str:
    return {None: unknown, "cuda": "GPU (CUDA)", "cpu": "CPU only"}[machine.kind]


def _torch(machine: Machine, unknown: str) -> str:
    if machine.torch is None:
        return unknown
    build = f"CUDA {machine.torch_cuda} build" if machine.torch_cuda else "CPU build"
    return f"{machine.torch}, {build}"


def room_rows(machine: Machine) -> Rows:
    return [
        ("Processor", f"{machine.cpu}, {plural(machine.cores, 'core')}"),
        ("Memory", f"{size(machine.memory_free_bytes)} free of {size(machine.memory_total_bytes)}"),
        ("Disk", f"{size(machine.disk_free_bytes)} free of {size(machine.disk_total_bytes)}"),
        ("Home", machine.home),
    ]


def software_rows(machine: Machine) -> Rows:
    return [("Python", machine.python), *machine.packages.items()]


def _draw_self_test(machine: Machine) -> None:
    """The last result with a button, or the progress of an active test."""
    st.markdown("**Self-test**")
    st.caption(
        "Trains the laptop-base model for 20 steps on synthetic images to check that the device works and "
        "how fast it is."
    )
    if machine.self_test:
        facts(self_test_rows(machine.self_test))
    run_id = _active_test()
    if run_id is not None:
        if draw_job(run_id, "Self-test", "selftest_job"):
            _end_test(client().call(endpoints.GET_RUN, run_id=run_id))
        return
    if st.button("Run again" if machine.self_test else "Run the self-test", type="primary", key="selftest"):
        _start_test()
    if TEST_FAILED in st.session_state:
        wrong(st.session_state[TEST_FAILED])


def self_test_rows(test: SelfTest) -> Rows:
    """The rows of the last result."""
    return [
        ("Speed", f"{count(test.images_per_s)} images/s"),
        ("Step", f"{1000 * test.step_s:.3g} ms, 64 images"),
        ("Device", test.device),
        ("Date", clock(test.at)),
    ]


def _active_test() -> str | None:
    """The queued or active self-test, including one started in another tab."""
    known: str | None = st.session_state.get(TEST)
    if known is None:
        newest = client().call(endpoints.LIST_RUNS, kind=RunKind.SELFTEST, all=True, limit=1)
        if newest and newest[0].state not in TERMINAL:
            known = st.session_state[TEST] = newest[0].id
    return known


def _start_test() -> None:
    st.session_state.pop(TEST_FAILED, None)
    try:
        st.session_state[TEST] = (
            client().call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.SELFTEST)).id
        )
    except ApiError as error:
        st.session_state[TEST_FAILED] = error.detail
    st.rerun()


def _end_test(run: Run) -> None:
    st.session_state.pop(TEST, None)
    if run.state is RunState.FAILED:
        words = " ".join(filter(None, [run.reason, run.suggestion]))
        st.session_state[TEST_FAILED] = words or "The self-test failed without a reason; see its log."
    st.rerun()
