"""Data: what am I training on?"""

import math
from typing import Any

import streamlit as st

from frontend.app_pages.add_dataset import adding, draw_add_dataset
from frontend.blocks import empty_state, facts, page_title, section
from frontend.components.class_bars import draw_class_bars
from frontend.components.galaxy_grid import draw_galaxy_grid
from frontend.session import client, go
from frontend.wording import clock, count, dataset_title, size
from shared.datasets import Dataset, Split

QUESTION = "What am I training on?"
PER_PAGE = 48
ANY = "all"


def show() -> None:
    """The datasets of the store, one of them open; below, the ways to add one."""
    page_title("Data", QUESTION)
    datasets = {dataset.name: dataset for dataset in client().list_datasets()}
    if not datasets:
        empty_state("The store is empty.", "Make simulated galaxies to try it out, or import your own.")
        draw_add_dataset()
        return
    chosen = st.pills(
        "Dataset",
        list(datasets),
        format_func=lambda name: dataset_title(name, datasets[name].simulated),
        default=next(iter(datasets)),
        required=True,
        key="dataset",
        bind="query-params",
        label_visibility="collapsed",
    )
    with st.expander("Add a dataset", expanded=adding()):
        draw_add_dataset()
    _draw_dataset(datasets[chosen or next(iter(datasets))])


def _draw_dataset(dataset: Dataset) -> None:
    left, right = st.columns([5, 8], gap="large")
    with left:
        facts(dataset_rows(dataset))
        with st.container(horizontal=True):
            if st.button("Train on it", type="primary"):
                go("launch", on=dataset.name, preset=_preset_for(dataset))
        if dataset.class_counts:
            _draw_classes(dataset)
        _draw_background(dataset)
    with right:
        _draw_galaxies(dataset)


def _preset_for(dataset: Dataset) -> str:
    return "demo-60s" if dataset.simulated else "laptop-base"


def dataset_rows(dataset: Dataset) -> list[tuple[str, str]]:
    """Name and value of what matters about a dataset."""
    splits = ", ".join(f"{count(dataset.split_counts.get(split, 0))} {split}" for split in Split)
    rows = [
        ("galaxies", count(dataset.n) + (", simulated" if dataset.simulated else "")),
        ("images", f"{dataset.img_size} × {dataset.img_size} px, {', '.join(dataset.bands)}"),
        ("split", splits),
        ("size", size(dataset.size_bytes)),
    ]
    if dataset.unlabelled:
        rows.append(("without label", count(dataset.unlabelled)))
    if dataset.skipped_count:
        rows.append(("left out at import", count(dataset.skipped_count)))
    if dataset.duplicates_across_splits:
        rows.append(("near-duplicates across splits", count(dataset.duplicates_across_splits)))
    return rows


def _draw_classes(dataset: Dataset) -> None:
    section("Classes", "click one to see its galaxies")
    selected = st.session_state.get("label")
    picked = draw_class_bars(dataset.class_counts, dataset.n, selected if selected != ANY else None)
    if picked is not None:
        st.session_state["label"] = picked or ANY
        st.rerun()


def _draw_background(dataset: Dataset) -> None:
    with st.expander("Provenance"):
        rows = [(str(key), _words(value)) for key, value in dataset.provenance.items()]
        mean = ", ".join(f"{value:.4f}" for value in dataset.channel_mean)
        std = ", ".join(f"{value:.4f}" for value in dataset.channel_std)
        rows += [("channel mean (train)", mean), ("channel std (train)", std)]
        facts([*rows, ("digest", dataset.digest), ("made", clock(dataset.created_at))])
    if dataset.skipped_count:
        with st.expander(f"Left out at import: {count(dataset.skipped_count)}"):
            facts([(row.source, row.reason) for row in dataset.skipped])


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_words(inner) for inner in value)
    return str(value)


def _draw_galaxies(dataset: Dataset) -> None:
    labels = [ANY, *dataset.class_names, *(["unlabelled"] if dataset.unlabelled else [])]
    if st.session_state.get("label", ANY) not in labels:
        st.session_state["label"] = ANY
    with st.container(horizontal=True, vertical_alignment="top"):
        label = st.selectbox("class", labels, key="label", bind="query-params", width=260)
        splits = [ANY, *(str(split) for split in Split)]
        split = st.segmented_control("split", splits, default=ANY, key="split", bind="query-params")
    wanted = (dataset.name, label, split)
    page = client().list_galaxies(
        dataset.name,
        offset=PER_PAGE * (_page_number(wanted) - 1),
        limit=PER_PAGE,
        label=None if label == ANY else label,
        split=Split(split) if split and split != ANY else None,
    )
    if not page.total:
        empty_state("No galaxy has this class in this split.", "Take another class or split.")
        return
    if not page.galaxies:  # the address names a page behind the last one
        st.session_state["page"] = 1
        st.rerun()
    draw_galaxy_grid(dataset, page)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.pagination(max(math.ceil(page.total / PER_PAGE), 1), key="page", bind="query-params")
        st.caption(f"{count(page.total)} galaxies")


def _page_number(wanted: tuple[str, str, str | None]) -> int:
    """The page asked for; the first again whenever the filter has changed."""
    if st.session_state.get("_grid_seen", wanted) != wanted:
        st.session_state["page"] = 1
    st.session_state["_grid_seen"] = wanted
    from_url = st.query_params.get("page", "1")
    return int(st.session_state.get("page") or (from_url if from_url.isdigit() else 1))
