"""The dataset of a run: finding it, and what pages show if it is missing."""

from collections.abc import Collection, Sequence

import streamlit as st
from typing_extensions import TypedDict

from frontend.ui.blocks import empty_state, plain
from frontend.ui.session import go
from shared.configs.kinds import Trait
from shared.contract.datasets import Dataset
from shared.contract.runs import Run


def own_dataset(run: Run, datasets: Collection[Dataset]) -> Dataset | None:
    """The dataset with the same digest, if present; another dataset may have its name by now."""
    named = (dataset for dataset in datasets if dataset.name == run.dataset)
    return next((found for found in named if run.dataset_digest in (None, found.digest)), None)


def missing_dataset(run: Run, datasets: Collection[Dataset]) -> str:
    """A sentence if the dataset of a run is missing; "" if it is present or the run has none."""
    if run.dataset is None or own_dataset(run, datasets) is not None:
        return ""
    digest = f" (digest {run.dataset_digest[:12]})" if run.dataset_digest else ""
    name = run.dataset.partition(" (")[0]  # importing a run adds the digest to tell it from a namesake
    return f"The dataset of this run, {name}{digest}, is missing; import it to probe or search."


def draw_missing(run: Run, datasets: Collection[Dataset], without: str) -> None:
    """The same as a caption; `without` is the advice if there are no other datasets to show."""
    missing = missing_dataset(run, datasets)
    if missing:
        instead = "Galaxies of another dataset are shown." if datasets else without
        st.caption(plain(f"{missing} {instead}"))


def draw_no_datasets(run: Run) -> None:
    """The empty state of pages that need a dataset."""
    empty_state("There are no datasets yet.", missing_dataset(run, ()) or "Import a dataset first.")
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Add a dataset", type="primary"):
            go("data", add="import")


class RunOption(TypedDict):
    """A run as an option in components; `dataset` is None if it is missing."""

    id: str
    title: str
    dataset: str | None
    traits: Sequence[Trait]


def run_option(run: Run, datasets: Collection[Dataset]) -> RunOption:
    own = own_dataset(run, datasets)
    return {
        "id": run.id,
        "title": run.name or run.id,
        "dataset": own.name if own else None,
        "traits": run.traits,
    }
