"""The launch form of this session: filled from the URL, a preset, a size or YAML; stored in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from frontend.features.launch.sizes import size_in_effect
from frontend.features.launch.yaml_text import LaunchText
from frontend.ui.config_form import changed_values, field_specs, read_changes, starting_values, to_query
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from shared.configs.presets import SIZES, Preset
from shared.contract.runs import RunRequest

FIELD = "launch."
ENTERED = "launch_entered"
QUERY_KEYS = ("preset", "on", "set", "name", "parent")
VIEWS = ("simple", "full")
SPECS = [spec for spec in field_specs(PretrainConfig) if spec.name != "dataset"]
KINDS = {spec.name: spec.kind for spec in SPECS}


@dataclass(frozen=True)
class Draft:
    """The current form: the choices, every value, the preset's values, and the changes."""

    preset: str
    dataset: str | None
    name: str
    parent: str
    values: dict[str, Any]
    base: dict[str, Any]

    @property
    def changes(self) -> dict[str, Any]:
        return changed_values(self.values, self.base)

    def request(self, kind: RunKind = RunKind.PRETRAIN) -> RunRequest:
        """The launch as an API request."""
        return RunRequest(
            kind=kind,
            config={"dataset": self.dataset, **self.changes},
            preset=self.preset or None,
            name=self.name or None,
            parent_id=self.parent or None,
        )


def hydrate(presets: Mapping[str, Preset], datasets: list[str]) -> None:
    """Fill the session from the URL on arrival at the page, or from the first preset if there is none.

    Only on arrival: a quick second edit still carries the URL from before the first and must not undo it.
    """
    state = st.session_state
    query = {key: st.query_params.get_all(key) for key in QUERY_KEYS if key in st.query_params}
    arrived = not state.get(ENTERED)
    if arrived and query and query != state.get("launch_query"):
        _load(presets, datasets, query)
    elif "launch_preset" not in state:
        _load(presets, datasets, {})
    if arrived:
        view = st.query_params.get("view", state.get("launch_view"))
        state["launch_view"] = view if view in VIEWS else VIEWS[0]
    if state["launch_dataset"] not in datasets:
        state["launch_dataset"] = datasets[0]
    state[ENTERED] = True


def leave() -> None:
    """Note that another page is shown, so that the next visit reads the URL again."""
    for key in (ENTERED, "launch_shown"):
        st.session_state.pop(key, None)


def _load(presets: Mapping[str, Preset], datasets: list[str], query: Mapping[str, list[str]]) -> None:
    state = st.session_state
    first = next(iter(presets), "")
    preset = query["preset"][0] if query.get("preset") else first
    preset = preset if preset in presets or preset == "" else first
    dataset = query.get("on", [""])[0] or state.get("launch_dataset")
    state["launch_preset"] = preset
    state["launch_dataset"] = dataset if dataset in datasets else datasets[0]
    state["launch_name"] = query.get("name", [""])[0]
    state["launch_parent"] = query.get("parent", [""])[0]
    changes = read_changes(PretrainConfig, list(query.get("set", [])))
    fill({**preset_values(presets, preset), **changes})


def preset_values(presets: Mapping[str, Preset], preset: str) -> dict[str, Any]:
    """All field values of a preset; the defaults for no preset."""
    return starting_values(PretrainConfig, presets[preset].values if preset in presets else {})


def fill(values: Mapping[str, Any]) -> None:
    """Write values into the form."""
    for name, value in values.items():
        typed = float(value) if KINDS[name] == "float" and value is not None else value
        st.session_state[FIELD + name] = typed


def apply_preset(presets: Mapping[str, Preset]) -> None:
    """Fill every field from the chosen preset."""
    st.session_state.pop("launch_shown", None)
    fill(preset_values(presets, st.session_state["launch_preset"]))


def apply_size() -> None:
    """Fill widths, depths and heads from the chosen size."""
    chosen = st.session_state.get("launch_size")
    for size in SIZES:
        if size.key == chosen:
            fill(size.values)


def apply_text(presets: Mapping[str, Preset], text: LaunchText) -> None:
    """Fill the form from a valid YAML text."""
    state = st.session_state
    state["launch_preset"], state["launch_dataset"] = text.preset, text.dataset
    state["launch_name"] = text.name
    fill({**preset_values(presets, text.preset), **text.values})


def read_draft(presets: Mapping[str, Preset]) -> Draft:
    """Read the form from the session and select the matching size."""
    state = st.session_state
    values = {spec.name: state.get(FIELD + spec.name) for spec in SPECS}
    preset = str(state["launch_preset"] or "")
    state["launch_size"] = size_in_effect(values)
    return Draft(
        preset=preset,
        dataset=state["launch_dataset"],
        name=str(state.get("launch_name") or "").strip(),
        parent=str(state.get("launch_parent") or ""),
        values={"dataset": state["launch_dataset"], **values},
        base=preset_values(presets, preset),
    )


def remember(draft: Draft) -> None:
    """Write the form and its view into the URL."""
    query = to_query(draft.preset, draft.dataset, draft.changes, draft.name, draft.parent)
    as_lists = {key: value if isinstance(value, list) else [value] for key, value in query.items()}
    view = st.session_state["launch_view"]
    if (as_lists, view) == (st.session_state.get("launch_query"), st.query_params.get("view")):
        return
    st.session_state["launch_query"] = as_lists
    st.query_params.from_dict({**query, "view": view})


def forget_parent() -> None:
    """The next launch from this form has no parent."""
    st.session_state["launch_parent"] = ""
