"""Browser components: plain JavaScript and CSS files next to the Python that mounts them."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent


def load_component(
    name: str, *, parts: tuple[str, ...] = (), isolate_styles: bool = True
) -> ComponentRenderer:
    """The mount function of a component made of the JS and CSS of common, `parts` and `name`."""
    chain = ("common", *parts, name)
    return st.components.v2.component(
        f"galaxyscope_{name}",
        html=f'<div class="gx gx-{name}"></div>\n<!-- drawn by {name}.js -->\n',
        css="".join(_text(f"{part}.css") for part in chain if (HERE / f"{part}.css").is_file()),
        js="".join(_text(f"{part}.js") for part in chain),
        isolate_styles=isolate_styles,
    )


def _text(file: str) -> str:
    return (HERE / file).read_text(encoding="utf-8")


def trigger(result: Any, name: str) -> Any:
    """The value the browser sent under `name` in this rerun, or None."""
    return getattr(result, name, None)


def ignore() -> None:
    """The callback of a trigger whose value the page reads from the result."""
