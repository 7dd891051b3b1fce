"""Looking inside under a hand: layer, head and patch are chosen; every colour is the server's number."""

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect
from safetensors.torch import load_file, save_file

from backend.ml.explore.drawing import colour_table
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.reconstruction import GalaxyView, InsideRequest, LayerView
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit
from tests.browser.test_reconstruct import ROW, SMALL, VIEWER, Pixels, Viewer, decoded

pytestmark = pytest.mark.browser

FITS = f'{VIEWER} .inside[data-fits="true"]'
DEEP = SMALL | {"depth": 3, "num_heads": 2}
INSIDE = "/reconstructions/inside"


@pytest.fixture(scope="module")
def run_id(site: Site) -> str:
    """A barely trained run of three layers of two heads, at 64 pixels in patches of 16."""
    config = {"dataset": "sky", "img_size": 64, "patch_size": 16, "epochs": 1} | DEEP
    request = RunRequest(kind=RunKind.PRETRAIN, config=config, name="looked into")
    assert site.run_to_the_end(request) is RunState.SUCCEEDED
    return next(run.id for run in site.client.call(endpoints.LIST_RUNS) if run.name == "looked into")


@pytest.fixture
def viewer(visit: Visit, site: Site, run_id: str) -> Viewer:
    return Viewer(visit, site, run_id)


def look(viewer: Viewer, **asked: Any) -> LayerView:
    row, checkpoint = asked.pop("row", ROW), asked.pop("checkpoint", "last")
    viewed = GalaxyView(run=viewer.run_id, dataset="sky", row=row, checkpoint=checkpoint)
    return viewer.site.client.call(endpoints.LOOK_INSIDE, query=InsideRequest(viewed=viewed, **asked))


def map_colours(viewer: Viewer, name: str) -> Pixels:
    """The colour in the middle of each patch of a map, (16, 3)."""
    address = viewer.page.locator(f'canvas[data-map="{name}"]').evaluate("node => node.toDataURL()")
    return decoded(address.partition(",")[2])[8::16, 8::16].reshape(16, 3)


def viridis(values: list[float], low: float, high: float) -> Pixels:
    return colour_table()[np.round(255 * (np.array(values) - low) / (high - low)).astype(int)]


def expect_maps(viewer: Viewer, answer: LayerView, attention: list[float]) -> None:
    viewer.page.wait_for_selector(FITS)
    assert (map_colours(viewer, "attention") == viridis(attention, 0, max(attention))).all()
    similarity = answer.similarity
    assert (map_colours(viewer, "similarity") == viridis(similarity, min(similarity), max(similarity))).all()
    assert (map_colours(viewer, "pca") == np.floor(255 * np.array(answer.pca) + 0.5)).all()


def press_map(viewer: Viewer, name: str, row: int, column: int) -> None:
    canvas = viewer.page.locator(f'canvas[data-map="{name}"]')
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    side = box["width"] / 4
    canvas.click(position={"x": side * (column + 0.5), "y": side * (row + 0.5)})


def test_layer_head_and_patch_are_chosen_and_the_address_opens_them_again(viewer: Viewer) -> None:
    page = viewer.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if INSIDE in request.url else None)
    viewer.open().settle_ladder()
    fold = page.get_by_role("button", name="Look inside")
    expect(fold).to_have_attribute("aria-expanded", "false")
    assert asked == [], "nothing is asked while the fold is closed"
    fold.click()
    viewer.wait_for_query(inside="0")
    last = look(viewer)
    assert last.layers == 3
    expect_maps(viewer, last, last.mean_attention)
    expect(page.get_by_text("3 of 3")).to_be_visible()

    page.get_by_role("button", name="Previous layer").click()
    page.get_by_role("combobox", name="Attention head").select_option("head 2")
    press_map(viewer, "pca", 1, 2)
    viewer.wait_for_query(inside="2", head="2", patch="6")
    page.wait_for_selector(FITS)
    chosen = look(viewer, layer=2, patch=6)
    expect_maps(viewer, chosen, chosen.attention[1])
    most = f"{100 * max(chosen.attention[1]):.1f} %"
    expect(page.locator(".legend").first).to_contain_text(most)
    expect(page.locator(".legend").first).to_contain_text(f"{100 * chosen.attention_to_cls[1]:.1f} %")
    expect(page.get_by_text("patch row 2, column 3")).to_be_visible()
    expect(page.locator(".maps .cursor:visible")).to_have_count(3)

    page.reload()
    viewer.settle()
    expect_maps(viewer, chosen, chosen.attention[1])
    before = len(asked)
    fold.click()
    viewer.wait_for_query(head="2", patch="6")
    expect(page.locator(".maps")).to_be_hidden()
    assert len(asked) == before


def test_arrow_keys_move_what_is_asked_from_and_escape_is_the_class_token(viewer: Viewer) -> None:
    viewer.open(inside=1, patch=5)
    viewer.page.wait_for_selector(FITS)
    canvas = viewer.page.locator('canvas[data-map="attention"]')
    canvas.press("ArrowRight")
    canvas.press("ArrowDown")
    viewer.wait_for_query(patch="10", row=str(ROW))
    moved = look(viewer, layer=1, patch=10)
    expect_maps(viewer, moved, moved.mean_attention)
    name = canvas.get_attribute("aria-label")
    assert name is not None
    assert re.match(r"Attention of the patch in row 3, column 3 in layer 1 of 3, mean of 2 heads: 0 to", name)
    canvas.press("Escape")
    expect(viewer.page.get_by_role("button", name="Class token")).to_have_attribute("aria-pressed", "true")
    viewer.page.wait_for_function("() => !location.search.includes('patch')")
    token = look(viewer, layer=1)
    expect_maps(viewer, token, token.mean_attention)


def test_another_galaxy_is_looked_into_and_a_mask_changes_nothing(viewer: Viewer) -> None:
    viewer.open(inside=3)
    viewer.page.wait_for_selector(FITS)
    answers: list[str] = []
    viewer.page.on("response", lambda answer: answers.append(answer.url) if INSIDE in answer.url else None)
    viewer.page.get_by_role("slider", name="Mask ratio").press("ArrowRight")
    viewer.settle()
    assert answers == []
    viewer.page.get_by_role("button", name="Next galaxy").click()
    viewer.wait_for_query(row=str(ROW + 1))
    viewer.settle()
    after = look(viewer, row=ROW + 1)
    expect_maps(viewer, after, after.mean_attention)


def test_a_layer_that_this_model_has_not_is_told_and_the_last_is_shown(viewer: Viewer) -> None:
    viewer.open(inside=9, patch=3)
    alert = viewer.page.locator(".inside [role=alert]")
    expect(alert).to_contain_text("Showing the last layer.")
    viewer.wait_for_query(inside="0", patch="3")
    last = look(viewer, patch=3)
    expect_maps(viewer, last, last.mean_attention)
    viewer.page.get_by_role("button", name="Previous layer").click()
    expect(alert).to_be_empty()


def test_an_encoder_without_a_decoder_is_looked_into_though_it_reconstructs_nothing(viewer: Viewer) -> None:
    first, *later = viewer.site.client.call(endpoints.LIST_CHECKPOINTS, run_id=viewer.run_id).steps
    assert later, "the other tests look at the last"
    folder = viewer.site.home / "runs" / viewer.run_id / "checkpoints" / f"step_{first:08d}"
    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "decoder" not in name and name != "mask_token"}
    save_file(kept, folder / "model.safetensors")
    viewer.visit.open(f"/reconstruct?run={viewer.run_id}&row={ROW}&checkpoint={first}&inside=0")
    encoder = look(viewer, checkpoint=str(first))
    expect_maps(viewer, encoder, encoder.mean_attention)
    expect(viewer.page.locator(".messages [role=alert]")).to_contain_text("no decoder")


def test_on_a_phone_the_maps_are_large_and_nothing_scrolls_sideways(
    phone: Visit, site: Site, run_id: str
) -> None:
    viewer = Viewer(phone, site, run_id).open(inside=0)
    viewer.page.wait_for_selector(FITS)
    wide = viewer.page.evaluate("() => document.querySelector('.stMain').scrollWidth - window.innerWidth")
    assert wide <= 0
    box = viewer.page.locator('canvas[data-map="pca"]').bounding_box()
    assert box is not None
    assert box["width"] >= 320
