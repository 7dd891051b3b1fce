"""The fields of the launch form: drawn from PretrainConfig, kept in the session and in the URL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10
from typing import Any

import streamlit as st

from frontend.blocks import wrong
from frontend.launch_form import (
    FieldSpec,
    changed_values,
    field_specs,
    read_changes,
    starting_values,
    to_query,
)
from shared.configs import PretrainConfig
from shared.presets import Preset

FIELD = "launch."
ENTERED = "launch_entered"
QUERY_KEYS = ("preset", "on", "set", "name", "parent")
SPECS = [spec for spec in field_specs(PretrainConfig) if spec.name != "dataset"]


@dataclass(frozen=True)
class Draft:
    """The form as it stands: what was chosen, every value, and those that differ from the preset's."""

    preset: str
    dataset: str | None
    name: str
    parent: str
    values: dict[str, Any]
    changes: dict[str, Any]


def hydrate(presets: Mapping[str, Preset], datasets: list[str]) -> None:
    """Fills the session from the URL when the person arrives at the page, from the first preset when
    nothing is known.

    Only on arrival: a quick second edit comes with the URL of before the first one, and must not undo it.
    """
    state = st.session_state
    query = {key: st.query_params.get_all(key) for key in QUERY_KEYS if key in st.query_params}
    arrived = not state.get(ENTERED)
    if arrived and query and query != state.get("launch_query"):
        _load(presets, datasets, query)
    elif "launch_preset" not in state:
        _load(presets, datasets, {})
    if state["launch_dataset"] not in datasets:
        state["launch_dataset"] = datasets[0]
    state[ENTERED] = True


def leave() -> None:
    """Another page is shown: the next visit reads the URL again."""
    st.session_state.pop(ENTERED, None)
    st.session_state.pop("launch_faulty", None)


def _load(presets: Mapping[str, Preset], datasets: list[str], query: Mapping[str, list[str]]) -> None:
    state = st.session_state
    first = next(iter(presets), "")
    preset = query["preset"][0] if query.get("preset") else first
    preset = preset if preset in presets or preset == "" else first
    wanted = query.get("on", [""])[0] or state.get("launch_dataset")
    state["launch_preset"] = preset
    state["launch_dataset"] = wanted if wanted in datasets else datasets[0]
    state["launch_name"] = query.get("name", [""])[0]
    state["launch_parent"] = query.get("parent", [""])[0]
    changes = read_changes(PretrainConfig, list(query.get("set", [])))
    _fill({**_base(presets, preset), **changes})


def _base(presets: Mapping[str, Preset], preset: str) -> dict[str, Any]:
    return starting_values(PretrainConfig, presets[preset].values if preset in presets else {})


def _fill(values: Mapping[str, Any]) -> None:
    kinds = {spec.name: spec.kind for spec in SPECS}
    for name, value in values.items():
        typed = float(value) if kinds[name] == "float" and value is not None else value
        st.session_state[FIELD + name] = typed


def take_preset(presets: Mapping[str, Preset]) -> None:
    """Fills every field from the preset that was just chosen."""
    st.session_state.pop("launch_refused", None)
    _fill(_base(presets, st.session_state["launch_preset"]))


def read_draft(presets: Mapping[str, Preset]) -> Draft:
    """The form as it stands in the session."""
    state = st.session_state
    values = {spec.name: state.get(FIELD + spec.name) for spec in SPECS}
    preset = str(state["launch_preset"] or "")
    return Draft(
        preset=preset,
        dataset=state["launch_dataset"],
        name=str(state.get("launch_name") or "").strip(),
        parent=str(state.get("launch_parent") or ""),
        values={"dataset": state["launch_dataset"], **values},
        changes=changed_values(values, _base(presets, preset)),
    )


def remember(draft: Draft) -> None:
    """Writes the form into the URL."""
    query = to_query(draft.preset, draft.dataset, draft.changes, draft.name, draft.parent)
    as_lists = {key: value if isinstance(value, list) else [value] for key, value in query.items()}
    if as_lists == st.session_state.get("launch_query") and "preset" in st.query_params:
        return
    st.session_state["launch_query"] = as_lists
    st.query_params.from_dict(query)


def forget_parent() -> None:
    """The next launch from this form is a run of its own."""
    st.session_state["launch_parent"] = ""


def draw_fields(errors: Mapping[str, str]) -> None:
    """The simple fields, then the others folded by group; a group with a fault opens, and does
    not shut under the hand that corrects it."""
    faulty: set[str] = st.session_state.setdefault("launch_faulty", set())
    _draw_grid((spec for spec in SPECS if spec.simple), errors)
    rest = sorted((s for s in SPECS if not s.simple), key=lambda s: [g.group for g in SPECS].index(s.group))
    for group, members in groupby(rest, key=lambda spec: spec.group):
        specs = list(members)
        if any(spec.name in errors for spec in specs):
            faulty.add(group)
        with st.expander(f"**{group}** · {', '.join(s.name for s in specs)}", expanded=group in faulty):
            _draw_grid(specs, errors)


def _draw_grid(specs: Iterable[FieldSpec], errors: Mapping[str, str]) -> None:
    grid = st.grid("auto", min_column_width=150, gap="small")
    for spec in specs:
        with grid.cell():
            _draw_field(spec)
            if spec.name in errors:
                wrong(errors[spec.name])


def _draw_field(spec: FieldSpec) -> None:
    key = FIELD + spec.name
    if spec.kind == "bool":
        st.selectbox(spec.label, [True, False], format_func=_yes, key=key, help=spec.tooltip, **KEEP)
    elif spec.kind == "choice":
        st.selectbox(spec.label, spec.choices, key=key, help=spec.tooltip, **KEEP)
    elif spec.kind == "int":
        st.number_input(spec.label, step=1, key=key, help=spec.tooltip, **_blank(spec), **KEEP)
    elif spec.kind == "float":
        step = _step(spec.default)
        st.number_input(spec.label, step=step, format="%g", key=key, help=spec.tooltip, **KEEP)
    else:
        st.text_input(spec.label, key=key, help=spec.tooltip, **KEEP)


KEEP: dict[str, Any] = {"persist_state": "session"}


def _blank(spec: FieldSpec) -> dict[str, Any]:
    return {"value": None, "placeholder": "whole frame"} if spec.optional else {}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _step(default: Any) -> float:
    """Half the power of ten below the default: 0.05 for 0.75."""
    return 0.5 * 10.0 ** floor(log10(default)) if default else 0.01
