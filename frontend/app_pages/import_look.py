"""A look at a source before it is imported: what the server finds there under the values of the form."""

import json
from dataclasses import dataclass
from typing import Any

import streamlit as st

from frontend.blocks import bullets, facts, section, table
from frontend.client import ApiError
from frontend.components.source_preview import draw_source_preview
from frontend.dataset_words import source_rows
from frontend.launch_form import check_values
from frontend.session import client
from frontend.wording import count
from shared.configs import ImportConfig
from shared.contract.datasets import SourcePreview

SEEN = "import_seen"
MANY_CLASSES = 24


@dataclass(frozen=True)
class Look:
    """What was found under `values`, the last ones that fit; `faults` has a sentence by field for what is
    wrong with the present ones."""

    preview: SourcePreview | None
    faults: dict[str, str]
    values: dict[str, Any]


@st.cache_data(ttl="2m", max_entries=64, show_spinner=False)
def inspect(values: str) -> SourcePreview:
    """What an import with these values (JSON) would find."""
    return client().inspect_source(json.loads(values))


def look(given: dict[str, Any]) -> Look:
    """What the source holds under these values; a value that does not fit leaves the last look in place."""
    source = given.get("path", "")
    values = {name: value for name, value in given.items() if name != "name"}
    _, faults = check_values(ImportConfig, {**values, "name": "unnamed"})
    faults = faults or _see(values)
    if faults and values != {"path": source} and _seen(source) is None:
        _see({"path": source})  # after a refresh: the form is there, and the fault in it
    preview, seen_values = _seen(source) or (None, {})
    return Look(preview, faults, seen_values)


def _see(values: dict[str, Any]) -> dict[str, str]:
    """Asks the server and remembers what it found; a sentence by field for what is wrong."""
    try:
        with st.spinner(f"Looking at {values['path']} …"):
            preview = inspect(json.dumps(values, sort_keys=True))
    except ApiError as error:
        return {error.field or "": error.detail}
    st.session_state[SEEN] = (values["path"], preview, values)
    return {problem.field or problem.code: problem.detail for problem in reversed(preview.problems)}


def _seen(source: str) -> tuple[SourcePreview, dict[str, Any]] | None:
    path, preview, values = st.session_state.get(SEEN, ("", None, {}))
    return (preview, values) if path == source and preview is not None else None


def draw_pictures(seen: Look) -> None:
    """Sixteen of the images as they would be stored, then the first rows of the table."""
    preview = seen.preview
    if preview is None:
        return
    if preview.n:
        caption = f"{min(preview.n, 16)} of {count(preview.n)}, evenly through the source"
        draw_source_preview(seen.values, preview.n, caption)
    if preview.rows:
        table(preview.rows, f"The first {len(preview.rows)} rows of the table")


def draw_found(preview: SourcePreview) -> None:
    """What the source is, in facts and sentences."""
    section("The source")
    facts(source_rows(preview))
    if preview.notes:
        bullets(preview.notes)
    if preview.class_counts:
        with st.expander(f"Classes: {count(len(preview.class_counts))}"):
            shown = list(preview.class_counts.items())[:MANY_CLASSES]
            facts([(name, count(n)) for name, n in shown])
            if len(preview.class_counts) > MANY_CLASSES:
                st.caption(f"and {count(len(preview.class_counts) - MANY_CLASSES)} more")
