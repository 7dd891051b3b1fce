"""Importing images: choose a source, preview it, assign columns, import."""

from typing import Any

import streamlit as st

from frontend.features.data.adding import import_values
from frontend.features.data.adding.folder_chooser import draw_folder_chooser
from frontend.features.data.adding.import_fields import (
    ROWS,
    WITH_ROWS,
    draw_columns,
    draw_frame,
    draw_rows,
    draw_stretch,
)  # fmt: skip
from frontend.features.data.adding.import_preview import (
    Inspection,
    draw_images,
    draw_source,
    fetch_preview,
    inspect,
)
from frontend.features.data.adding.import_values import FIELD, SPECS
from frontend.features.data.jobs import queue_job
from frontend.features.data.words import name_fault
from frontend.ui.blocks import bullets, section
from frontend.ui.setting_fields import draw_setting
from frontend.ui.upload.upload import IMAGES, draw_upload
from frontend.ui.wording import count
from shared.configs.kinds import RunKind
from shared.contract.datasets import SourcePreview

REFUSED = "import_refused"


def draw_import(names: list[str]) -> None:
    """The whole form; `names` are taken dataset names."""
    import_values.clear_if_queued()
    import_values.hydrate(names)
    import_values.reset_on_new_source(names)
    path = import_values.path()
    top = st.container()
    _draw_choice(path)
    import_values.remember()
    given = import_values.given()
    inspection = inspect(given) if path else Inspection(None, {}, {})
    faults = _faults(given, names, inspection.faults)
    with top:
        empty = "choose below, or type a path on the server"
        draw_setting(SPECS["path"], FIELD + "path", empty=empty, error=faults.get("path", ""))
    if inspection.preview is not None:
        _draw_form(inspection, inspection.preview, given, faults)
    elif path:
        drawn = {"path"} if inspection.faults.keys().isdisjoint(ROWS) else {"path", *draw_rows(faults)}
        bullets([sentence for field, sentence in inspection.faults.items() if field not in drawn], bad=True)
        st.button("Check again", on_click=fetch_preview.clear)


def _draw_choice(path: str) -> None:
    with st.expander("Choose a source", expanded=not path):
        left, right = st.columns(2, gap="medium")
        with left:
            st.caption("On the Galaxyscope server")
            draw_folder_chooser("import_folder", on_choose=import_values.set_path)
        with right:
            st.caption("On this computer")
            draw_upload(IMAGES, "import_upload", on_done=import_values.take_upload)


def _faults(given: dict[str, Any], names: list[str], found: dict[str, str]) -> dict[str, str]:
    """All errors by field: from the source, from the server for exactly these values, and of the name."""
    refused_for, refused = st.session_state.get(REFUSED, (None, {}))
    unnamed = name_fault(given.get("name", ""), names)
    faults = {**(refused if refused_for == given else {}), **found}
    return {**faults, "name": unnamed} if unnamed else faults


def _draw_form(
    inspection: Inspection, preview: SourcePreview, given: dict[str, Any], faults: dict[str, str]
) -> None:
    wide, side = st.columns([8, 5], gap="large")
    drawn = {"path", "name"}
    with wide:
        section("Preview", "images as they would be stored")
        draw_images(inspection)
        drawn |= draw_columns(preview, faults)
        if preview.kind in WITH_ROWS or not faults.keys().isdisjoint(ROWS):
            drawn |= draw_rows(faults)
    with side:
        draw_source(preview)
        section("Storage")
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
        import_values.note_queued()
    st.rerun()
