"""The galaxies of a dataset, with filters."""

import math
from typing import Any

import streamlit as st

from frontend.features.data.figures.class_bars import draw_class_bars
from frontend.features.data.filters import ANY, UNLABELLED, Filters
from frontend.features.data.subset import draw_subset
from frontend.ui.blocks import empty_state, facts, guarded, section
from frontend.ui.galaxies.galaxy_grid import draw_galaxy_grid
from frontend.ui.session import client
from frontend.ui.wording import count, percent
from shared.base.vocabulary import Split
from shared.contract import endpoints
from shared.contract.datasets import Dataset, GalaxyPage

PER_PAGE = 48
SPLIT_WORDS = {Split.TRAIN: "Train", Split.VAL: "Validation", Split.TEST: "Test"}


@st.fragment
def draw_galaxies(dataset: Dataset, names: list[str]) -> None:
    """Grid and filters, as a fragment: a filter redraws nothing else. `names` are taken dataset names."""
    collections = [one.name for one in client().call(endpoints.LIST_COLLECTIONS, name=dataset.name)]
    _forget_other_dataset(dataset, collections)
    wide, side = st.columns([9, 4], gap="large")
    with wide:
        _draw_filters(dataset, collections)
        guarded(lambda: _draw_grid(dataset))
    with side:
        _draw_side(dataset, names)


def _forget_other_dataset(dataset: Dataset, collections: list[str]) -> None:
    """Reset filters that do not exist in this dataset."""
    state = st.session_state
    if state.setdefault("filtered_dataset", dataset.name) != dataset.name:
        state["filtered_dataset"] = dataset.name
        state["zmin"] = state["zmax"] = None
    if state.get("label", ANY) not in _labels(dataset):
        state["label"] = ANY
    if state.get("collection", ANY) not in [ANY, *collections]:
        state["collection"] = ANY


def _labels(dataset: Dataset) -> list[str]:
    return [ANY, *dataset.class_names, *([UNLABELLED] if dataset.class_names and dataset.unlabelled else [])]


def _draw_filters(dataset: Dataset, collections: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        if dataset.class_names:
            st.selectbox("Class", _labels(dataset), key="label", bind="query-params", width=240)
        splits = [ANY, *(str(split) for split in Split if dataset.split_counts.get(split))]
        st.segmented_control("Split", splits, default=ANY, key="split", bind="query-params", required=True)
        if collections:
            st.selectbox("Collection", [ANY, *collections], key="collection", bind="query-params", width=240)
        if dataset.redshift_range is not None:
            low, high = dataset.redshift_range
            step = 10.0 ** math.floor(math.log10(max(high - low, 1e-6))) / 10
            bound: dict[str, Any] = {"value": None, "step": step, "format": "%g", "bind": "query-params"}
            note = f"Redshifts range from {low:.4g} to {high:.4g}. Galaxies without a redshift are excluded."
            st.number_input(
                "Redshift from", key="zmin", width=130, placeholder=f"{low:.3g}", help=note, **bound
            )
            st.number_input("Redshift to", key="zmax", width=130, placeholder=f"{high:.3g}", **bound)


def _draw_grid(dataset: Dataset) -> None:
    filters = Filters.of_session()
    number = _page_number(dataset, filters)
    page = fetch_page(dataset.name, filters, number)
    if page.total and not page.galaxies:  # the address has a page number past the last one
        st.session_state["page"] = 1
        page = fetch_page(dataset.name, filters, 1)
    if not page.total:
        empty_state(f"No galaxies match: {filters.words()}.", "Remove one of the filters.")
        return
    draw_galaxy_grid(dataset, page)
    with st.container(horizontal=True, vertical_alignment="center"):
        if page.total > PER_PAGE:
            st.pagination(math.ceil(page.total / PER_PAGE), key="page", bind="query-params")
        st.caption(f"{count(page.total)} of {count(dataset.n)} galaxies" if filters.words() else "")


def fetch_page(name: str, filters: Filters, number: int) -> GalaxyPage:
    """One page of the matching galaxies, counted from 1."""
    return client().call(
        endpoints.LIST_GALAXIES,
        name=name,
        offset=PER_PAGE * (number - 1),
        limit=PER_PAGE,
        label=filters.label,
        split=filters.split,
        redshift_min=filters.redshift_min,
        redshift_max=filters.redshift_max,
        collection=filters.collection,
    )


def _page_number(dataset: Dataset, filters: Filters) -> int:
    """The current page; back to the first when the filters change."""
    current = (dataset.name, filters)
    if st.session_state.get("grid_seen", current) != current:
        st.session_state["page"] = 1
    st.session_state["grid_seen"] = current
    from_url = st.query_params.get("page", "1")
    return max(int(st.session_state.get("page") or (from_url if from_url.isdigit() else 1)), 1)


def _draw_side(dataset: Dataset, names: list[str]) -> None:
    facts(side_rows(dataset))
    if dataset.class_counts:
        section("Classes", "click a class to see its galaxies")
        label = Filters.of_session().label
        draw_class_bars(dataset.class_counts, dataset.n, label, on_pick=_take_class)
    with st.expander("Create a subset from these galaxies", key="open_subset", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: draw_subset(dataset, Filters.of_session(), names))


def _take_class(name: str) -> None:
    st.session_state["label"] = name or ANY


def side_rows(dataset: Dataset) -> list[tuple[str, str]]:
    """Names and values of what matters for training."""
    rows = [
        (SPLIT_WORDS[split], f"{count(n)} ({percent(n / max(dataset.n, 1))})")
        for split in Split
        if (n := dataset.split_counts.get(split, 0))
    ]
    if dataset.class_names and dataset.unlabelled:
        rows.append(("Unlabelled", count(dataset.unlabelled)))
    if dataset.redshift_range is not None:
        low, high = dataset.redshift_range
        rows.append(("Redshift", f"{low:.4g} to {high:.4g}"))
    rows.append(("With coordinates", count(dataset.with_sky) if dataset.with_sky else "none"))
    for target in dataset.targets:
        unit = f" ({target.unit})" if target.unit else ""
        rows.append((f"Target {target.name}{unit}", f"{count(target.known)} known"))
    duplicates = dataset.duplicates_across_splits
    rows.append(("Near-duplicates across splits", count(duplicates) if duplicates else "none"))
    if dataset.skipped_count:
        rows.append(("Skipped on import", count(dataset.skipped_count)))
    return rows
