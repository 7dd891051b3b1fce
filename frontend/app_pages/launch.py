"""Launch: what shall I train, and what will it cost?"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.app_pages import launch_fields
from frontend.app_pages.launch_fields import FIELD, Draft
from frontend.blocks import empty_state, facts, page_title, plain, wrong
from frontend.client import ApiError
from frontend.launch_form import check_values, shell_command
from frontend.session import client, go
from frontend.wording import count, dataset_title, duration, percent, short_count, size
from shared.configs import PretrainConfig
from shared.cost import Cost, estimate_cost, measured_rate, training_rows
from shared.datasets import Dataset
from shared.presets import Preset
from shared.runs import Run, RunKind, RunRequest

QUESTION = "What shall I train, and what will it cost?"


def show() -> None:
    """The form, with cost, shell command and start beside it."""
    page_title("Launch", QUESTION)
    datasets = {dataset.name: dataset for dataset in client().list_datasets()}
    if not datasets:
        _no_dataset()
        return
    presets = {preset.key: preset for preset in client().list_presets()}
    launch_fields.hydrate(presets, list(datasets))
    form, side = st.columns([8, 5], gap="large")
    refused: Mapping[str, str] = st.session_state.get("launch_refused", {})
    with form:
        _draw_choice(presets, datasets)
        draft = launch_fields.read_draft(presets)
        config, errors = check_values(PretrainConfig, draft.values)
        errors = with_batch_fault(draft.values, datasets.get(draft.dataset or ""), errors)
        launch_fields.draw_fields({**refused, **errors})
    launch_fields.remember(draft)
    with side:
        _draw_side(draft, config, datasets, {**refused, **errors} if errors else errors)


def _no_dataset() -> None:
    empty_state("There is nothing to train on yet.", "Import your own images, or make simulated galaxies.")
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Add a dataset", type="primary"):
            go("data")


def _draw_choice(presets: Mapping[str, Preset], datasets: Mapping[str, Dataset]) -> None:
    left, right = st.columns(2)
    with left:
        st.selectbox(
            "preset",
            ["", *presets],
            format_func=lambda key: f"{key}: {presets[key].title}" if key in presets else "none: defaults",
            key="launch_preset",
            on_change=launch_fields.take_preset,
            args=(presets,),
            persist_state="session",
            help="A starting point: it fills in the fields below, and you change what you like.",
        )
        chosen = presets.get(st.session_state["launch_preset"])
        st.caption(plain(chosen.text) if chosen else "The defaults of every field.")
    with right:
        st.selectbox(
            "dataset",
            list(datasets),
            format_func=lambda name: dataset_title(name, datasets[name].simulated),
            key="launch_dataset",
            persist_state="session",
            help="Pretraining reads the pixels of its train rows; labels are only used by the probes.",
        )
        dataset = datasets.get(st.session_state["launch_dataset"] or "")
        if dataset:
            text = f"{count(dataset.n)} images, {dataset.img_size} px, {len(dataset.bands)} bands"
            st.caption(plain(text))


def with_batch_fault(
    values: Mapping[str, Any], dataset: Dataset | None, errors: dict[str, str]
) -> dict[str, str]:
    """The faults, and that the batch is larger than the data; said whatever else is wrong."""
    batch = values["batch_size"]
    if dataset is None or batch is None or "batch_size" in errors:
        return errors
    rows = training_rows(values["pretrain_rows"], dataset)
    if rows >= batch:
        return errors
    sentence = f"batch_size {batch} is more than the {count(rows)} training rows of {dataset.name}."
    return {**errors, "batch_size": sentence}


def _draw_side(draft: Draft, config: Any, datasets: Mapping[str, Dataset], errors: Mapping[str, str]) -> None:
    with st.container(border=True):
        dataset = datasets.get(draft.dataset or "")
        if errors or dataset is None or not isinstance(config, PretrainConfig):
            st.markdown("**Cost**")
            wrong(f"{len(errors)} {'field needs' if len(errors) == 1 else 'fields need'} a change first.")
        else:
            _draw_cost(config, dataset)
        st.text_input(
            "name",
            key="launch_name",
            placeholder="optional, for people",
            max_chars=80,
            persist_state="session",
            help="A label; the run's id is made for you.",
        )
        if st.button("Start", type="primary", width="stretch", disabled=bool(errors)):
            _start(draft)
        other = st.session_state.get("launch_refused", {}).get("")
        if other:
            wrong(other)
    if draft.parent:
        st.caption(f"Retries {plain(draft.parent)}.")
    st.markdown("The same from the shell")
    command = shell_command(draft.preset, draft.dataset, draft.changes, draft.name)
    st.code(command, language=None, wrap_lines=True)


def _draw_cost(config: PretrainConfig, dataset: Dataset) -> None:
    cost = estimate_cost(config, dataset)
    st.markdown(f"**Cost** · {_time_words(config, cost, client().list_runs(limit=100))}")
    facts(cost_rows(config, cost))


def cost_rows(config: PretrainConfig, cost: Cost) -> list[tuple[str, str]]:
    """The cost as the form shows it."""
    share = cost.visible / cost.patches
    return [
        ("steps", f"{count(cost.steps)} = {count(cost.steps_per_epoch)} × {count(config.epochs)} epochs"),
        ("images seen", count(cost.images_seen)),
        ("patches visible", f"{cost.visible} of {cost.patches} ({percent(share)})"),
        ("encoder", f"{short_count(cost.encoder_parameters)} parameters"),
        ("decoder", f"{short_count(cost.decoder_parameters)} parameters"),
        ("peak lr", f"{config.lr:.3g}"),
        ("evaluations", count(cost.evaluations)),
        ("a checkpoint", size(cost.checkpoint_bytes)),
    ]


def _time_words(config: PretrainConfig, cost: Cost, runs: list[Run]) -> str:
    measured = measured_rate(config, runs)
    if measured is None:
        return "time unknown: this shape has not run here yet"
    rate, run_id = measured
    return plain(f"about {duration(cost.images_seen / rate)} at the {count(rate)} images/s of {run_id}")


def _start(draft: Draft) -> None:
    """Queues the run and goes to it; a refusal is shown at its field and nothing is lost."""
    request = RunRequest(
        kind=RunKind.PRETRAIN,
        config={"dataset": draft.dataset, **draft.changes},
        preset=draft.preset or None,
        name=draft.name or None,
        parent_id=draft.parent or None,
    )
    try:
        run = client().create_run(request)
    except ApiError as error:
        named = error.field if f"{FIELD}{error.field}" in st.session_state else ""
        st.session_state["launch_refused"] = {named or "": error.detail}
        st.rerun()
    st.session_state.pop("launch_refused", None)
    launch_fields.forget_parent()
    go("run", run=run.id)
