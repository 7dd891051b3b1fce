"""Galaxies of an import source as they would be stored."""

from typing import Any

from frontend.ui.components import load_component

_PREVIEW = load_component(__file__)


def draw_source_preview(
    config: dict[str, Any], n: int, caption: str, picture: str = "/sources/preview.png"
) -> None:
    """Draw up to 16 of `n` galaxies with these values; the browser fetches the image from that route."""
    data = {"config": config, "n": n, "caption": caption, "picture": picture}
    _PREVIEW(data=data, key="source_preview")
