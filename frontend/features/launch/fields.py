"""The fields of the launch form, drawn from PretrainConfig group by group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10
from typing import Any

import streamlit as st

from frontend.features.launch.checks import evaluation_datasets
from frontend.features.launch.lr_curve import SCHEDULE_FIELDS, draw_lr_curve
from frontend.features.launch.sizes import CUSTOM, Parameters, count_parameters, count_sizes
from frontend.features.launch.state import FIELD, SPECS, Draft, apply_size
from frontend.ui.blocks import hint, section, wrong
from frontend.ui.config_form import FieldSpec
from frontend.ui.wording import short_count
from shared.configs.presets import SIZES, Size
from shared.contract.datasets import Dataset
from shared.contract.launching import Advice

KEEP: dict[str, Any] = {"persist_state": "session"}
SIZE_HELP = (
    "Sets widths, depths and heads of encoder and decoder; everything else stays. The parameter count is "
    "for both, with this patch size and the bands of this dataset: "
    + ", ".join(size.title.replace(" · ", " ") for size in SIZES)
    + "."
)


@dataclass(frozen=True)
class Remarks:
    """Messages beside the fields: errors, which block the start, and advice, which does not."""

    faults: Mapping[str, str]
    advice: Sequence[Advice]

    def draw(self, field: str) -> None:
        if field in self.faults:
            wrong(self.faults[field])
        for advice in self.advice:
            if advice.field == field:
                hint(advice.sentence)

    @property
    def fields(self) -> set[str]:
        return {*self.faults, *(advice.field for advice in self.advice)}


def draw_fields(draft: Draft, datasets: Mapping[str, Dataset], remarks: Remarks) -> None:
    """The groups in the order of the config, with the learning-rate schedule below its settings. The simple
    view shows essential fields, changed ones and those with a remark."""
    shown = _shown(draft, remarks)
    dataset = datasets.get(draft.dataset or "")
    for group, members in groupby(SPECS, key=lambda spec: spec.group):
        specs = [spec for spec in members if spec.name in shown]
        if not specs:
            continue
        if group == "model" and dataset is not None:
            counts = count_parameters(draft.values, len(dataset.bands))
            section(group.capitalize(), _parameter_words(counts))
            _draw_sizes(draft, len(dataset.bands))
        else:
            section(group.capitalize())
        grid = st.grid("auto", min_column_width=136, gap="small")
        for spec in specs:
            with grid.cell():
                _draw_field(spec, draft, datasets)
                remarks.draw(spec.name)
        if group == "optimisation":
            draw_lr_curve(draft.values, fits=not SCHEDULE_FIELDS & remarks.faults.keys())


def _shown(draft: Draft, remarks: Remarks) -> set[str]:
    """Fields to draw. In the simple view a field once shown stays, so that it cannot vanish while edited."""
    if st.session_state["launch_view"] == "full":
        return {spec.name for spec in SPECS}
    simple = {spec.name for spec in SPECS if spec.simple}
    shown: set[str] = st.session_state.setdefault("launch_shown", set())
    shown |= simple | set(draft.changes) | remarks.fields
    return shown


def _parameter_words(counts: Parameters) -> str:
    return (
        f"{short_count(counts.encoder)} parameters in the encoder, "
        f"{short_count(counts.decoder)} in the decoder"
    )


def _draw_sizes(draft: Draft, in_chans: int) -> None:
    counts = count_sizes(draft.values, in_chans)
    titles = {size.key: f"{_first(size)} · {short_count(counts[size.key].total)}" for size in SIZES}
    custom = st.session_state["launch_size"] == CUSTOM
    st.pills(
        "Size",
        [*titles, *([CUSTOM] if custom else [])],
        format_func=lambda key: titles.get(key, key),
        key="launch_size",
        required=True,
        wrap=True,
        on_change=apply_size,
        help=SIZE_HELP,
    )


def _first(size: Size) -> str:
    return size.title.partition(" · ")[0]


def _draw_field(spec: FieldSpec, draft: Draft, datasets: Mapping[str, Dataset]) -> None:
    key, tooltip = FIELD + spec.name, spec.tooltip_with(draft.base[spec.name])
    if spec.name == "eval_dataset":
        _draw_evaluation_dataset(key, tooltip, draft, datasets)
    elif spec.kind == "bool":
        st.selectbox(spec.label, [True, False], format_func=_yes, key=key, help=tooltip, **KEEP)
    elif spec.kind == "choice":
        st.selectbox(spec.label, spec.choices, key=key, help=tooltip, **KEEP)
    elif spec.kind == "int":
        st.number_input(spec.label, step=1, key=key, help=tooltip, **_blank(spec), **KEEP)
    elif spec.kind == "float":
        step = _step(spec.default)
        st.number_input(spec.label, step=step, format="%g", key=key, help=tooltip, **KEEP)
    else:
        st.text_input(spec.label, key=key, help=tooltip, **KEEP)


def _draw_evaluation_dataset(key: str, tooltip: str, draft: Draft, datasets: Mapping[str, Dataset]) -> None:
    """An invalid name stays in the select, next to its error."""
    dataset = datasets.get(draft.dataset or "")
    valid = evaluation_datasets(dataset, datasets) if dataset else []
    chosen = st.session_state[key]
    st.selectbox(
        "eval_dataset",
        [*valid, *([chosen] if chosen and chosen not in valid else [])],
        index=None,
        placeholder="the training dataset",
        key=key,
        help=tooltip,
        **KEEP,
    )


def _blank(spec: FieldSpec) -> dict[str, Any]:
    return {"value": None, "placeholder": "whole frame"} if spec.optional else {}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _step(default: Any) -> float:
    """Half the power of ten below the default: 0.05 for 0.75."""
    return 0.5 * 10.0 ** floor(log10(default)) if default else 0.01
