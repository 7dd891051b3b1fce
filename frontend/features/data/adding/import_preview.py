"""Previewing an import source with the values of the form."""

import json
from dataclasses import dataclass
from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.data.adding.source_preview import draw_source_preview
from frontend.features.data.receipt import draw_receipt
from frontend.features.data.words import source_rows
from frontend.ui.blocks import facts, section, table
from frontend.ui.config_form import check_values
from frontend.ui.session import client
from frontend.ui.wording import count
from shared.configs import ImportConfig
from shared.contract import endpoints
from shared.contract.datasets import SourcePreview

LAST = "import_inspected"
MANY_CLASSES = 24


@dataclass(frozen=True)
class Inspection:
    """The preview for `values`, the last valid ones, and the errors by field of the current ones."""

    preview: SourcePreview | None
    faults: dict[str, str]
    values: dict[str, Any]


@st.cache_data(ttl="2m", max_entries=64, show_spinner=False)
def fetch_preview(values: str) -> SourcePreview:
    """The server's preview of an import with these values (JSON)."""
    return client().call(endpoints.INSPECT_SOURCE, body=json.loads(values))


def inspect(given: dict[str, Any]) -> Inspection:
    """Preview the source with these values; an invalid value keeps the last preview."""
    source = given.get("path", "")
    values = {name: value for name, value in given.items() if name != "name"}
    _, faults = check_values(ImportConfig, {**values, "name": "unnamed"})
    faults = faults or _update_preview(values)
    if faults and values != {"path": source} and _last_preview(source) is None:
        _update_preview({"path": source})  # after a page reload with an invalid value in the form
    preview, valid_values = _last_preview(source) or (None, {})
    return Inspection(preview, faults, valid_values)


def _update_preview(values: dict[str, Any]) -> dict[str, str]:
    """Fetch and store a preview; returns errors by field."""
    try:
        with st.spinner(f"Reading {values['path']}…"):
            preview = fetch_preview(json.dumps(values, sort_keys=True))
    except ApiError as error:
        return {error.field or "": error.detail}
    st.session_state[LAST] = (values["path"], preview, values)
    return {problem.field or problem.code: problem.detail for problem in reversed(preview.problems)}


def _last_preview(source: str) -> tuple[SourcePreview, dict[str, Any]] | None:
    path, preview, values = st.session_state.get(LAST, ("", None, {}))
    return (preview, values) if path == source and preview is not None else None


def draw_images(inspection: Inspection) -> None:
    """Sixteen images as they would be stored, then the first rows of the table."""
    preview = inspection.preview
    if preview is None:
        return
    if preview.n:
        caption = f"{min(preview.n, 16)} of {count(preview.n)}, evenly spaced in the source"
        draw_source_preview(inspection.values, preview.n, caption)
    if preview.rows:
        table(preview.rows, f"The first {len(preview.rows)} rows of the table")


def draw_source(preview: SourcePreview) -> None:
    """The properties of the source, and the receipt that its import would have."""
    section("Source")
    facts(source_rows(preview))
    draw_receipt(preview.receipt)
    if preview.class_counts:
        with st.expander(f"Classes: {count(len(preview.class_counts))}"):
            shown = list(preview.class_counts.items())[:MANY_CLASSES]
            facts([(name, count(n)) for name, n in shown])
            if len(preview.class_counts) > MANY_CLASSES:
                st.caption(f"and {count(len(preview.class_counts) - MANY_CLASSES)} more")
