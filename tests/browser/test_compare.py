"""Runs over each other: values at the cross-hair, what differs, the same galaxies, an address that holds."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.compared_runs import put_run
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

GREY_OF = "canvas => canvas.getContext('2d').getImageData(16, 16, 1, 1).data[0]"


def values_at_step_3(page: Page) -> list[str]:
    """Moves the cross-hair from the middle, at step 2, by hundredths of the range to just behind 3."""
    plot = page.locator('.plot[data-key="train/loss"]')
    plot.focus()
    for _ in range(25):
        plot.press("ArrowRight")
    return plot.locator(".values div").all_inner_texts()


def words(rows: list[str]) -> list[str]:
    return [" ".join(row.split()) for row in rows]


def test_two_seeds_and_another_setting_are_compared(visit: Visit, site: Site) -> None:
    page = visit.page
    a = put_run(site, "narrow", [1.0, 0.8, 0.6, 0.4], 50, seed=0)
    b = put_run(site, "narrow", [0.8, 0.6, 0.4, 0.2], 90, seed=1)
    c = put_run(site, "big batch", [0.9, 0.7, 0.3, 0.1], 130, seed=0, batch_size=32)
    visit.open(f"/compare?runs={a},{b},{c}&smoothing=0")

    expect(page.locator('.gx-compare_curves[data-whole="true"]')).to_have_attribute("data-curves", "2")
    expect(page.locator(".keys button")).to_have_text(["big batch", "narrow · N = 2"])
    # the mean of 0.6 and 0.4, and once their sample standard deviation 0.1414 below and above
    expected = ["big batch 0.3", "narrow 0.5 (0.3586 to 0.6414)"]
    assert words(values_at_step_3(page)) == expected
    expect(page.locator(".scores tr", has_text="narrow").locator("td").nth(1)).to_have_text("0.30 ± 0.14")

    settings = page.locator(".gx-settings").first
    expect(settings.locator("tbody tr")).to_have_count(2)
    expect(settings.locator("tr", has_text="batch_size, images").locator("td")).to_have_text(
        ["32", "128", "128"]
    )
    expect(settings.locator("tr", has_text="seed").locator("td")).to_have_text(["0", "1", "0"])

    page.get_by_text("Group seeds").click()
    page.wait_for_url("**group=no**")
    expect(page.locator(".keys button")).to_have_count(3)
    page.get_by_role("button", name="epoch", exact=True).click()
    page.wait_for_url("**x=epoch**")
    page.reload()
    expect(page.get_by_role("button", name="epoch", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".keys button")).to_have_text(["big batch", "narrow", "narrow"])

    drawn = page.get_by_role("img", name="Galaxy 5, narrow").last
    expect(page.locator(".gx-compare_samples output")).to_have_text("epoch 2 · 2 of 2")
    expect(drawn).to_have_attribute("data-epoch", "2")
    assert drawn.evaluate(GREY_OF) == 54  # at step 4
    page.get_by_role("slider", name="Epoch").press("ArrowLeft")
    expect(drawn).to_have_attribute("data-epoch", "0")
    assert drawn.evaluate(GREY_OF) == 50
