"""What axe-core finds on every page, wide and narrow, dark and light, and what the console says meanwhile."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, Visit, open_tab

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
AT_REST = """() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale="true"]')
    && document.getAnimations().every(({ playState }) => playState !== 'running')"""
VIOLATIONS = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))])"""
PAGES = (
    "/", "/launch?on=sky", "/run?run={run}", "/reconstruct?run={run}", "/search?run={run}&dataset=sky",
    "/map?run={run}&dataset=sky", "/evaluate?run={run}", "/compare?runs={run}", "/report",
    "/data?dataset=sky", "/machine", "/sweep",
)  # fmt: skip


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


def test_no_page_has_a_serious_fault_or_an_error_in_its_console(tab: Visit, encoder: str, axe: str) -> None:
    found: dict[str, Any] = {}
    said: list[str] = []
    tab.page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    tab.page.on("pageerror", lambda error: said.append(str(error)))
    tab.page.emulate_media(reduced_motion="reduce")
    for path in PAGES:
        tab.page.set_viewport_size({"width": 1440, "height": 900})
        tab.open(path.format(run=encoder))
        expect(tab.page.get_by_role("heading", level=1)).to_have_count(1)
        tab.page.evaluate(axe)
        for width, height in ((1440, 900), (390, 844)):
            tab.page.set_viewport_size({"width": width, "height": height})
            tab.page.wait_for_function(AT_REST)
            expect(tab.page.locator(".stale")).to_have_count(0)  # dimmed, as it is being drawn anew
            violations = tab.page.evaluate(VIOLATIONS)
            if violations:
                found[f"{path} at {width}"] = violations
    assert found == {}
    assert said == []
