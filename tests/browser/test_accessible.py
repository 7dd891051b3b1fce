"""What axe-core finds on every page, at rest and with everything open, wide and narrow, dark and light, and
what the console says meanwhile."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.base.states import RunState
from shared.base.vocabulary import Basis
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingSpace
from tests.browser.conftest import Site, Visit, open_tab

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
AT_REST = """() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale="true"]')
    && document.getAnimations().every(({ playState }) => playState !== 'running')"""
VIOLATIONS = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))])"""
CLOSED = ".stMain :is(details:not([open]) > summary, button.fold[aria-expanded='false']):visible"
OPENED = "node => !node.isConnected || node.parentElement.open || node.ariaExpanded === 'true'"
PAGES = (
    "/", "/launch?on=sky", "/run?run={run}", "/run?run=none", "/reconstruct?run={run}",
    "/search?run={run}&dataset=sky", "/search?run={run}&dataset=sky&view=odd", "/map?run={run}&dataset=sky",
    "/evaluate?run={run}{cell}", "/compare?runs={run}", "/report", "/data?dataset=sky",
    "/data?add=", "/machine", "/sweep",
)  # fmt: skip
DIALOGS = {
    "/": [".gx-header .help", ".gx-header .bell"],
    "/data?dataset=sky": [".gx-galaxy_grid .cells button"],
    "/evaluate?run={run}{cell}": [".gx-prediction_grid .tile"],
}


@pytest.fixture(scope="module")
def cell(site: Site, encoder: str) -> str:
    """The query of a cell of a confusion matrix with galaxies in it; the galaxies are embedded, too."""
    state = site.client.call(endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder).model_dump())
    if not state.ready:
        request = RunRequest(kind=RunKind.EMBED, config=state.config.model_dump())
        assert site.run_to_the_end(request) is RunState.SUCCEEDED
    config = {"encoder": encoder, "heads": ["knn", "linear"], "knn_k": 5}
    assert site.run_to_the_end(RunRequest(kind=RunKind.PROBE, config=config)) is RunState.SUCCEEDED
    found = site.client.call(endpoints.LIST_EVALUATIONS, encoder=encoder)
    one = next(one for one in found if one.basis is Basis.ENCODER)
    true = max(one.class_names, key=lambda name: sum(one.confusion_matrix[one.class_names.index(name)]))
    return "&" + urlencode({"evaluation": one.id, "true": true})


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        if os.environ.get("GALAXYSCOPE_REQUIRE_NODE") == "1":
            pytest.fail("GALAXYSCOPE_REQUIRE_NODE=1, but axe-core is not installed: npm ci")
        pytest.skip("axe-core is not installed: npm ci")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(params=["dark", "light"])
def tab(chromium: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Visit]:
    yield from open_tab(chromium, site, width=1440, height=900, theme=request.param)


def violations(page: Page, axe: str, name: str) -> dict[str, Any]:
    """What axe-core finds, wide and narrow."""
    found = {}
    page.evaluate(axe)
    for width, height in ((390, 844), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(AT_REST)
        expect(page.locator(".stale")).to_have_count(0)  # dimmed, as it is being drawn anew
        wrong = page.evaluate(VIOLATIONS)
        if wrong:
            found[f"{name} at {width}"] = wrong
    return found


def open_all(page: Page) -> None:
    """Opens every expander, and those inside."""
    page.wait_for_function(AT_REST)
    while page.locator(CLOSED).count():
        summary = page.locator(CLOSED).first.element_handle()
        summary.click()
        page.wait_for_function(OPENED, arg=summary)
        page.wait_for_function(AT_REST)


def test_no_page_has_a_serious_fault_or_an_error_in_its_console(
    tab: Visit, encoder: str, cell: str, axe: str
) -> None:
    found: dict[str, Any] = {}
    said: list[str] = []
    page = tab.page
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.emulate_media(reduced_motion="reduce")
    for path in PAGES:
        tab.open(path.format(run=encoder, cell=cell))
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        found |= violations(page, axe, path)
        if page.locator(CLOSED).count():
            open_all(page)
            found |= violations(page, axe, f"{path}, open,")
        for opener in DIALOGS.get(path, []):
            page.locator(opener).first.click()
            expect(page.locator("dialog[open]")).to_have_count(1)
            found |= violations(page, axe, f"{path}, {opener},")
            page.keyboard.press("Escape")
    assert found == {}
    assert said == []
