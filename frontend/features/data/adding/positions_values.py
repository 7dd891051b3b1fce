"""The values of the form for cut-outs, stored in the session and, for page reloads, in the address."""

from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.data.jobs import suggest_free
from frontend.features.data.words import suggest_name
from frontend.ui.config_form import field_specs, read_changes, show_value
from frontend.ui.session import client
from frontend.ui.setting_fields import starting_value
from shared.configs import CutoutsConfig
from shared.configs.cutouts import WITHOUT
from shared.configs.datasets import COLUMN_FIELDS
from shared.configs.surveys import SURVEYS
from shared.contract import endpoints
from shared.contract.datasets import Upload

KEY = "cutouts."
SPECS = {spec.name: spec for spec in field_specs(CutoutsConfig) if spec.name not in WITHOUT}
ROLES = tuple(name for name in COLUMN_FIELDS if name in SPECS and name != "pxscale")
PER_TABLE = (*ROLES, "cone")
"""Fields reset when the table changes."""
ADDRESS = "cut"


def hydrate() -> None:
    """Fill the session from the address once."""
    state = st.session_state
    if "cutouts_table" in state:
        return
    state[KEY + "survey"] = next(iter(SURVEYS))
    for name, value in read_changes(CutoutsConfig, st.query_params.get_all(ADDRESS)).items():
        if name in SPECS:
            state[KEY + name] = float(value) if SPECS[name].kind == "float" and value is not None else value
    state["cutouts_table"] = path()


def path() -> str:
    """The table; "" if there is none yet."""
    return str(st.session_state.get(KEY + "path") or "").strip()


def set_path(chosen: str) -> None:
    """Callback: set the table."""
    st.session_state[KEY + "path"] = chosen


def take_upload(upload: Upload) -> None:
    """Callback: use an uploaded table."""
    set_path(upload.path)


def take_list() -> None:
    """Callback: send the pasted list to the server, as a table of its own."""
    text = str(st.session_state.get("cutouts_list") or "").strip()
    if not text:
        return
    try:
        upload = client().call(endpoints.START_UPLOAD)
        sent = client().call(
            endpoints.UPLOAD_FILE,
            content=text.encode() + b"\n",
            upload_id=upload.id,
            filename="positions.csv",
        )
    except ApiError as error:
        st.session_state["cutouts_list_fault"] = error.detail
        return
    set_path(sent.path)


def reset_on_new_table(names: list[str]) -> None:
    """When the table has changed: guess its columns again and suggest a name."""
    state = st.session_state
    if state["cutouts_table"] != path():
        state["cutouts_table"] = path()
        for name in PER_TABLE:
            state[KEY + name] = ""
        state[KEY + "name"] = ""
    if path() and not state.get(KEY + "name"):
        state[KEY + "name"] = suggest_free(suggest_name(path(), []), names)


def given() -> dict[str, Any]:
    """The values that are neither empty nor default."""
    values: dict[str, Any] = {}
    for name, spec in SPECS.items():
        value = st.session_state.get(KEY + name)
        value = value.strip() if isinstance(value, str) else value
        if value not in (None, "") and value != spec.default:
            values[name] = value
    return values


def remember() -> None:
    """Write the form into the address."""
    words = [f"{name}={show_value(value)}" for name, value in given().items()]
    if words != st.query_params.get_all(ADDRESS):
        st.query_params[ADDRESS] = words


def note_queued() -> None:
    """After queueing a job: clear the form on the next rerun."""
    st.session_state["cutouts_queued"] = True


def clear_if_queued() -> None:
    """Clear the form if its job has been queued; the survey stays."""
    if st.session_state.pop("cutouts_queued", False):
        for name in ("path", "name", *PER_TABLE):
            st.session_state[KEY + name] = starting_value(SPECS[name])
        st.session_state["cutouts_table"] = ""
        st.session_state.pop("cutouts_list", None)
        st.query_params.pop(ADDRESS, None)
