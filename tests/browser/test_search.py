"""A galaxy is searched by, pivoted from, filtered, gone back to, and opened again by its address."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from shared.search import EmbeddingSpace, RowFilter, SearchRequest
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

TILES = ".gx-galaxy_search .tile .shot"


def query(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def expect_results(page: Page, site: Site, encoder: str, **asked: Any) -> list[int]:
    """The grid comes to hold what the API says, in its order."""
    request = SearchRequest(space=EmbeddingSpace(run=encoder), k=36, **asked)
    rows = [neighbour.galaxy.row for neighbour in site.client.search(request).neighbours]
    expect(page.locator(f"{TILES}[data-row='{rows[0]}']")).to_be_visible()
    page.wait_for_function(
        """([tiles, rows]) => {
            const root = document.querySelector('.gx-galaxy_search') ?? null
            const found = [...document.querySelectorAll('*')].map(one => one.shadowRoot).filter(Boolean)
                .concat(document).flatMap(one => [...one.querySelectorAll(tiles.split(' ').at(-1))])
            return String(found.map(one => one.dataset.row)) === String(rows)
        }""",
        arg=[TILES, rows],
    )
    return rows


def test_an_encoder_is_embedded_and_a_galaxy_searched_pivoted_filtered_and_found_again(
    visit: Visit, site: Site, encoder: str
) -> None:
    page = visit.page
    visit.open(f"/run?run={encoder}")
    page.get_by_role("button", name="Similar").click()
    expect(page.get_by_text("This encoder has no embeddings of sky yet.")).to_be_visible()
    page.get_by_role("button", name="Embed 200 galaxies").click()
    box = page.get_by_role("textbox", name="Find a galaxy")
    expect(box).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("17")
    page.keyboard.press("Enter")
    first = expect_results(page, site, encoder, row=17)
    page.wait_for_function("() => location.search.includes('row=17')")

    page.locator(f"{TILES}[data-row='{first[2]}']").click()  # a click on a result makes it the query
    second = expect_results(page, site, encoder, row=first[2])
    page.wait_for_function(f"() => location.search.includes('row={first[2]}')")
    assert query(page)["trail"].split(".")[-1] == "17"
    expect(page.get_by_role("button", name="Back to galaxy 17")).to_be_visible()

    away = second[1]
    page.get_by_role("button", name=f"Less like this one: galaxy {away}", exact=True).click()
    expect_results(page, site, encoder, row=first[2], negatives=(away,))
    page.get_by_role("button", name=f"Take galaxy {away} off").click()
    expect_results(page, site, encoder, row=first[2])
    page.wait_for_function("() => !location.search.includes('minus=')")  # a place to come back to

    label = site.client.get_dataset("sky").class_names[0]
    page.locator(".gx-galaxy_search summary", has_text="Filters").click()
    page.get_by_role("combobox", name="Class").select_option(label)
    filtered = expect_results(page, site, encoder, row=first[2], only=RowFilter(label=label))
    page.wait_for_function("() => location.search.includes('label=')")
    page.reload()
    expect_results(page, site, encoder, row=first[2], only=RowFilter(label=label))
    assert filtered

    page.go_back()
    expect_results(page, site, encoder, row=first[2])
    page.get_by_role("button", name="Back to galaxy 17").click()
    expect_results(page, site, encoder, row=17)

    page.locator(TILES).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect_results(page, site, encoder, row=first[1])
