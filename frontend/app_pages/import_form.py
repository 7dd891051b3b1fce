"""Bringing in one's own images: choose a source, look at it, say what is what, import."""

from typing import Any

import streamlit as st

from frontend.app_pages import import_values
from frontend.app_pages.dataset_jobs import queue_job
from frontend.app_pages.import_fields import draw_columns, draw_frame, draw_stretch
from frontend.app_pages.import_look import Look, draw_found, draw_pictures, inspect, look
from frontend.app_pages.import_values import FIELD, SPECS
from frontend.app_pages.setting_fields import draw_setting
from frontend.blocks import bullets, section
from frontend.components.folder_chooser import draw_folder_chooser
from frontend.components.upload import IMAGES, draw_upload
from frontend.dataset_words import name_fault
from frontend.wording import count
from shared.configs.kinds import RunKind
from shared.contract.datasets import SourcePreview

REFUSED = "import_refused"


def draw_import(names: list[str]) -> None:
    """The whole form; `names` are taken."""
    import_values.clear_if_over()
    import_values.hydrate(names)
    import_values.take_source(names)
    path = import_values.path()
    top = st.container()
    _draw_choice(path)
    import_values.remember()
    given = import_values.given()
    seen = look(given) if path else Look(None, {}, {})
    faults = _faults(given, names, seen.faults)
    with top:
        empty = "choose below, or type a path of the server"
        draw_setting(SPECS["path"], FIELD + "path", empty=empty, error=faults.get("path", ""))
    if seen.preview is not None:
        _draw_form(seen, seen.preview, given, faults)
    elif path:
        bullets([sentence for field, sentence in seen.faults.items() if field != "path"], bad=True)
        st.button("Look again", on_click=inspect.clear)


def _draw_choice(path: str) -> None:
    with st.expander("Choose a source", expanded=not path):
        left, right = st.columns(2, gap="medium")
        with left:
            st.caption("On the machine that runs Galaxyscope")
            draw_folder_chooser("import_folder", on_choose=import_values.set_path)
        with right:
            st.caption("On this computer")
            draw_upload(IMAGES, "import_upload", on_done=import_values.take_upload)


def _faults(given: dict[str, Any], names: list[str], found: dict[str, str]) -> dict[str, str]:
    """All that stands in the way, by field: what was found, what the server said to these very values, and
    whether the name can be had."""
    refused_for, refused = st.session_state.get(REFUSED, (None, {}))
    unnamed = name_fault(given.get("name", ""), names)
    faults = {**(refused if refused_for == given else {}), **found}
    return {**faults, "name": unnamed} if unnamed else faults


def _draw_form(seen: Look, preview: SourcePreview, given: dict[str, Any], faults: dict[str, str]) -> None:
    wide, side = st.columns([8, 5], gap="large")
    drawn = {"path", "name"}
    with wide:
        section("What was found", "as it would be stored")
        draw_pictures(seen)
        drawn |= draw_columns(preview, faults)
    with side:
        draw_found(preview)
        section("How it is stored")
        drawn |= draw_frame(preview, faults)
        if preview.stretched:
            drawn |= draw_stretch(faults)
        section("Import")
        draw_setting(SPECS["name"], FIELD + "name", error=faults.get("name", ""))
        elsewhere = [sentence for field, sentence in faults.items() if field not in drawn]
        if elsewhere:
            bullets(elsewhere, bad=True)
        if st.button(
            f"Import {count(preview.n)} galaxies", type="primary", width="stretch", disabled=bool(faults)
        ):
            _import(given)


def _import(given: dict[str, Any]) -> None:
    refused = queue_job(RunKind.IMPORT, given)
    st.session_state[REFUSED] = (given, refused)
    if not refused:
        import_values.start_anew()
    st.rerun()
