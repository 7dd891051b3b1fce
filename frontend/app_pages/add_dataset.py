"""The two forms that add a dataset, and the jobs that they start."""

from typing import Any

import streamlit as st

from frontend.blocks import wrong
from frontend.client import ApiError
from frontend.components.runs_table import draw_jobs
from frontend.launch_form import FieldSpec, check_values, field_specs
from frontend.session import client
from shared.configs import Config, ImportConfig, SimulateConfig
from shared.runs import TERMINAL, RunKind, RunRequest

KINDS = (RunKind.SIMULATE, RunKind.IMPORT)
KEEP: dict[str, Any] = {"persist_state": "session"}


def adding() -> bool:
    """Whether a dataset is being made, or one was asked for and refused."""
    if any(st.session_state.get(f"{kind}_refused") for kind in KINDS):
        return True
    jobs = client().list_runs(every_kind=True, limit=50)
    return any(job.kind in KINDS and job.state not in TERMINAL for job in jobs)


def draw_add_dataset() -> None:
    """Forms for simulated galaxies and for one's own images, side by side, with the jobs below them."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Simulate galaxies**")
        st.caption("Ten recognisable classes with noise, neighbours and colour; a few seconds.")
        _draw_form(SimulateConfig, RunKind.SIMULATE, "Simulate")
    with right:
        st.markdown("**Import your own images**")
        st.caption("A Galaxy10-layout HDF5 file, a folder with a folder a class, or a folder with a CSV.")
        _draw_form(ImportConfig, RunKind.IMPORT, "Import")
    action = draw_jobs([kind.value for kind in KINDS], key="dataset_jobs", limit=20)
    if action.settled:
        st.rerun()


def _draw_form(config: type[Config], kind: RunKind, verb: str) -> None:
    refused: dict[str, str] = st.session_state.get(f"{kind}_refused", {})
    specs = field_specs(config)
    with st.form(f"{kind}_form", border=False):
        grid = st.grid("auto", min_column_width=170, gap="small")
        for spec in specs:
            with grid.cell():
                _draw_field(spec, kind)
                if spec.name in refused:
                    wrong(refused[spec.name])
        sent = st.form_submit_button(verb, type="primary")
        if "" in refused:
            wrong(refused[""])
    if sent:
        _submit(config, kind, specs)


def _draw_field(spec: FieldSpec, kind: RunKind) -> None:
    key = f"{kind}.{spec.name}"
    if spec.kind == "int":
        st.session_state.setdefault(key, spec.default)
        st.number_input(spec.label, step=1, key=key, help=spec.tooltip, value=None, **KEEP)
    else:
        st.session_state.setdefault(key, spec.default or "")
        st.text_input(spec.label, key=key, help=spec.tooltip, **KEEP)


def _submit(config: type[Config], kind: RunKind, specs: list[FieldSpec]) -> None:
    values = {spec.name: st.session_state[f"{kind}.{spec.name}"] for spec in specs}
    given = {name: value for name, value in values.items() if value not in ("", None)}
    checked, errors = check_values(config, given)
    if checked is not None:
        errors = _create(kind, given)
    st.session_state[f"{kind}_refused"] = errors
    st.rerun()


def _create(kind: RunKind, values: dict[str, Any]) -> dict[str, str]:
    """Queues the job; where the server refuses, its sentence at the field."""
    try:
        client().create_run(RunRequest(kind=kind, config=values))
    except ApiError as error:
        known = f"{kind}.{error.field}" in st.session_state
        return {error.field if known and error.field else "": error.detail}
    return {}
