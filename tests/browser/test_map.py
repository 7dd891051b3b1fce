"""A map is made from an empty page, points answer the hand as the API has them, the address keeps it all."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.maps import MapRequest
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit
from tests.browser.mapped import CANVAS, Points, drag_around, on_screen, points_of, rows_in, upper_edge

pytestmark = pytest.mark.browser

TINY = {
    "dataset": "sky", "img_size": 32, "patch_size": 8, "warmup_epochs": 0, "sample_count": 2, "embed_dim": 32,
    "decoder_embed_dim": 32, "batch_size": 32, "depth": 1, "num_heads": 1, "decoder_depth": 1,
    "decoder_num_heads": 1, "epochs": 1, "online_probe": "off",
}  # fmt: skip

MOVED = """([canvas, before, width]) => {
  const view = canvas.dataset.view, [x, , shown] = view.split(",")
  const told = new URL(location).searchParams.get("view")
  return told === view && x !== before && Math.abs(shown / width - 1) < 1e-3
}"""
"""The canvas and the address show the same view, which is neither at `before` nor of another width."""


@pytest.fixture(scope="module")
def encoder(site: Site) -> str:
    """A run of one epoch on the 200 simulated galaxies."""
    request = RunRequest(kind=RunKind.PRETRAIN, config=TINY, name="to be mapped")
    assert site.run_to_the_end(request) is RunState.SUCCEEDED
    return next(run.id for run in site.client.call(endpoints.LIST_RUNS) if run.name == "to be mapped")


def loneliest(places: Points) -> int:
    """The point whose nearest neighbour is farthest."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return int(apart.min(axis=1).argmax())


def test_galaxies_are_embedded_drawn_pointed_at_and_lassoed_and_the_address_keeps_the_view(
    visit: Visit, site: Site, encoder: str
) -> None:
    page = visit.page
    visit.open(f"/map?run={encoder}")
    page.get_by_role("button", name="Embed the galaxies").click()
    canvas = page.locator(CANVAS)
    expect(canvas).to_have_attribute("data-drawn", "200")
    expect(canvas).to_have_attribute("aria-label", re.compile("200 galaxies .* coloured by class"))
    points = points_of(site, MapRequest(run=encoder))
    places = on_screen(page, points)

    lone = loneliest(places)
    page.mouse.move(*places[lone])
    tip = page.locator(f".gx-galaxy_map .tip[data-row='{lone}']")
    [galaxy] = site.client.call(endpoints.LIST_GALAXIES, name="sky", offset=lone, limit=1).galaxies
    expect(tip).to_contain_text(galaxy.label or "")
    expect(tip).to_contain_text(galaxy.source_id)

    right, top = upper_edge(points[:, 0], 60), upper_edge(points[:, 1], 60)
    inside = np.flatnonzero((points[:, 0] < right) & (points[:, 1] < top))
    low = points.min(axis=0) - 0.01
    box = np.array([low, [right, low[1]], [right, top], [low[0], top]])
    drag_around(page, on_screen(page, box))
    gallery = page.locator(".gx-galaxy_map .gallery")
    expect(gallery.locator(".head")).to_contain_text(f"{len(inside)} of 200")
    assert rows_in(gallery) == inside[:48].tolist()
    page.keyboard.press("Escape")
    expect(gallery).to_be_empty()

    page.mouse.click(*places[lone])
    card = page.locator(".gx-galaxy_map .card .one")
    expect(card).to_have_attribute("data-row", str(lone))
    step = site.client.call(endpoints.GET_MAP, **MapRequest(run=encoder).model_dump()).embeddings.step
    for name, href in (
        ("Reconstruct", f"/reconstruct?run={encoder}&dataset=sky&row={lone}"),
        ("Similar", f"/search?run={encoder}&checkpoint={step}&dataset=sky&depth=1&pooling=mean&row={lone}"),
    ):
        expect(card.get_by_role("link", name=name)).to_have_attribute("href", href)
    x, _, width = (canvas.get_attribute("data-view") or "").split(",")
    canvas.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(MOVED, arg=[canvas.element_handle(), x, float(width) / 1.3])
    page.wait_for_url(re.compile(rf"view=.*galaxy={lone}"))
    view = canvas.get_attribute("data-view") or ""
    page.reload()
    expect(canvas).to_have_attribute("data-view", view)
    expect(card).to_have_attribute("data-row", str(lone))


def test_a_slider_moves_the_galaxies_to_where_another_checkpoint_has_them(
    visit: Visit, site: Site, encoder: str
) -> None:
    steps = site.client.call(endpoints.LIST_CHECKPOINTS, run_id=encoder).steps
    config = {"encoder": encoder, "checkpoint": "last", "every_checkpoint": True}
    assert site.run_to_the_end(RunRequest(kind=RunKind.EMBED, config=config)) is RunState.SUCCEEDED
    page = visit.page
    visit.open(f"/map?run={encoder}&checkpoint=last")
    expect(page.locator(CANVAS)).to_have_attribute("data-drawn", "200")
    slider = page.get_by_role("slider", name="Checkpoint")
    expect(slider).to_have_value(str(len(steps) - 1))
    slider.press("Home")
    page.wait_for_url(re.compile(rf"step={steps[0]}"))
    turned = MapRequest(run=encoder, checkpoint=str(steps[0]), aligned="last")
    places = on_screen(page, points_of(site, turned))
    lone = loneliest(places)
    page.wait_for_timeout(600)  # until they have moved
    page.mouse.move(*places[lone])
    expect(page.locator(f".gx-galaxy_map .tip[data-row='{lone}']")).to_be_visible()
    page.reload()
    expect(slider).to_have_value("0")
