"""What is behind a dataset: pixels, sky, duplicates, what was left out, where it comes from. Each part is
asked for when it is opened."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from frontend.blocks import facts, guarded
from frontend.components.band_histograms import draw_band_histograms
from frontend.components.collection_list import draw_collection_list
from frontend.components.flag_list import draw_flag_list
from frontend.components.sky_map import draw_sky_map
from frontend.components.twin_pairs import draw_twin_pairs
from frontend.session import client
from frontend.wording import clock, count, size
from shared.contract.datasets import Dataset

Draw = Callable[[Dataset], None]
OPEN, GALAXY = "open", "galaxy"


def draw_sections(dataset: Dataset) -> None:
    """The folds below the galaxies; the one that the address names as `open` is open, and `galaxy` is marked
    on the sky."""
    _open_by_address(dataset)
    _fold("pixels", "Pixel statistics by band", _draw_pixels, dataset)
    if dataset.with_sky:
        _fold("sky", f"Sky map: {count(dataset.with_sky)} with coordinates", _draw_sky, dataset)
    twins = count(dataset.duplicates_across_splits) if dataset.duplicates_across_splits else "none"
    _fold("twins", f"Duplicates across splits: {twins}", _draw_twins, dataset)
    _fold("collections", "Collections", draw_collection_list, dataset)
    if dataset.class_names:
        _fold("flags", "Labels flagged as doubtful", draw_flag_list, dataset)
    if dataset.skipped_count:
        _fold("skipped", f"Left out at import: {count(dataset.skipped_count)}", _draw_skipped, dataset)
    _fold("provenance", "Where it comes from", _draw_provenance, dataset)


def _open_by_address(dataset: Dataset) -> None:
    """Opens a fold once for an address, so that a person can close it."""
    wanted = (dataset.name, st.query_params.get(OPEN))
    if wanted[1] and st.session_state.get("opened_fold") != wanted:
        st.session_state[f"open_{wanted[1]}"] = True
    st.session_state["opened_fold"] = wanted


@st.fragment
def _fold(key: str, title: str, draw: Draw, dataset: Dataset) -> None:
    with st.expander(title, key=f"open_{key}", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: draw(dataset))


def _draw_pixels(dataset: Dataset) -> None:
    with st.skeleton(height=340):
        statistics = client().get_statistics(dataset.name)
    st.caption(f"Share of pixels in each four levels, of {count(statistics.n)} train images.")
    draw_band_histograms(statistics)


def _draw_sky(dataset: Dataset) -> None:
    st.caption(
        "Mollweide projection, equatorial, right ascension growing to the left. Click a galaxy to open it."
    )
    galaxy = st.query_params.get(GALAXY, "")
    draw_sky_map(dataset, int(galaxy) if galaxy.isdecimal() else None)


def _draw_twins(dataset: Dataset) -> None:
    with st.skeleton(height=200):
        found = client().list_duplicates(dataset.name)
    if not found.total:
        st.caption(
            "No validation or test image has a near-copy in another split, turned and mirrored ones included."
        )
        return
    of = f"the first {count(len(found.pairs))} of " if found.total > len(found.pairs) else ""
    st.caption(
        f"Here are {of}{count(found.total)} validation and test images with a near-copy in another split. "
        "A model may have seen the twin in training, so that accuracies on them flatter it."
    )
    draw_twin_pairs(dataset, found.pairs)


def _draw_skipped(dataset: Dataset) -> None:
    facts([(row.source, row.reason) for row in dataset.skipped])
    if dataset.skipped_count > len(dataset.skipped):
        st.caption(f"The first {count(len(dataset.skipped))} of {count(dataset.skipped_count)}.")


def _draw_provenance(dataset: Dataset) -> None:
    known = {key: value for key, value in dataset.provenance.items() if value not in (None, "", [], {})}
    rows = [(str(key).replace("_", " "), words_of(value)) for key, value in known.items()]
    if dataset.stretch:
        rows.append(("stretch", dataset.stretch))
    mean = ", ".join(f"{value:.4f}" for value in dataset.channel_mean)
    std = ", ".join(f"{value:.4f}" for value in dataset.channel_std)
    rows += [("channel mean (train)", mean), ("channel std (train)", std), ("disk", size(dataset.size_bytes))]
    facts([*rows, ("made", clock(dataset.created_at)), ("digest", dataset.digest)])


def words_of(value: Any) -> str:
    """A value of the provenance as one reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {words_of(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(words_of(inner) for inner in value)
    return "–" if value is None else str(value)
