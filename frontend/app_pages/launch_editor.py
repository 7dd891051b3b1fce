"""The launch as text: an editor of its YAML, and the shell command."""

from collections.abc import Mapping

import streamlit as st

from frontend.blocks import wrong
from frontend.launch_checks import check_form
from frontend.launch_form import shell_command
from frontend.launch_state import Draft, take_text
from frontend.launch_yaml import LaunchText, read_yaml, write_yaml
from shared.configs.presets import Preset
from shared.contract.datasets import Dataset

TEXT, MADE, FAULTS = "launch_yaml", "launch_yaml_made", "launch_yaml_faults"


def draw_as_text(draft: Draft, presets: Mapping[str, Preset], datasets: Mapping[str, Dataset]) -> None:
    """The command and the folded editor."""
    st.markdown("The same from the shell")
    command = shell_command(draft.preset, draft.dataset, draft.changes, draft.name)
    st.code(command, language=None, wrap_lines=True)
    _follow(write_yaml(draft.preset, draft.name, draft.values))
    edited = st.session_state[TEXT] != st.session_state[MADE]
    with st.expander("Every value as YAML", expanded=edited, key="launch_yaml_fold"):
        _draw_editor(presets, datasets, edited)


def _follow(made: str) -> None:
    """The editor shows the form, unless it holds edits that were not applied."""
    state = st.session_state
    if state.get(TEXT, "") == state.get(MADE, "") and state.get(TEXT) != made:
        state[TEXT] = made  # only then: to set it takes away what is being typed
    state[MADE] = made if state[TEXT] == made else state[MADE]


def _draw_editor(presets: Mapping[str, Preset], datasets: Mapping[str, Dataset], edited: bool) -> None:
    st.text_area(
        "YAML",
        key=TEXT,
        height=420,
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Apply", on_click=_apply, args=(presets, datasets), key="apply_yaml")
        st.button("Take the form's values", on_click=_discard, key="discard_yaml")
        if edited:
            st.caption("Edited, not applied.")
    for sentence in st.session_state.get(FAULTS, []):
        wrong(sentence)


def _apply(presets: Mapping[str, Preset], datasets: Mapping[str, Dataset]) -> None:
    """Writes the text into the form; a text with a fault stays as it is, with the lines at fault below it."""
    state = st.session_state
    read = read_yaml(state[TEXT], presets, datasets, lambda values: check_form(values, datasets)[1])
    if isinstance(read, LaunchText):
        take_text(presets, read)
        state[MADE] = state[TEXT]
        state[FAULTS] = []
    else:
        state[FAULTS] = [str(fault) for fault in read]


def _discard() -> None:
    st.session_state[TEXT] = st.session_state[MADE]
    st.session_state[FAULTS] = []
