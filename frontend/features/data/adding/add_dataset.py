"""Adding a dataset: your own images, cut-outs of positions, Galaxy10 DECaLS, or simulated galaxies."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.features.data.adding.import_form import draw_import
from frontend.features.data.adding.positions_form import draw_positions
from frontend.features.data.jobs import draw_active_jobs, draw_every_job, draw_ready, queue_job, suggest_free
from frontend.features.data.words import name_fault
from frontend.ui.blocks import empty_state, facts, page_title, wrong
from frontend.ui.config_form import FieldSpec, check_values, field_specs
from frontend.ui.setting_fields import draw_setting
from shared.configs import Config, DownloadConfig, SimulateConfig
from shared.configs.kinds import RunKind
from shared.contract.datasets import Dataset

QUESTION = "Which galaxies do you want to add?"
WAYS = {
    "import": "Your own images",
    "positions": "From positions",
    "download": "Galaxy10 DECaLS",
    "simulate": "Simulated galaxies",
}
GALAXY10 = (
    ("Galaxies", "17,736 from the DESI Legacy Imaging Surveys (DECaLS), g r z as colour"),
    ("Images", "256 × 256 px"),
    ("Labels", "ten classes from Galaxy Zoo votes"),
    ("Metadata", "right ascension, declination, redshift, pixel scale"),
    ("Download", "2.54 GB from Zenodo, record 10845026, verified by SHA-256"),
    ("On disk", "3.5 GB as a dataset of 256 px; 6 GB during creation"),
    ("Licence", "not stated in the file; see the Zenodo record"),
    ("Cite", "Leung & Bovy (astroNN); labels: Lintott et al. 2008, Walmsley et al. 2022, MNRAS 509, 3966"),
    ("", "images: Dey et al. 2019, AJ 157, 168"),
)


def start_adding() -> None:
    """Callback: show the page for adding a dataset on the next rerun."""
    st.query_params["add"] = "import"


def draw_add_view(way: str | None, datasets: Mapping[str, Dataset]) -> None:
    """The form chosen in the address, and the jobs that create datasets."""
    page_title("Add a dataset", QUESTION)
    if datasets:
        st.button("Back to the datasets", on_click=_leave, type="tertiary", icon=":material/arrow_back:")
    else:
        empty_state(
            "There are no datasets yet.",
            "Import your own galaxies or fetch them by position, download Galaxy10 DECaLS, or start with "
            "simulated ones.",
        )
    draw_ready()
    draw_active_jobs()
    st.session_state["add_way"] = way if way in WAYS else "import"
    with st.container(horizontal=True, horizontal_alignment="left" if datasets else "center"):
        st.segmented_control(
            "way",
            list(WAYS),
            format_func=WAYS.__getitem__,
            key="add_way",
            on_change=_take_way,
            label_visibility="collapsed",
            required=True,
            wrap=True,
        )
    if st.session_state["add_way"] == "download":
        _draw_download(list(datasets))
    elif st.session_state["add_way"] == "simulate":
        _draw_simulate(list(datasets))
    elif st.session_state["add_way"] == "positions":
        draw_positions(list(datasets))
    else:
        draw_import(list(datasets))
    draw_every_job()


def _take_way() -> None:
    st.query_params["add"] = st.session_state["add_way"] or "import"


def _leave() -> None:
    for key in ("add", "set", "cut"):
        st.query_params.pop(key, None)


def _draw_download(names: list[str]) -> None:
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.caption("The standard labelled benchmark in the literature.")
        facts(GALAXY10)
    with right:
        _draw_form(DownloadConfig, RunKind.DOWNLOAD, "Download 2.54 GB", names)
        st.caption("Interrupted downloads resume where they stopped.")


def _draw_simulate(names: list[str]) -> None:
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.caption(
            "Ten recognisable classes with noise, neighbours and colour, ready in seconds. They show that "
            "everything works; results on them say nothing about real galaxies."
        )
    with right:
        _draw_form(SimulateConfig, RunKind.SIMULATE, "Simulate", names)


def _draw_form(config: type[Config], kind: RunKind, verb: str, names: list[str]) -> None:
    """The form with an error below each invalid field; rejected values stay in place."""
    st.session_state.setdefault(f"{kind}.name", suggest_free(_first_name(config), names))
    given = _given(config, kind)
    refused_for, refused = st.session_state.get(f"{kind}_refused", (None, {}))
    _, errors = check_values(config, given)
    faults = {**(refused if refused_for == given else {}), **errors}
    unnamed = name_fault(str(given.get("name", "")), names)
    faults = {**faults, "name": unnamed} if unnamed else faults
    for spec in _specs(config):
        draw_setting(spec, f"{kind}.{spec.name}", empty="256", error=faults.get(spec.name, ""))
    if "" in faults:
        wrong(faults[""])
    arguments = (config, kind, names)
    st.button(
        verb, type="primary", disabled=bool(faults), key=f"{kind}_start", on_click=_start, args=arguments
    )


def _specs(config: type[Config]) -> list[FieldSpec]:
    return [spec for spec in field_specs(config) if spec.name != "source"]


def _given(config: type[Config], kind: RunKind) -> dict[str, Any]:
    values = {spec.name: st.session_state.get(f"{kind}.{spec.name}", spec.default) for spec in _specs(config)}
    return {name: value for name, value in values.items() if value not in ("", None)}


def _first_name(config: type[Config]) -> str:
    return str(config.model_fields["name"].default)


def _start(config: type[Config], kind: RunKind, names: list[str]) -> None:
    """Queue the job. Reads the session, as a value typed just before the click is not in the last rerun."""
    given = _given(config, kind)
    refused = queue_job(kind, given)
    st.session_state[f"{kind}_refused"] = (given, refused)
    if not refused:
        st.session_state[f"{kind}.name"] = suggest_free(_first_name(config), names)
