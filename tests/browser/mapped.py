"""Points of a map as the API has them, on the canvas, and a hand that draws around them."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page

from shared.contract import endpoints
from shared.contract.maps import MapRequest
from tests.browser.conftest import Site

CANVAS = ".gx-galaxy_map canvas"
Points = NDArray[np.float64]


def points_of(site: Site, request: MapRequest) -> Points:
    """(N, 2) as the API has them."""
    flat = np.frombuffer(site.client.call(endpoints.MAP_POINTS, **request.model_dump()), "<f4")
    return flat.reshape(2, -1).T.astype(np.float64)


def on_screen(page: Page, points: Points, place: int = 0) -> Points:
    """Where a canvas, of those side by side, shows them, in pixels of the page."""
    canvas = page.locator(CANVAS).nth(place)
    x, y, width = map(float, (canvas.get_attribute("data-view") or "").split(","))
    box = canvas.bounding_box()
    assert box is not None
    scale = box["width"] / width
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    return middle + (points - [x, y]) * [scale, -scale]


def upper_edge(values: NDArray[np.float64], least: int) -> float:
    """A bound in the widest gap among values, with at least so many below and above it."""
    ranked = np.sort(values)
    gaps = [(b - a, (a + b) / 2) for a, b in pairwise(ranked[least:-least])]
    return max(gaps)[1]


def drag_around(page: Page, corners: Points) -> None:
    page.keyboard.down("Shift")
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")


def rows_in(gallery: Locator) -> list[int]:
    return [int(cell.get_attribute("data-row") or -1) for cell in gallery.locator(".cells button").all()]
