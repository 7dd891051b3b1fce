"""The values of the import form, stored in the session and, for page reloads, in the address."""

from typing import Any

import streamlit as st

from frontend.features.data.jobs import suggest_free
from frontend.features.data.words import suggest_name
from frontend.ui.config_form import field_specs, read_changes, show_value
from frontend.ui.setting_fields import starting_value
from shared.configs.datasets import COLUMN_FIELDS, ImportConfig
from shared.contract.datasets import Upload

FIELD = "import."
SPECS = {spec.name: spec for spec in field_specs(ImportConfig)}
PER_SOURCE = (
    *("labels", *COLUMN_FIELDS, "ra_unit", "targets", "class_names", "cone", "box"),
    *("bands", "rgb", "band_files", "hdus"),
)
"""Fields reset when the source changes."""


def hydrate(names: list[str]) -> None:
    """Fill the session from the address once, so that a reload loses nothing."""
    state = st.session_state
    if "import_source" in state:
        return
    for name, value in read_changes(ImportConfig, st.query_params.get_all("set")).items():
        state[FIELD + name] = float(value) if SPECS[name].kind == "float" and value is not None else value
    state["import_source"] = path()
    if path() and not state.get(FIELD + "name"):
        state[FIELD + "name"] = suggest_free(suggest_name(path(), []), names)


def path() -> str:
    """The source; "" if there is none yet."""
    return str(st.session_state.get(FIELD + "path") or "").strip()


def set_path(chosen: str) -> None:
    """Callback: set the source."""
    st.session_state[FIELD + "path"] = chosen


def take_upload(upload: Upload) -> None:
    """Callback: use an upload as the source."""
    set_path(upload.path)
    sources = [name for name in upload.files if not (upload.labels or "").endswith(f"/{name}")]
    st.session_state["import_called"] = sources[0] if len(sources) == 1 else "my-galaxies"
    st.session_state["import_labels"] = upload.labels or ""


def reset_on_new_source(names: list[str]) -> None:
    """When the source has changed: guess its columns again and suggest a name."""
    state = st.session_state
    if state["import_source"] == path():
        return
    state["import_source"] = path()
    for name in PER_SOURCE:
        state[FIELD + name] = starting_value(SPECS[name])
    state[FIELD + "labels"] = state.pop("import_labels", "")
    called = suggest_name(state.pop("import_called", path()), [])
    state[FIELD + "name"] = suggest_free(called, names) if path() else ""


def given() -> dict[str, Any]:
    """The values that are neither empty nor default."""
    values: dict[str, Any] = {}
    for name, spec in SPECS.items():
        value = st.session_state.get(FIELD + name)
        value = value.strip() if isinstance(value, str) else value
        if value not in (None, "") and value != spec.default:
            values[name] = value
    return values


def remember() -> None:
    """Write the form into the address."""
    words = [f"{name}={show_value(value)}" for name, value in given().items()]
    if words != st.query_params.get_all("set"):
        if words:
            st.query_params["set"] = words
        else:
            st.query_params.pop("set", None)


def note_queued() -> None:
    """After queueing an import: clear the form on the next rerun."""
    st.session_state["import_queued"] = True


def clear_if_queued() -> None:
    """Clear the form if its import has been queued."""
    if st.session_state.pop("import_queued", False):
        for name, spec in SPECS.items():
            st.session_state[FIELD + name] = starting_value(spec)
        st.session_state["import_source"] = ""
        st.query_params.pop("set", None)
