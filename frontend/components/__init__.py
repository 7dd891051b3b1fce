"""Browser components: ES modules and CSS files next to the Python that mounts them."""

from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from frontend import modules


def load_component(name: str, *, isolate_styles: bool = True) -> ComponentRenderer:
    """The mount function of the component whose module is `name`.js."""
    module = f"components/{name}.js"
    return st.components.v2.component(
        f"galaxyscope_{name}",
        html=f'<div class="gx gx-{name}"></div>\n<!-- drawn by {name}.js -->\n',
        css=modules.styles(module),
        js=modules.mount_script(module),
        isolate_styles=isolate_styles,
    )


def trigger(result: Any, name: str) -> Any:
    """The value the browser sent under `name` in this rerun, or None."""
    return getattr(result, name, None)


def ignore() -> None:
    """The callback of a trigger whose value the page reads from the result."""
