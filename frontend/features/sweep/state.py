"""The sweep form of this session: filled from the address and stored in it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.ui.sweep_form import SweepForm
from shared.configs.kinds import RunKind
from shared.contract.sweeps import OBJECTIVES

FIELD, ENTERED, ROWS = "sweep.", "sweep_entered", "sweep_rows"
PLAIN = tuple(name for name in SweepForm.model_fields if name != "over")


def hydrate(first_preset: str, first_dataset: str) -> None:
    """Fill the session from the address on arrival at the page, or from defaults. Only on arrival: a quick
    second edit still carries the address from before the first."""
    state = st.session_state
    if state.get(ENTERED):
        return
    state[ENTERED] = True
    query = st.query_params.to_dict()
    if any(SweepForm.RENAMED.get(name, name) in query for name in SweepForm.model_fields):
        fill(SweepForm.from_query(query))
    elif ROWS not in state:
        fill(SweepForm(start=f"preset:{first_preset}" if first_preset else "", on=first_dataset))


def fill(form: SweepForm) -> None:
    """Write a form into the session."""
    state = st.session_state
    for name in PLAIN:
        state[FIELD + name] = getattr(form, name)
    state[ROWS] = list(range(max(len(form.over), 1)))
    for row in state[ROWS]:
        field, _, values = form.over[row].partition("=") if row < len(form.over) else ("", "", "")
        state[axis_key(row, "field")], state[axis_key(row, "values")] = field or None, values


def axis_key(row: int, part: str) -> str:
    return f"{FIELD}axis.{row}.{part}"


def add_row() -> None:
    rows = st.session_state[ROWS]
    rows.append(max(rows, default=-1) + 1)


def remove_row(row: int) -> None:
    st.session_state[ROWS].remove(row)
    for part in ("field", "values"):
        st.session_state.pop(axis_key(row, part), None)


def read_form() -> SweepForm:
    """The current form; axes without a field are ignored."""
    state: Mapping[Any, Any] = st.session_state
    over = [
        f"{state[axis_key(row, 'field')]}={(state.get(axis_key(row, 'values')) or '').strip()}"
        for row in state[ROWS]
        if state.get(axis_key(row, "field"))
    ]
    values = {name: state.get(FIELD + name) for name in PLAIN}
    usual = OBJECTIVES[RunKind(str(values["kind"]))][0].key
    if values["objective"] == usual:
        values["objective"] = ""  # the default is left out of the address
    known = {name: value for name, value in values.items() if value is not None}
    return SweepForm.model_validate(known | {"over": tuple(over)})


def remember(form: SweepForm) -> None:
    """Write the form into the address."""
    query = {key: value for key, value in form.to_query().items() if value}
    if "run" in st.query_params:
        query["run"] = st.query_params["run"]
    if query != st.query_params.to_dict():
        st.query_params.from_dict(query)


def restore_sweep() -> None:
    """Restore the sweep shown when the page was left: the browser's Back button brings the address of the
    other page."""
    left = st.session_state.get("left_pages", {}).get("sweep", {})
    own = {"sweep", *SweepForm.RENAMED.values(), *SweepForm.model_fields}
    if not st.session_state.get(ENTERED) and "sweep" in left and not own & {*st.query_params}:
        st.query_params.from_dict({"sweep": left["sweep"]})


def leave_results() -> None:
    """Show the form and the list of sweeps."""
    st.session_state.get("left_pages", {}).pop("sweep", None)
    st.query_params.pop("sweep", None)
    st.rerun()


def leave() -> None:
    """Note that another page is shown, so that the next visit reads the address again."""
    st.session_state.pop(ENTERED, None)
