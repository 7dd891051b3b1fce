"""Fields of the import form: columns, frame, stretch."""

from collections.abc import Mapping

import streamlit as st

from frontend.features.data.adding.import_values import FIELD, SPECS
from frontend.features.data.words import role_words
from frontend.ui.blocks import section, wrong
from frontend.ui.setting_fields import KEEP, draw_setting
from shared.configs.datasets import COLUMN_FIELDS, NO_COLUMN
from shared.contract.datasets import SourcePreview

STRETCH = (
    "stretch",
    "stretch_scope",
    "low_percentile",
    "high_percentile",
    "stretch_q",
    "stretch_softening",
    "bands",
    "rgb",
)
ROWS = ("cone", "box", "limit")
WITH_ROWS = {"parquet", "hats"}
ONLY_ASINH = {"stretch_q", "stretch_softening"}
WITH_A_TABLE = {"folder_table", "folder", "array"}


def draw_columns(preview: SourcePreview, faults: Mapping[str, str]) -> set[str]:
    """A select for each column role; returns the names of the fields drawn."""
    drawn: set[str] = set()
    if preview.columns or preview.kind in WITH_A_TABLE:
        section("Columns", "guessed from their names unless you choose")
        grid = st.grid("auto", min_column_width=200, gap="small")
        if preview.kind in WITH_A_TABLE or "labels" in faults:
            with grid.cell():
                draw_setting(
                    SPECS["labels"],
                    FIELD + "labels",
                    empty="a CSV or Parquet file",
                    error=faults.get("labels", ""),
                )
            drawn.add("labels")
        for field in COLUMN_FIELDS if preview.columns else ("pxscale",):
            with grid.cell():
                _draw_role(field, preview, faults.get(field, ""))
            drawn.add(field)
        if preview.class_counts or "class_names" in faults:
            with grid.cell():
                draw_setting(
                    SPECS["class_names"],
                    FIELD + "class_names",
                    empty="as in the source",
                    error=faults.get("class_names", ""),
                )
            drawn.add("class_names")
    return drawn


def draw_rows(faults: Mapping[str, str]) -> set[str]:
    """Which rows of a set of Parquet files are imported; returns the names of the fields drawn."""
    section("Rows", "all of them unless you choose")
    grid = st.grid("auto", min_column_width=200, gap="small")
    for field in ROWS:
        with grid.cell():
            draw_setting(SPECS[field], FIELD + field, empty="all", error=faults.get(field, ""))
    return set(ROWS)


def _draw_role(field: str, preview: SourcePreview, fault: str) -> None:
    key = FIELD + field
    guess = preview.roles.get(field)
    chosen = st.session_state.get(key) or ""
    options = list(dict.fromkeys(["", NO_COLUMN, *preview.columns, *([chosen] if chosen else [])]))
    words = {"": role_words("", guess if not chosen else None), NO_COLUMN: "none"}
    if chosen:
        words[""] = "guess"
    st.session_state[key] = chosen
    st.selectbox(
        SPECS[field].label,
        options,
        format_func=lambda name: words.get(name, name),
        key=key,
        help=SPECS[field].tooltip,
        accept_new_options=field == "pxscale",
        **KEEP,
    )
    if fault:
        wrong(fault)


def draw_frame(preview: SourcePreview, faults: Mapping[str, str]) -> set[str]:
    """Side and crop of the stored images."""
    own = f"{preview.img_size}, unchanged" if preview.img_size else "required: sizes differ"
    draw_setting(SPECS["img_size"], FIELD + "img_size", empty=own, error=faults.get("img_size", ""))
    draw_setting(SPECS["crop"], FIELD + "crop", error=faults.get("crop", ""))
    return {"img_size", "crop"}


def draw_stretch(faults: Mapping[str, str]) -> set[str]:
    """How images of more than 8 bits are converted to 8 bits."""
    section("Stretch", "the preview updates")
    linear = st.session_state.get(FIELD + "stretch") == "linear"
    names = [name for name in STRETCH if not (linear and name in ONLY_ASINH)]
    grid = st.grid("auto", min_column_width=150, gap="small")
    for name in names:
        with grid.cell():
            draw_setting(SPECS[name], FIELD + name, error=faults.get(name, ""))
    return set(names)
