"""Launch: what should I train, and what will it cost?"""

from collections.abc import Mapping

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.launch import state as launch_state
from frontend.features.launch.checks import Faults, check_form
from frontend.features.launch.cost import draw_cost, find_trial
from frontend.features.launch.editor import draw_as_text
from frontend.features.launch.fields import Remarks, draw_fields
from frontend.features.launch.first_batch import FIRST_BATCH_FIELDS, draw_first_batch
from frontend.features.launch.state import FIELD, VIEWS, Draft
from frontend.ui.blocks import empty_state, page_title, plain, section, wrong
from frontend.ui.session import client, go
from frontend.ui.sweep_form import SweepForm
from frontend.ui.wording import count, dataset_title
from shared.configs import PretrainConfig
from shared.configs.presets import Preset
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.launching import Advice
from shared.planning.advice import launch_advice
from shared.planning.cost import estimate_cost
from shared.planning.sweep_words import setting_words

QUESTION = "What should I train, and what will it cost?"
REFUSED = "launch_refused"


def show() -> None:
    """The form, with cost card, first batch and the launch as text on the side."""
    page_title("Launch", QUESTION)
    datasets = {dataset.name: dataset for dataset in client().call(endpoints.LIST_DATASETS)}
    if not datasets:
        _no_dataset()
        return
    presets = {preset.key: preset for preset in client().call(endpoints.LIST_PRESETS)}
    if not st.session_state.get(launch_state.ENTERED):
        find_trial()
    launch_state.hydrate(presets, list(datasets))
    draft = launch_state.read_draft(presets)
    config, faults = check_form(draft.values, datasets)
    refused = _refused(draft)
    remarks = Remarks({**refused, **faults}, _advice(config, datasets))
    form, side = st.columns([6, 5], gap="large")
    with form:
        _draw_choice(presets, datasets, remarks)
        draw_fields(draft, datasets, remarks)
    launch_state.remember(draft)
    with side:
        _draw_card(draft, config, datasets, remarks.faults)
        section("First batch", "of exactly this run: same order, augmentation and masks")
        draw_first_batch(draft.values, fits=not FIRST_BATCH_FIELDS & faults.keys())
        draw_as_text(draft, presets, datasets)


def _no_dataset() -> None:
    empty_state("There are no datasets yet.", "Import your own images or simulate galaxies.")
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Add a dataset", type="primary"):
            go("data")


def _advice(config: PretrainConfig | None, datasets: Mapping[str, Dataset]) -> list[Advice]:
    if config is None:
        return []
    return launch_advice(config, datasets[config.dataset], datasets.get(config.eval_dataset or ""))


def _draw_choice(presets: Mapping[str, Preset], datasets: Mapping[str, Dataset], remarks: Remarks) -> None:
    left, right = st.columns(2)
    with left:
        st.selectbox(
            "Preset",
            ["", *presets],
            format_func=lambda key: f"{key}: {presets[key].title}" if key in presets else "none (defaults)",
            key="launch_preset",
            on_change=launch_state.apply_preset,
            args=(presets,),
            persist_state="session",
            help="A starting point: fills in the fields below, which you can then change.",
        )
        chosen = presets.get(st.session_state["launch_preset"])
        st.caption(plain(chosen.text) if chosen else "Default values in all fields.")
    with right:
        st.selectbox(
            "Dataset",
            list(datasets),
            format_func=lambda name: dataset_title(name, datasets[name].simulated),
            key="launch_dataset",
            persist_state="session",
            help="Pretraining uses the pixels of train rows; labels are used only by the probes.",
        )
        st.caption(plain(_dataset_words(datasets[st.session_state["launch_dataset"]])))
        remarks.draw("dataset")
    st.segmented_control(
        "View",
        VIEWS,
        key="launch_view",
        required=True,
        label_visibility="collapsed",
        format_func=lambda view: "Simple" if view == "simple" else "Every field",
    )


def _dataset_words(dataset: Dataset) -> str:
    labels = f"{len(dataset.class_names)} classes" if dataset.class_counts else "no labels"
    return f"{count(dataset.n)} images, {dataset.img_size} px, {len(dataset.bands)} bands, {labels}"


def _draw_card(
    draft: Draft, config: PretrainConfig | None, datasets: Mapping[str, Dataset], faults: Mapping[str, str]
) -> None:
    with st.container(border=True):
        st.markdown("**Cost**")
        if config is None:
            n = len(faults)
            wrong(f"{n} {'field is' if n == 1 else 'fields are'} invalid.")
        else:
            draw_cost(config, estimate_cost(config, datasets[config.dataset]))
        st.text_input(
            "Name",
            key="launch_name",
            placeholder="optional",
            max_chars=80,
            persist_state="session",
            help="A name for display; the run also gets an id.",
        )
        if st.button("Start", type="primary", width="stretch", disabled=config is None):
            _start(draft)
        if st.button("Sweep over these settings…", width="stretch", key="launch_sweep"):
            go("sweep", **sweep_query(draft))
        if "" in faults:
            wrong(faults[""])
        if draft.parent:
            st.caption(f"Retry of {plain(draft.parent)}.")


def sweep_query(draft: Draft) -> dict[str, str]:
    """The address of a sweep based on this form."""
    changes = setting_words(draft.changes)
    start = f"preset:{draft.preset}" if draft.preset else ""
    return SweepForm(start=start, on=draft.dataset or "", changes=changes, name=draft.name[:60]).to_query()


def _refused(draft: Draft) -> Faults:
    """Errors the server returned for exactly these values."""
    values, faults = st.session_state.get(REFUSED, (None, {}))
    return dict(faults) if values == draft.values else {}


def _start(draft: Draft) -> None:
    """Queue the run and open it; an error is shown at its field and the form is kept."""
    try:
        run = client().call(endpoints.CREATE_RUN, body=draft.request())
    except ApiError as error:
        named = error.field if f"{FIELD}{error.field}" in st.session_state else ""
        st.session_state[REFUSED] = (draft.values, {named or "": error.detail})
        st.rerun()
    st.session_state.pop(REFUSED, None)
    launch_state.forget_parent()
    go("run", run=run.id)
