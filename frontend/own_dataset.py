"""The dataset that a run learned from: whether it is here, and what is said where it is not."""

from collections.abc import Collection

import streamlit as st

from frontend.blocks import empty_state, plain
from frontend.session import go
from shared.contract.datasets import Dataset
from shared.contract.runs import Run


def own_dataset(run: Run, datasets: Collection[Dataset]) -> Dataset | None:
    """The very galaxies, if they are here; another dataset may have their name by now."""
    named = (dataset for dataset in datasets if dataset.name == run.dataset)
    return next((found for found in named if run.dataset_digest in (None, found.digest)), None)


def missing_dataset(run: Run, datasets: Collection[Dataset]) -> str:
    """That its galaxies are not here; nothing where they are, or where it never had any."""
    if run.dataset is None or own_dataset(run, datasets) is not None:
        return ""
    digest = f" (digest {run.dataset_digest[:12]})" if run.dataset_digest else ""
    name = run.dataset.partition(" (")[0]  # an import tells it so from another of that name
    return f"Its dataset {name}{digest} is not here; import it to probe or search."


def draw_missing(run: Run, datasets: Collection[Dataset], without: str) -> None:
    """The same above a page that shows others instead; `without` any says what can be done."""
    missing = missing_dataset(run, datasets)
    if missing:
        instead = "Galaxies of another are shown." if datasets else without
        st.caption(plain(f"{missing} {instead}"))


def draw_no_datasets(run: Run) -> None:
    """That there are no galaxies at all, and the way to some."""
    empty_state("There are no galaxies here.", missing_dataset(run, ()) or "Bring in a dataset first.")
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Add a dataset", type="primary"):
            go("data", add="import")


def run_option(run: Run, datasets: Collection[Dataset]) -> dict[str, object]:
    """A run as components offer it; without its dataset where that is not here."""
    own = own_dataset(run, datasets)
    return {
        "id": run.id,
        "title": run.name or run.id,
        "dataset": own.name if own else None,
        "traits": run.traits,
    }
