"""The launch as text: a YAML editor and the shell command."""

from collections.abc import Mapping

import streamlit as st

from frontend.features.launch.checks import check_form
from frontend.features.launch.state import Draft, apply_text
from frontend.features.launch.yaml_text import LaunchText, read_yaml, write_yaml
from frontend.ui.blocks import wrong
from frontend.ui.config_form import shell_command
from shared.configs.presets import Preset
from shared.contract.datasets import Dataset

TEXT, FORM_TEXT, FAULTS = "launch_yaml", "launch_yaml_form", "launch_yaml_faults"


def draw_as_text(draft: Draft, presets: Mapping[str, Preset], datasets: Mapping[str, Dataset]) -> None:
    """The command, and the editor in an expander."""
    st.markdown("Shell command")
    command = shell_command(draft.preset, draft.dataset, draft.changes, draft.name)
    st.code(command, language=None, wrap_lines=True)
    _follow(write_yaml(draft.preset, draft.name, draft.values))
    edited = st.session_state[TEXT] != st.session_state[FORM_TEXT]
    with st.expander("All values as YAML", expanded=edited, key="launch_yaml_fold"):
        _draw_editor(presets, datasets, edited)


def _follow(text: str) -> None:
    """Update the editor from the form, unless it has unapplied edits."""
    state = st.session_state
    if state.get(TEXT, "") == state.get(FORM_TEXT, "") and state.get(TEXT) != text:
        state[TEXT] = text  # only then: setting it discards what is being typed
    state[FORM_TEXT] = text if state[TEXT] == text else state[FORM_TEXT]


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
        st.button("Discard edits", on_click=_discard, key="discard_yaml")
        if edited:
            st.caption("Edits not applied.")
    for sentence in st.session_state.get(FAULTS, []):
        wrong(sentence)


def _apply(presets: Mapping[str, Preset], datasets: Mapping[str, Dataset]) -> None:
    """Write the text into the form; invalid text is kept, with its errors by line below."""
    state = st.session_state
    parsed = read_yaml(state[TEXT], presets, datasets, lambda values: check_form(values, datasets)[1])
    if isinstance(parsed, LaunchText):
        apply_text(presets, parsed)
        state[FORM_TEXT] = state[TEXT]
        state[FAULTS] = []
    else:
        state[FAULTS] = [str(fault) for fault in parsed]


def _discard() -> None:
    st.session_state[TEXT] = st.session_state[FORM_TEXT]
    st.session_state[FAULTS] = []
