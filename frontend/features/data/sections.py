"""Details of a dataset: pixels, sky, near-duplicates, skipped images, provenance. Each part loads when
opened."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from frontend.features.data.figures.band_histograms import draw_band_histograms
from frontend.features.data.figures.collection_list import draw_collection_list
from frontend.features.data.figures.duplicate_pairs import draw_duplicate_pairs
from frontend.features.data.figures.flag_list import draw_flag_list
from frontend.features.data.figures.sky_map import draw_sky_map
from frontend.features.data.receipt import draw_receipt
from frontend.ui.blocks import facts, guarded
from frontend.ui.session import client
from frontend.ui.wording import clock, count, size
from shared.contract import endpoints
from shared.contract.datasets import Dataset

Draw = Callable[[Dataset], None]
OPEN, GALAXY = "open", "galaxy"


def draw_sections(dataset: Dataset) -> None:
    """The expanders below the galaxies. The address parameter `open` opens one; `galaxy` is marked on the
    sky map."""
    _open_by_address(dataset)
    _fold("pixels", "Pixel statistics by band", _draw_pixels, dataset)
    if dataset.with_sky:
        _fold("sky", f"Sky map: {count(dataset.with_sky)} with coordinates", _draw_sky, dataset)
    duplicates = count(dataset.duplicates_across_splits) if dataset.duplicates_across_splits else "none"
    _fold("twins", f"Near-duplicates across splits: {duplicates}", _draw_duplicates, dataset)
    _fold("collections", "Collections", draw_collection_list, dataset)
    if dataset.class_names:
        _fold("flags", "Labels flagged as doubtful", draw_flag_list, dataset)
    if dataset.skipped_count:
        _fold("skipped", f"Skipped on import: {count(dataset.skipped_count)}", _draw_skipped, dataset)
    if dataset.receipt:
        _fold("receipt", "Receipt of the import", _draw_receipt, dataset)
    _fold("provenance", "Provenance", _draw_provenance, dataset)


def _open_by_address(dataset: Dataset) -> None:
    """Open an expander once per address, so that it can be closed again."""
    requested = (dataset.name, st.query_params.get(OPEN))
    if requested[1] and st.session_state.get("opened_fold") != requested:
        st.session_state[f"open_{requested[1]}"] = True
    st.session_state["opened_fold"] = requested


@st.fragment
def _fold(key: str, title: str, draw: Draw, dataset: Dataset) -> None:
    with st.expander(title, key=f"open_{key}", on_change="rerun") as fold:
        if fold.open:
            guarded(lambda: draw(dataset))


def _draw_pixels(dataset: Dataset) -> None:
    with st.skeleton(height=340):
        statistics = client().call(endpoints.GET_STATISTICS, name=dataset.name)
    st.caption(f"Share of pixels per bin of four levels, over {count(statistics.n)} train images.")
    draw_band_histograms(statistics)


def _draw_sky(dataset: Dataset) -> None:
    st.caption(
        "Equatorial Mollweide projection, right ascension increasing to the left. Click a galaxy to open it."
    )
    galaxy = st.query_params.get(GALAXY, "")
    draw_sky_map(dataset, int(galaxy) if galaxy.isdecimal() else None)


def _draw_duplicates(dataset: Dataset) -> None:
    with st.skeleton(height=200):
        found = client().call(endpoints.LIST_DUPLICATES, name=dataset.name)
    if not found.total:
        st.caption(
            "No validation or test image has a near-duplicate in another split, including rotated and "
            "mirrored copies."
        )
        return
    first = f" The first {count(len(found.pairs))} are shown." if found.total > len(found.pairs) else ""
    st.caption(
        f"{count(found.total)} validation and test images have a near-duplicate in another split. A model "
        f"may have seen the duplicate in training, so accuracies on them are too optimistic.{first}"
    )
    draw_duplicate_pairs(dataset, found.pairs)


def _draw_skipped(dataset: Dataset) -> None:
    facts([(row.source, row.reason) for row in dataset.skipped])
    if dataset.skipped_count > len(dataset.skipped):
        st.caption(f"The first {count(len(dataset.skipped))} of {count(dataset.skipped_count)}.")


def _draw_receipt(dataset: Dataset) -> None:
    draw_receipt(dataset.receipt, settable=False)


def _draw_provenance(dataset: Dataset) -> None:
    known = {key: value for key, value in dataset.provenance.items() if value not in (None, "", [], {})}
    rows = [(str(key).replace("_", " ").capitalize(), words_of(value)) for key, value in known.items()]
    if dataset.stretch:
        rows.append(("Stretch", dataset.stretch))
    mean = ", ".join(f"{value:.4f}" for value in dataset.channel_mean)
    std = ", ".join(f"{value:.4f}" for value in dataset.channel_std)
    rows += [("Channel mean (train)", mean), ("Channel std (train)", std), ("Disk", size(dataset.size_bytes))]
    facts([*rows, ("Created", clock(dataset.created_at)), ("Digest", dataset.digest)])


def words_of(value: Any) -> str:
    """A provenance value as text."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {words_of(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(words_of(inner) for inner in value)
    return "–" if value is None else str(value)
