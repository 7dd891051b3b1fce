"""What the import form holds: in the session while one types, in the address for a refresh."""

from typing import Any

import streamlit as st

from frontend.app_pages.dataset_jobs import suggest_free
from frontend.app_pages.setting_fields import starting_value
from frontend.dataset_words import suggest_name
from frontend.launch_form import field_specs, read_changes, show_value
from shared.configs.datasets import COLUMN_FIELDS, ImportConfig
from shared.contract.datasets import Upload

FIELD = "import."
SPECS = {spec.name: spec for spec in field_specs(ImportConfig)}
OF_A_SOURCE = ("labels", *COLUMN_FIELDS, "bands", "rgb")
"""Fields that mean nothing for another source."""


def hydrate(names: list[str]) -> None:
    """Fills the session from the address, once: after a refresh nothing typed is lost."""
    state = st.session_state
    if "import_source" in state:
        return
    for name, value in read_changes(ImportConfig, st.query_params.get_all("set")).items():
        state[FIELD + name] = float(value) if SPECS[name].kind == "float" and value is not None else value
    state["import_source"] = path()
    if path() and not state.get(FIELD + "name"):
        state[FIELD + "name"] = suggest_free(suggest_name(path(), []), names)


def path() -> str:
    """The source, "" while there is none."""
    return str(st.session_state.get(FIELD + "path") or "").strip()


def set_path(chosen: str) -> None:
    """For a callback: the source that was chosen."""
    st.session_state[FIELD + "path"] = chosen


def take_upload(upload: Upload) -> None:
    """For a callback: what has been uploaded is the source."""
    set_path(upload.path)
    sources = [name for name in upload.files if not (upload.labels or "").endswith(f"/{name}")]
    st.session_state["import_called"] = sources[0] if len(sources) == 1 else "my-galaxies"
    st.session_state["import_labels"] = upload.labels or ""


def take_source(names: list[str]) -> None:
    """Where the source is another than before: its columns are guessed anew, and it gets a name."""
    state = st.session_state
    if state["import_source"] == path():
        return
    state["import_source"] = path()
    for name in OF_A_SOURCE:
        state[FIELD + name] = ""
    state[FIELD + "labels"] = state.pop("import_labels", "")
    called = suggest_name(state.pop("import_called", path()), [])
    state[FIELD + "name"] = suggest_free(called, names) if path() else ""


def given() -> dict[str, Any]:
    """The values that say something: filled in, and not what they are anyway."""
    values: dict[str, Any] = {}
    for name, spec in SPECS.items():
        value = st.session_state.get(FIELD + name)
        value = value.strip() if isinstance(value, str) else value
        if value not in (None, "") and value != spec.default:
            values[name] = value
    return values


def remember() -> None:
    """Writes the form into the address."""
    words = [f"{name}={show_value(value)}" for name, value in given().items()]
    if words != st.query_params.get_all("set"):
        if words:
            st.query_params["set"] = words
        else:
            st.query_params.pop("set", None)


def start_anew() -> None:
    """After an import has been queued: an empty form, at the next rerun."""
    st.session_state["import_over"] = True


def clear_if_over() -> None:
    """Empties the form where an import of it has been queued."""
    if st.session_state.pop("import_over", False):
        for name, spec in SPECS.items():
            st.session_state[FIELD + name] = starting_value(spec)
        st.session_state["import_source"] = ""
        st.query_params.pop("set", None)
