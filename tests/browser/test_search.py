"""A galaxy is searched by, pivoted from, filtered, gone back to, and opened again by its address."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.maps import MapRequest
from shared.contract.runs import RunRequest
from shared.contract.search import (
    ComparedRequest,
    EmbeddingSpace,
    OverlapRequest,
    RowFilter,
    SearchComparison,
    SearchRequest,
)
from tests.browser.conftest import Site, Visit
from tests.browser.mapped import CANVAS, drag_around, on_screen, points_of, rows_in, upper_edge

pytestmark = pytest.mark.browser

CONTRAST = """(canvas, places) => {
    const pen = canvas.getContext("2d"), dense = canvas.width / canvas.clientWidth
    const at = (x, y) => pen.getImageData(Math.floor(x * dense), Math.floor(y * dense), 1, 1).data
    const ground = at(1, 1)
    return places.map((place) => Math.hypot(...[0, 1, 2].map((band) => at(...place)[band] - ground[band])))
}"""
"""How far the pixels at places of a canvas are from its ground."""
TILES = ".gx-galaxy_search .tile .shot"


def query(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def expect_results(page: Page, site: Site, encoder: str, **asked: Any) -> list[int]:
    """The grid comes to hold what the API says, in its order."""
    request = SearchRequest(space=EmbeddingSpace(run=encoder), k=36, **asked)
    rows = [
        neighbour.galaxy.row for neighbour in site.client.call(endpoints.SEARCH, query=request).neighbours
    ]
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
    box = page.get_by_role("textbox", name="Find a galaxy")
    missing = page.get_by_text("This encoder has no embeddings of sky yet.")
    expect(missing.or_(box)).to_be_visible()
    if missing.is_visible():  # or another test of this site has embedded them
        page.get_by_role("button", name="Embed 200 galaxies").click()
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
    page.get_by_role("button", name=f"Less like this: galaxy {away}", exact=True).click()
    expect_results(page, site, encoder, row=first[2], negatives=(away,))
    page.get_by_role("button", name=f"Remove galaxy {away}").click()
    expect_results(page, site, encoder, row=first[2])
    page.wait_for_function("() => !location.search.includes('minus=')")  # a place to come back to

    label = site.client.call(endpoints.GET_DATASET, name="sky").class_names[0]
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


def expect_compared(page: Page, site: Site, request: ComparedRequest) -> SearchComparison:
    """Both grids come to hold what the API says, with what is in both marked, and its number above them."""
    compared = site.client.call(endpoints.COMPARE_SEARCHES, query=request)
    lists = [[one.galaxy.row for one in found.neighbours] for found in (compared.first, compared.second)]
    for half, rows in zip(("first", "second"), lists, strict=True):
        shots = page.locator(f".gx-galaxy_search .half.{half} .shot")
        expect(shots.first).to_have_attribute("data-row", str(rows[0]))
        expect(shots).to_have_count(len(rows))
        assert [int(shot.get_attribute("data-row") or -1) for shot in shots.all()] == rows
        marked = page.locator(f".gx-galaxy_search .half.{half} .tile[data-both] .shot")
        both = set(lists[0]) & set(lists[1])
        expect(marked).to_have_count(len(both))  # the first grid is marked when the second is there
        assert {int(shot.get_attribute("data-row") or -1) for shot in marked.all()} == both
        assert len(both) == compared.agreement.shared
    agree = page.locator(".gx-galaxy_search .agree")
    expect(agree).to_contain_text(f"{compared.agreement.shared} of {compared.agreement.k} in both")
    return compared


def test_two_encoders_are_searched_side_by_side_and_their_maps_share_a_selection(
    visit: Visit, site: Site, encoder: str
) -> None:
    mean, cls = (EmbeddingSpace(run=encoder, pooling=pooling) for pooling in ("mean", "cls"))
    if not site.client.call(endpoints.GET_EMBEDDINGS, **mean.model_dump()).ready:
        site.run_to_the_end(RunRequest(kind=RunKind.EMBED, config={"encoder": encoder}))
    page = visit.page
    visit.open(f"/search?run={encoder}&row=17&k=16")
    page.get_by_role("button", name="Compare with…").click()
    page.get_by_role("combobox", name="Second: Run").select_option(encoder)
    page.get_by_role("combobox", name="Second: Pooling").select_option("cls")
    compared = expect_compared(page, site, ComparedRequest(space=mean, against=cls, row=17))
    overlap = site.client.call(endpoints.GET_OVERLAP, query=OverlapRequest(space=mean, against=cls))
    whole = page.locator(".gx-galaxy_search .whole")
    expect(whole).to_contain_text(f"share {100 * overlap.overlap:.1f} % of the 16 nearest neighbours")
    row = compared.second.neighbours[1].galaxy.row
    page.locator(f".gx-galaxy_search .half.second .shot[data-row='{row}']").click()  # a pivot moves both
    moved = ComparedRequest(space=mean, against=cls, row=row)
    expect_compared(page, site, moved)
    page.wait_for_function(f"() => location.search.includes('row={row}')")
    assert query(page)["with"] == f"{encoder}:best::cls"
    page.reload()
    expect_compared(page, site, moved)

    visit.open(f"/map?run={encoder}&with={encoder}:best::cls:pca&colour=split")
    second = page.locator(CANVAS).nth(1)
    expect(second).to_have_attribute("data-drawn", "200")
    first_map = MapRequest(run=encoder)
    points = points_of(site, first_map)
    right = upper_edge(points[:, 0], 60)
    low, high = points.min(axis=0) - 0.01, points.max(axis=0) + 0.01
    drag_around(page, on_screen(page, np.array([low, [right, low[1]], [right, high[1]], [low[0], high[1]]])))
    inside = np.flatnonzero(points[:, 0] < right)
    gallery = page.locator(".gx-galaxy_map .gallery")
    expect(gallery.locator(".head")).to_contain_text(f"{len(inside)} of 200")
    assert rows_in(gallery) == inside[:48].tolist()
    kept = site.client.call(
        endpoints.GET_OVERLAP, query=OverlapRequest(space=mean, against=cls, rows=tuple(inside.tolist()))
    )
    expect(gallery.locator(".overlap")).to_contain_text(f"share {100 * kept.overlap:.1f} %")

    turned = MapRequest(
        run=encoder, pooling="cls", aligned="best", aligned_run=encoder, aligned_pooling="mean"
    )
    box = second.bounding_box()
    assert box is not None
    places = on_screen(page, points_of(site, turned), 1) - [box["x"], box["y"]]
    contrast = np.array(second.evaluate(CONTRAST, places.tolist()))
    unnamed = (places[:, 0] > 24) & (places[:, 1] < box["height"] - 24)  # where no axis has its name
    apart = np.linalg.norm(places[:, None] - places[None, inside], axis=2).min(axis=1) > 9
    chosen = np.isin(np.arange(200), inside)
    assert contrast[chosen & unnamed].min() > contrast[apart & unnamed].max()  # those outside are faint
    second.focus()
    page.keyboard.press("+")
    page.wait_for_url(re.compile("view2="))
    view = second.get_attribute("data-view") or ""
    page.reload()
    expect(second).to_have_attribute("data-view", view)


def test_a_search_without_a_connection_is_made_and_kept_once_it_is_back(
    visit: Visit, site: Site, encoder: str
) -> None:
    if not site.client.call(endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder).model_dump()).ready:
        site.run_to_the_end(RunRequest(kind=RunKind.EMBED, config={"encoder": encoder}))
    page, sockets = visit.page, list[WebSocketRoute]()

    def connect(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket("**/_stcore/stream", connect)
    visit.open(f"/search?run={encoder}&row=17")
    first = expect_results(page, site, encoder, row=17)
    for lost in ("**/api/v1/search**", "**/_stcore/**"):
        page.route(lost, lambda route: route.abort())
    page.route_web_socket("**/_stcore/stream", lambda socket: socket.close())
    sockets[-1].close()
    expect(page.locator(".stApp")).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    page.locator(f"{TILES}[data-row='{first[2]}']").click()
    expect(page.locator(".gx-galaxy_search .says [role=alert]")).to_be_visible()
    assert query(page)["row"] == "17"
    page.unroute_all()
    page.route_web_socket("**/_stcore/stream", connect)
    expect_results(page, site, encoder, row=first[2])
    expect(page.locator(".gx-galaxy_search .says [role=alert]")).to_have_count(0)
    page.wait_for_function(f"() => location.search.includes('row={first[2]}')")
