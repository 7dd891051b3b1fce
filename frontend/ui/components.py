"""Browser components: a Python file that mounts, an ES module that draws and a style sheet, of one name."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from frontend.ui import modules


def load_component(file: str) -> ComponentRenderer:
    """The mount function of the component whose module lies beside `file`, the Python that mounts it."""
    path = Path(file).with_suffix(".js")
    return st.components.v2.component(
        f"galaxyscope_{path.stem}",
        html=f'<div class="gx gx-{path.stem}"></div>\n<!-- drawn by {path.name} -->\n',
        css=modules.styles(path),
        js=modules.mount_script(path),
    )


def trigger(result: Any, name: str) -> Any:
    """The value the browser sent under `name` in this rerun, or None."""
    return getattr(result, name, None)


def ignore() -> None:
    """The callback of a trigger whose value the page reads from the result."""
