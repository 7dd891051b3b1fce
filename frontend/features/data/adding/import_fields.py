"""Fields of the import form: columns, frame, stretch."""

from collections.abc import Mapping, Sequence

import streamlit as st

from frontend.features.data.adding.import_values import FIELD, SPECS
from frontend.features.data.words import role_words
from frontend.ui.blocks import section, wrong
from frontend.ui.config_form import FieldSpec
from frontend.ui.setting_fields import KEEP, draw_setting
from shared.configs.datasets import COLUMN_FIELDS, NO_COLUMN
from shared.contract.datasets import SourcePreview

STRETCH = (
    "stretch",
    "stretch_scope",
    "stretch_bands",
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
TARGETS = "import_targets"
WITH_PERCENTILES = {"stretch_scope", "stretch_bands", "low_percentile", "high_percentile", *ONLY_ASINH}
HIDDEN = {"linear": ONLY_ASINH, "unit": WITH_PERCENTILES}
IMAGE_FILES = {"folder", "folder_table", "class_folders"}
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
                    empty="a CSV, FITS, VOTable, ECSV or Parquet file",
                    error=faults.get("labels", ""),
                )
            drawn.add("labels")
        for field in COLUMN_FIELDS if preview.columns else ("pxscale",):
            with grid.cell():
                _draw_role(field, preview, faults.get(field, ""))
            drawn.add(field)
        if preview.roles.get("ra_column"):
            with grid.cell():
                draw_setting(SPECS["ra_unit"], FIELD + "ra_unit", error=faults.get("ra_unit", ""))
            drawn.add("ra_unit")
        if preview.numeric:
            _draw_targets(preview.numeric, faults.get("targets", ""))
            drawn.add("targets")
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


def _draw_targets(numeric: list[str], fault: str) -> None:
    """A choice of several columns; the setting is their names, separated by commas."""
    key, spec = FIELD + "targets", SPECS["targets"]
    chosen = [name for name in str(st.session_state.get(key) or "").split(",") if name]
    st.session_state[TARGETS] = chosen
    st.multiselect(
        spec.label,
        list(dict.fromkeys([*numeric, *chosen])),
        key=TARGETS,
        help=spec.tooltip,
        placeholder="none",
        on_change=_take_targets,
    )
    if fault:
        wrong(fault)


def _take_targets() -> None:
    """Callback: write the chosen columns into the setting."""
    st.session_state[FIELD + "targets"] = ",".join(st.session_state[TARGETS])


def draw_rows(faults: Mapping[str, str]) -> set[str]:
    """Which rows of a set of Parquet files are imported; returns the names of the fields drawn."""
    section("Rows", "all of them unless you choose")
    grid = st.grid("auto", min_column_width=200, gap="small")
    for field in ROWS:
        with grid.cell():
            draw_setting(SPECS[field], FIELD + field, empty="all", error=faults.get(field, ""))
    return set(ROWS)


def _draw_role(field: str, preview: SourcePreview, fault: str) -> None:
    draw_role(SPECS[field], FIELD + field, preview.columns, preview.roles.get(field), fault)


def draw_role(spec: FieldSpec, key: str, columns: Sequence[str], guess: str | None, fault: str) -> None:
    """A select for the column of one role, with its value under `key` in the session."""
    chosen = st.session_state.get(key) or ""
    options = list(dict.fromkeys(["", NO_COLUMN, *columns, *([chosen] if chosen else [])]))
    words = {"": role_words("", guess if not chosen else None), NO_COLUMN: "none"}
    if chosen:
        words[""] = "guess"
    st.session_state[key] = chosen
    st.selectbox(
        spec.label,
        options,
        format_func=lambda name: words.get(name, name),
        key=key,
        help=spec.tooltip,
        accept_new_options=spec.name == "pxscale",
        **KEEP,
    )
    if fault:
        wrong(fault)


def draw_frame(preview: SourcePreview, faults: Mapping[str, str]) -> set[str]:
    """Side and crop of the stored images; which files and extensions are their bands."""
    own = f"{preview.img_size}, unchanged" if preview.img_size else "required: sizes differ"
    draw_setting(SPECS["img_size"], FIELD + "img_size", empty=own, error=faults.get("img_size", ""))
    draw_setting(SPECS["crop"], FIELD + "crop", error=faults.get("crop", ""))
    drawn = {"img_size", "crop"}
    if preview.kind in IMAGE_FILES:
        for name, own in (("band_files", "guessed"), ("hdus", "images of one shape")):
            draw_setting(SPECS[name], FIELD + name, empty=own, error=faults.get(name, ""))
        drawn |= {"band_files", "hdus"}
    if preview.stretched:
        draw_setting(SPECS["max_blank"], FIELD + "max_blank", error=faults.get("max_blank", ""))
        drawn.add("max_blank")
    return drawn


def draw_stretch(faults: Mapping[str, str]) -> set[str]:
    """How images of more than 8 bits are converted to 8 bits."""
    section("Stretch", "the preview updates")
    hidden = HIDDEN.get(st.session_state.get(FIELD + "stretch") or "", set())
    names = [name for name in STRETCH if name not in hidden]
    grid = st.grid("auto", min_column_width=150, gap="small")
    for name in names:
        with grid.cell():
            draw_setting(SPECS[name], FIELD + name, error=faults.get(name, ""))
    return set(names)
