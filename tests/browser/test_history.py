"""One press of Back undoes one step of a person, on every page."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
COMPLETED = {
    **{"Launch": "view", "Map": "run", "Evaluate": "run", "Reconstruct": "row", "Data": "dataset"},
    **dict.fromkeys(("Search", "Compare", "Report", "Run"), "run"),
}
"""The pages in the order of the walk, and a parameter that each has once its address is complete."""


def rest(page: Page) -> str:
    """The address once the script has ended."""
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    return page.url


def walk(page: Page) -> list[str]:
    """The addresses of all pages, each opened by its link."""
    found = [rest(page)]
    for title, completed in COMPLETED.items():
        page.get_by_role("link", name=title, exact=True).click()
        page.wait_for_url(re.compile(rf"/{title.lower()}\?(.*&)?{completed}="))
        found.append(rest(page))
    return found


def test_back_leads_from_each_page_to_the_one_before(visit: Visit, encoder: str) -> None:
    page = visit.page
    visit.open("/")
    addresses = walk(page)
    for address in reversed(addresses[:-1]):  # each page is drawn before the next press
        page.evaluate("() => history.back()")
        page.wait_for_url(address)
        assert rest(page) == address
    for address in addresses[1:]:
        page.evaluate("() => history.forward()")
        page.wait_for_url(address)
        assert rest(page) == address


def test_quick_presses_of_back_lead_as_far(visit: Visit, encoder: str) -> None:
    page = visit.page
    visit.open("/")
    addresses = walk(page)
    for address in reversed(addresses[:-1]):
        page.evaluate("() => history.back()")
        page.wait_for_url(address)
    expect(page.get_by_text("What is running and how good is it?")).to_be_visible()
    assert rest(page) == addresses[0]


def test_back_undoes_the_steps_inside_a_page_first(visit: Visit, encoder: str) -> None:
    page = visit.page
    visit.open("/")
    addresses = [rest(page)]
    page.get_by_role("link", name="Reconstruct", exact=True).click()
    page.wait_for_url("**/reconstruct?**row=**")
    for _ in range(2):
        addresses.append(rest(page))
        page.get_by_role("group", name="Images").press("ArrowRight")
        page.wait_for_url(lambda url: url != addresses[-1])
    addresses.append(rest(page))
    page.get_by_role("link", name="Launch", exact=True).click()
    page.wait_for_url("**/launch?**view=**")
    for address in reversed(addresses):
        page.evaluate("() => history.back()")
        page.wait_for_url(address)
        assert rest(page) == address
