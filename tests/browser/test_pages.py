"""Every page in a real browser: it fits, it answers the keyboard, its address is its state."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
PAGES = (
    *("/", "/launch", "/run", "/data?dataset=sky", "/reconstruct", "/search", "/map", "/evaluate"),
    *("/compare", "/report", "/machine"),
)


def test_no_page_scrolls_sideways_on_a_phone(phone: Visit) -> None:
    for path in PAGES:
        phone.open(path)
        phone.page.wait_for_function(
            "() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'"
        )
        wide = phone.page.evaluate("() => document.querySelector('.stMain').scrollWidth - window.innerWidth")
        assert wide <= 0, path


def test_g_and_a_letter_change_the_page_and_a_question_mark_lists_the_keys(visit: Visit) -> None:
    page = visit.page
    visit.open("/")
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/data**")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    expect(page.get_by_role("dialog", name="Keyboard").get_by_text("Sweep", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_a_class_of_a_dataset_is_shown_filtered_and_kept_in_the_address(visit: Visit) -> None:
    page = visit.page
    visit.open("/data?dataset=sky")
    bar = page.locator(".gx-class_bars button").first
    name = bar.locator(".name").inner_text()
    count = int(bar.locator(".n").inner_text())
    bar.click()
    cells = page.locator(".gx-galaxy_grid .cells button")
    expect(cells).to_have_count(min(count, 48))
    expect(page.locator(".gx-galaxy_grid .caption").filter(has_text=name)).to_have_count(min(count, 48))
    page.wait_for_url("**label=**")
    page.reload()
    expect(cells).to_have_count(min(count, 48))


def test_arrows_move_over_the_galaxies_and_enter_opens_one(visit: Visit) -> None:
    page = visit.page
    visit.open("/data?dataset=sky")
    cells = page.locator(".gx-galaxy_grid .cells button")
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    expect(cells.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Galaxy")
    expect(dialog.get_by_text("simulated")).to_be_visible()
    picture = dialog.locator("img")
    page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())


def test_an_unknown_run_says_so_and_offers_the_list(visit: Visit) -> None:
    visit.open("/run?run=no-such-run")
    expect(visit.page.get_by_text("no-such-run").first).to_be_visible()
    visit.page.get_by_role("button", name="All runs").click()
    expect(visit.page.get_by_text("What is running and how good is it?")).to_be_visible()


def test_the_filters_of_a_page_are_as_they_were_left(visit: Visit) -> None:
    page = visit.page
    visit.open("/")
    page.get_by_role("radio", name="failed").or_(page.get_by_role("button", name="failed")).first.click()
    page.wait_for_url("**state=failed**")
    page.get_by_role("link", name="Data", exact=True).click()
    page.locator(".gx-class_bars button").first.click()
    page.wait_for_url("**label=**")
    page.get_by_role("link", name="Runs", exact=True).click()
    page.wait_for_url("**state=failed**")
    expect(page.get_by_text("What is running and how good is it?")).to_be_visible()
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.get_by_role("link", name="Data", exact=True).click()
    page.wait_for_url("**label=**")


def test_modules_are_kept_by_the_browser_and_nothing_else_is_served_beside_them(visit: Visit) -> None:
    visit.open("/")
    module = visit.page.locator("head link[href^='/assets/']").first.get_attribute("href")
    answer = visit.page.request.get(f"{visit.url}{module}")
    assert answer.ok
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    root = visit.url + "/".join(str(module).split("/")[:3])  # /assets/VERSION
    for other in ("ui/modules.py", "shell/page.css", "ui/nowhere.js"):
        assert visit.page.request.get(f"{root}/{other}").status == 404


def test_a_page_of_an_older_server_says_so_and_keeps_what_is_typed(visit: Visit) -> None:
    visit.open("/launch?on=sky")
    name = visit.page.get_by_role("textbox", name="Name")
    name.fill("half filled")
    health = visit.page.request.get(f"{visit.url}/api/v1/health").json() | {"version": "99.0"}
    visit.page.route("**/api/v1/health", lambda route: route.fulfill(json=health))
    expect(visit.page.locator(".gx-header .bar")).to_contain_text("99.0")
    expect(name).to_have_value("half filled")
    visit.page.unroute("**/api/v1/health")
    visit.page.get_by_role("button", name="Reload").click()
    expect(visit.page.locator(".gx-header .bar")).to_be_hidden()
