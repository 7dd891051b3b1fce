"""A sweep in a real browser: from a form with a fault to its runs, its figures, and one of them."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from backend.db.engine import open_database
from backend.db.points import Line, write_lines
from shared.configs.kinds import Lane
from shared.contract import endpoints
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

FORM = "/sweep?" + urlencode(
    {"start": "preset:demo-60s", "on": "sky", "set": "epochs=4", "over": "mask_ratio=0.5,0.75;depth=1,2"}
)
ACCURACIES = {(0.5, 1): 0.3, (0.5, 2): 0.4, (0.75, 1): 0.6, (0.75, 2): 0.5}


@pytest.fixture
def paused(site: Site) -> Iterator[None]:
    """Nothing is trained meanwhile."""
    site.client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN)
    yield
    for sweep in site.client.call(endpoints.LIST_SWEEPS):
        site.client.call(endpoints.STOP_SWEEP, sweep_id=sweep.id)
    site.client.call(endpoints.RESUME_LANE, lane=Lane.TRAIN)


def evaluate(site: Site, sweep_id: str) -> None:
    """An evaluation of every member, as a supervisor would have stored it."""
    database = open_database(site.home / "galaxyscope.db")
    with database.write() as session:
        for member in site.client.call(endpoints.GET_SWEEP, sweep_id=sweep_id).members:
            value = ACCURACIES[member.values["mask_ratio"], member.values["depth"]]
            write_lines(session, str(member.run_id), [Line(20, 4.0, 0.0, {"val/linear_accuracy": value})])
    database.close()


def shown_accuracies(page: Page) -> list[str]:
    return page.locator(".gx-sweep_results tbody td.figure b").all_text_contents()


def test_a_sweep_goes_from_a_form_with_a_fault_to_its_best_run(
    visit: Visit, site: Site, paused: None
) -> None:
    page = visit.page
    visit.open(FORM)
    expect(page.get_by_text("4 settings × 1 seed")).to_be_visible()
    values = page.get_by_role("textbox", name="values").last
    values.fill("1:2:x")
    values.press("Enter")
    expect(page.get_by_text("depth = 1:2:x is not a range")).to_be_visible()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    assert parse_qs(urlsplit(page.url).query)["over"] == ["mask_ratio=0.5,0.75;depth=1:2:x"]
    values.fill("1:2:2")
    values.press("Enter")
    expect(page.get_by_text("4 settings × 1 seed")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()

    expect(page.get_by_text("0 of 4 runs finished, 4 active or waiting")).to_be_visible()
    sweep_id = parse_qs(urlsplit(page.url).query)["sweep"][0]
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Requeue 4 runs")).to_be_visible()
    evaluate(site, sweep_id)
    page.reload()

    expect(page.locator(".gx-sweep_results .setting")).to_have_count(4)
    assert shown_accuracies(page) == ["60.0 %", "50.0 %", "40.0 %", "30.0 %"]
    page.locator(".gx-sweep_results th").get_by_role("button", name="depth").click()
    assert shown_accuracies(page) == ["60.0 %", "30.0 %", "50.0 %", "40.0 %"]
    axis = page.locator(".gx-sweep_results .axis .rule").first.bounding_box()
    assert axis is not None
    page.mouse.move(axis["x"], axis["y"] - 4)  # the upper end: 0.75
    page.mouse.down()
    page.mouse.move(axis["x"], axis["y"] + axis["height"] / 3, steps=3)
    page.mouse.up()
    expect(page.locator(".gx-sweep_results tbody tr")).to_have_count(2)
    assert shown_accuracies(page) == ["60.0 %", "50.0 %"]
    best = next(
        one for one in site.client.call(endpoints.GET_SWEEP, sweep_id=sweep_id).members if one.best == 0.6
    )
    page.locator(".gx-sweep_results tbody a.run").first.click()
    page.wait_for_url(f"**/run?run={best.run_id}")
    expect(page.locator(f".st-key-to_{sweep_id} button")).to_be_visible()
    page.go_back()
    expect(page.locator(".gx-sweep_results tbody tr")).to_have_count(4)
    assert parse_qs(urlsplit(page.url).query)["sweep"] == [sweep_id]
