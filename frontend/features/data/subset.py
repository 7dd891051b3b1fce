"""Creating a subset of a dataset."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from frontend.features.data.filters import UNLABELLED, Filters
from frontend.features.data.jobs import queue_job, suggest_free
from frontend.features.data.words import dataset_word, name_fault
from frontend.ui.blocks import bullets, wrong
from frontend.ui.config_form import check_values, field_specs
from frontend.ui.setting_fields import KEEP, draw_setting
from shared.base.vocabulary import Split
from shared.configs import SubsetConfig
from shared.configs.kinds import RunKind
from shared.contract.datasets import Dataset

FIELD = "subset."
SPECS = {spec.name: spec for spec in field_specs(SubsetConfig)}


def draw_subset(dataset: Dataset, filters: Filters, names: list[str]) -> None:
    """The form, filled in from the current filters. `names` are taken dataset names."""
    _fill(dataset, filters, names)
    values = {"dataset": dataset.name, **_given()}
    faults = _faults(values, names)
    for name in _shown(dataset):
        if name in ("classes", "splits"):
            options = dataset.class_names if name == "classes" else [str(split) for split in Split]
            st.multiselect(
                name, options, key=FIELD + name, help=SPECS[name].tooltip, placeholder="all", **KEEP
            )
            if name in faults:
                wrong(faults[name])
        else:
            empty = _empty(name, dataset)
            draw_setting(SPECS[name], FIELD + name, empty=empty, error=faults.get(name, ""))
    if filters.label == UNLABELLED:
        st.caption("Unlabelled galaxies are included only if no class is selected.")
    elsewhere = [sentence for field, sentence in faults.items() if field not in _shown(dataset)]
    if elsewhere:
        bullets(elsewhere, bad=True)
    if st.button("Create subset", type="primary", disabled=bool(faults)):
        refused = queue_job(RunKind.SUBSET, values)
        st.session_state["subset_refused"] = (values, refused)
        if not refused:
            st.session_state.pop("subset_of")
        st.rerun()


def _faults(values: dict[str, Any], names: list[str]) -> dict[str, str]:
    refused_for, refused = st.session_state.get("subset_refused", (None, {}))
    _, errors = check_values(SubsetConfig, values)
    unnamed = name_fault(str(values.get("name", "")), names)
    missing = missing_split(values.get("splits", []))
    return {
        **(refused if refused_for == values else {}),
        **errors,
        **({"name": unnamed} if unnamed else {}),
        **({"splits": missing} if missing else {}),
    }


def missing_split(splits: Sequence[str]) -> str:
    """An error if a selection of splits lacks train or val; "" otherwise and for no selection."""
    absent = [split for split in (Split.TRAIN, Split.VAL) if splits and split not in splits]
    if not absent:
        return ""
    return f"A dataset needs train and val galaxies; add {' and '.join(absent)}, or select no split."


def _empty(name: str, dataset: Dataset) -> str:
    low, high = dataset.redshift_range or (0.0, 0.0)
    return {"n": "all", "redshift_min": f"{low:.3g}", "redshift_max": f"{high:.3g}"}.get(name, "")


def _shown(dataset: Dataset) -> list[str]:
    names = ["name", "classes", "splits", "redshift_min", "redshift_max", "n", "seed"]
    missing = set() if dataset.class_names else {"classes"}
    if dataset.redshift_range is None:
        missing |= {"redshift_min", "redshift_max"}
    return [name for name in names if name not in missing]


def _fill(dataset: Dataset, filters: Filters, names: list[str]) -> None:
    state = st.session_state
    source = (dataset.name, replace(filters, split=None))
    if state.get("subset_of") == source and state.get(FIELD + "name") is not None:
        return
    state["subset_of"] = source
    state[FIELD + "name"] = suggest_free(subset_name(dataset.name, filters), names)
    state[FIELD + "classes"] = [filters.label] if filters.label in dataset.class_names else []
    state[FIELD + "redshift_min"] = filters.redshift_min
    state[FIELD + "redshift_max"] = filters.redshift_max


def subset_name(name: str, filters: Filters) -> str:
    """A name that describes the filters, without the split: a dataset needs all of them."""
    narrowed = filters.redshift_min is not None or filters.redshift_max is not None
    parts = [part for part in (filters.label or "", "z" if narrowed else "") if part]
    return dataset_word("-".join([name, *(parts or ["part"])]))


def _given() -> dict[str, Any]:
    values = {
        name: st.session_state.get(FIELD + name) for name in SPECS if name not in ("dataset", "split_table")
    }
    return {name: value for name, value in values.items() if value not in (None, "", [])}
