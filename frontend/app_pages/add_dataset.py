"""The ways to a dataset: one's own images, Galaxy10 DECaLS, or simulated galaxies."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.app_pages.dataset_jobs import (
    draw_every_job,
    draw_jobs_under_way,
    draw_ready,
    queue_job,
    suggest_free,
)
from frontend.app_pages.import_form import draw_import
from frontend.app_pages.setting_fields import draw_setting
from frontend.blocks import empty_state, facts, page_title, wrong
from frontend.dataset_words import name_fault
from frontend.launch_form import FieldSpec, check_values, field_specs
from shared.configs import Config, DownloadConfig, SimulateConfig
from shared.configs.kinds import RunKind
from shared.contract.datasets import Dataset

QUESTION = "What shall I bring in?"
WAYS = {"import": "Your own images", "download": "Galaxy10 DECaLS", "simulate": "Simulated galaxies"}
GALAXY10 = (
    ("what", "17,736 galaxies of the DESI Legacy Imaging Surveys (DECaLS), g r z as colour"),
    ("images", "256 × 256 px"),
    ("labels", "ten classes, from the votes of Galaxy Zoo"),
    ("with each", "right ascension, declination, redshift, pixel scale"),
    ("to fetch", "2.54 GB from Zenodo, record 10845026, checked by SHA-256"),
    ("on disk", "3.5 GB as a dataset of 256 px; 6 GB while it is made"),
    ("licence", "not stated in the file; see the Zenodo record"),
    ("cite", "Leung & Bovy (astroNN); labels: Lintott et al. 2008, Walmsley et al. 2022, MNRAS 509, 3966"),
    ("", "images: Dey et al. 2019, AJ 157, 168"),
)


def start_adding() -> None:
    """For a callback: the next rerun shows the ways to a dataset."""
    st.query_params["add"] = "import"


def draw_add_view(way: str | None, datasets: Mapping[str, Dataset]) -> None:
    """The way that the address names, and below it the jobs that make datasets."""
    page_title("Add a dataset", QUESTION)
    if datasets:
        st.button("Back to the datasets", on_click=_leave, type="tertiary", icon=":material/arrow_back:")
    else:
        empty_state(
            "The store is empty.",
            "Bring in your own galaxies, fetch Galaxy10 DECaLS, or try it out with simulated ones.",
        )
    draw_ready()
    draw_jobs_under_way()
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
    else:
        draw_import(list(datasets))
    draw_every_job()


def _take_way() -> None:
    st.query_params["add"] = st.session_state["add_way"] or "import"


def _leave() -> None:
    for key in ("add", "set"):
        st.query_params.pop(key, None)


def _draw_download(names: list[str]) -> None:
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.caption("The labelled galaxies that the literature measures itself on.")
        facts(GALAXY10)
    with right:
        _draw_form(DownloadConfig, RunKind.DOWNLOAD, "Download 2.54 GB", names)
        st.caption("It may be stopped, or break off: started again, it goes on where it was.")


def _draw_simulate(names: list[str]) -> None:
    left, right = st.columns([7, 5], gap="large")
    with left:
        st.caption(
            "Ten recognisable classes, drawn with noise, neighbours and colour. They are there in seconds "
            "and show that everything works; what a model learns from them says nothing about real galaxies."
        )
    with right:
        _draw_form(SimulateConfig, RunKind.SIMULATE, "Simulate", names)


def _draw_form(config: type[Config], kind: RunKind, verb: str, names: list[str]) -> None:
    """Fields with their faults beside them; what was refused stays as it was typed."""
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
    """Reads the fields now: a value typed just before the click is in the session, not in the last page."""
    given = _given(config, kind)
    refused = queue_job(kind, given)
    st.session_state[f"{kind}_refused"] = (given, refused)
    if not refused:
        st.session_state[f"{kind}.name"] = suggest_free(_first_name(config), names)
