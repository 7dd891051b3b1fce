"""Galaxies of a source as an import would store them."""

from typing import Any

from frontend.components import load_component

_PREVIEW = load_component("source_preview")


def draw_source_preview(config: dict[str, Any], n: int, caption: str) -> None:
    """Draws up to 16 of `n` galaxies under these values of ImportConfig; the browser fetches the picture."""
    _PREVIEW(data={"config": config, "n": n, "caption": caption}, key="source_preview")
