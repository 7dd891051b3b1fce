"""Galaxies of an import source as they would be stored."""

from typing import Any

from frontend.ui.components import load_component

_PREVIEW = load_component(__file__)


def draw_source_preview(config: dict[str, Any], n: int, caption: str) -> None:
    """Draw up to 16 of `n` galaxies with these values of ImportConfig; the browser fetches the image."""
    _PREVIEW(data={"config": config, "n": n, "caption": caption}, key="source_preview")
