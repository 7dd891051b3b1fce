"""Odd galaxies are rated by keys, taken back, learned from, found again by the address, and never lost."""

import pytest
from playwright.sync_api import Page, expect

from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.odd import OddBy, OddRequest
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingSpace
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

REVIEW = ".gx-odd_review"


@pytest.fixture
def space(site: Site, encoder: str) -> EmbeddingSpace:
    found = EmbeddingSpace(run=encoder)
    state = site.client.call(endpoints.GET_EMBEDDINGS, **found.model_dump())
    if not state.ready:
        request = RunRequest(kind=RunKind.EMBED, config=state.config.model_dump())
        assert site.run_to_the_end(request) is RunState.SUCCEEDED
    return found


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def expect_galaxy(page: Page, row: int) -> None:
    expect(page.locator(REVIEW)).to_have_attribute("data-row", str(row))


def rated(site: Site) -> dict[int, int]:
    return {one.row: one.rating for one in site.client.call(endpoints.LIST_RATINGS, name="sky")}


def flagged(site: Site) -> set[int]:
    return {one.row for one in site.client.call(endpoints.LIST_LABEL_FLAGS, name="sky")}


def expect_saved(page: Page, site: Site, ratings: dict[int, int]) -> None:
    """The server comes to hold these ratings, and no others."""
    for _ in range(600):
        if rated(site) == ratings:
            return
        page.wait_for_timeout(100)
    assert rated(site) == ratings


def test_keys_rate_walk_take_back_and_learn_and_no_rating_is_lost(
    visit: Visit, site: Site, encoder: str, space: EmbeddingSpace
) -> None:
    page = visit.page
    flags = flagged(site)
    order = [
        one.galaxy.row for one in site.client.call(endpoints.LIST_ODD, query=OddRequest(space=space)).galaxies
    ]
    visit.open(f"/search?run={encoder}&view=odd")
    expect_galaxy(page, order[0])

    press(page, "5", "0", "ArrowRight", "ArrowLeft")  # each rating goes on to the next
    expect_galaxy(page, order[2])
    press(page, "3", "u")  # of a galaxy that had none
    expect_galaxy(page, order[2])
    press(page, "ArrowLeft", "2", "u")  # of one that was rated 0
    expect_galaxy(page, order[1])
    expect(page.get_by_text(f"2 rated, {len(flags)} flagged")).to_be_visible()
    expect_saved(page, site, {order[0]: 5, order[1]: 0})
    press(page, "f")
    expect(page.get_by_text(f"2 rated, {len(flags ^ {order[1]})} flagged")).to_be_visible()
    assert flagged(site) == flags ^ {order[1]}
    press(page, "u")
    expect(page.get_by_text(f"2 rated, {len(flags)} flagged")).to_be_visible()
    assert flagged(site) == flags

    press(page, "l")
    best = site.client.call(endpoints.LIST_ODD, query=OddRequest(space=space, by=OddBy.INTEREST)).galaxies
    expect_galaxy(page, best[0].galaxy.row)
    expect(page.get_by_text("Learned from 2 rated")).to_be_visible()
    expect(page.locator(f"{REVIEW} .queue button.past[data-row='{order[0]}']")).to_contain_text("5")
    press(page, "ArrowRight")
    page.wait_for_function(f"() => location.search.includes('row={best[1].galaxy.row}')")
    page.reload()
    expect_galaxy(page, best[1].galaxy.row)
    assert "by=interest" in page.url

    page.route("**/ratings/**", lambda route: route.abort())
    press(page, "4")
    expect(page.get_by_text("1 rating is not saved yet")).to_be_visible()
    page.reload()  # also this keeps it
    expect(page.get_by_text("1 rating is not saved yet")).to_be_visible()
    page.unroute("**/ratings/**")
    expect_saved(page, site, {order[0]: 5, order[1]: 0, best[1].galaxy.row: 4})
    expect(page.get_by_text("1 rating is not saved yet")).to_be_hidden()
    for row in rated(site):
        site.client.call(endpoints.REMOVE_RATING, name="sky", row=row)
