"""From the launch form to a stopped run, in a real browser."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

TINY = (
    "img_size=32 patch_size=8 embed_dim=32 depth=1 num_heads=1 decoder_embed_dim=32 decoder_depth=1 "
    "decoder_num_heads=1 batch_size=16 sample_count=2 eval_every_epochs=30 epochs=10000 warmup_epochs=1"
).split()
FORM = "/launch?" + urlencode({"preset": "demo-60s", "on": "sky", "set": TINY}, doseq=True)
LOSS = '.gx-curves [data-panel="loss"] .graph'
CURVES = ".gx-curves"
ACCURACY = '.gx-curves [data-panel="accuracy"] .graph'
LR = '.gx-curves [data-panel="lr"] .graph'
STOP_MARK = "([graph, x]) => graph.layout?.shapes.some((shape) => shape.x0 === x)"
MORE_DRAWN = "([graph, n]) => graph.calcdata[0].length > n"


def points(page: Page) -> int:
    return int(page.locator(CURVES).get_attribute("data-points") or 0)


def wait_for_points(page: Page, more_than: int) -> None:
    curves = page.locator(CURVES).element_handle()
    page.wait_for_function("([curves, n]) => Number(curves.dataset.points ?? 0) > n", arg=[curves, more_than])


def zoom(page: Page) -> str:
    return page.locator(CURVES).get_attribute("data-zoom") or ""


def drag_over_loss(page: Page) -> None:
    """Marks the middle third of the loss for a closer look."""
    box = page.locator(LOSS).bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.35, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=4)
    page.mouse.up()
    expect(page.locator(CURVES)).not_to_have_attribute("data-zoom", "")


def rerun_everything(page: Page) -> None:
    """Runs the whole script again: the header asks for the page that is open."""
    before = page.locator(".stApp").get_attribute("data-test-script-state")
    assert before is not None
    page.evaluate(
        """() => {
            window.reruns = 0
            const app = document.querySelector('.stApp')
            new MutationObserver(() => { if (app.dataset.testScriptState === 'running') window.reruns++ })
                .observe(app, {attributes: true, attributeFilter: ['data-test-script-state']})
        }"""
    )
    page.locator(".gx-header nav a[aria-current]").click()
    page.wait_for_function("() => window.reruns > 0")
    page.wait_for_function("() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'")


def press_slowly(button: Locator) -> None:
    """A press that lasts while the page hears news of the run more than once."""
    button.hover()
    button.page.mouse.down()
    wait_for_points(button.page, points(button.page) + 10)
    button.page.wait_for_timeout(1500)  # the run is asked for once a second
    button.page.mouse.up()


def start_from_the_form(visit: Visit) -> str:
    """Fills the form in, starts, and returns the id of the run whose page opens."""
    page = visit.page
    visit.open(FORM)
    page.get_by_role("textbox", name="name").fill("seen by a browser")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/run?run=*")
    return parse_qs(urlsplit(page.url).query)["run"][0]


def test_a_fault_is_said_beside_the_field_and_nothing_typed_is_lost(visit: Visit) -> None:
    page = visit.page
    visit.open(FORM)
    field = page.get_by_role("spinbutton", name="patch_size, px")
    expect(field).to_have_value("8")
    field.fill("7")
    field.press("Tab")
    expect(page.get_by_text("patch_size 7 does not divide img_size 32; try 8.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    page.wait_for_url("**patch_size%3D7**")
    page.reload()
    expect(page.get_by_role("spinbutton", name="patch_size, px")).to_have_value("7")
    expect(page.get_by_role("spinbutton", name="embed_dim", exact=True)).to_have_value("32")
    page.get_by_role("spinbutton", name="patch_size, px").fill("8")
    page.get_by_role("spinbutton", name="patch_size, px").press("Tab")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    expect(page.get_by_text("galaxyscope run pretrain --dataset sky --preset demo-60s")).to_be_visible()


def test_a_run_that_learned_nothing_is_called_flat_and_early_stopping_is_drawn(
    visit: Visit, site: Site
) -> None:
    config = dict(setting.split("=") for setting in TINY) | {
        "dataset": "sky", "epochs": 6, "eval_every_epochs": 1, "blr": 1e-30, "online_probe": "off"
    }  # fmt: skip
    request = RunRequest(kind=RunKind.PRETRAIN, config=config)
    assert site.run_to_the_end(request) is RunState.SUCCEEDED
    [run] = site.client.call(endpoints.LIST_RUNS, limit=1)
    visit.open(f"/run?run={run.id}")
    trend = visit.page.locator(".gx-run_status [data-trend]")
    expect(trend).to_contain_text("Flat for 6 evaluations: no change beyond ±")
    # 160 train rows in batches of 16: an evaluation every 10 steps, the fifth without a better one at step 50
    expect(trend).to_contain_text("Early stopping with patience 5 would have ended it at step 50.")
    accuracy = visit.page.locator(ACCURACY).element_handle()
    visit.page.wait_for_function(STOP_MARK, arg=[accuracy, 50])
    visit.page.get_by_role("button", name="epoch", exact=True).click()
    visit.page.wait_for_function(STOP_MARK, arg=[accuracy, 5])


def test_a_run_is_launched_watched_and_stopped(visit: Visit, site: Site) -> None:
    page = visit.page
    run_id = start_from_the_form(visit)
    assert site.client.call(endpoints.GET_RUN, run_id=run_id).name == "seen by a browser"

    wait_for_points(page, 5)
    page.locator(LOSS).evaluate("graph => { graph.mark = 'first' }")
    built = page.locator(LOSS).get_attribute("data-build")
    wait_for_points(page, points(page) + 10)
    expect(page.locator(CURVES).get_by_text("live", exact=True)).to_be_visible()

    rate = page.locator(LR).element_handle()
    drawn = rate.evaluate("graph => graph.calcdata[0].length")
    wait_for_points(page, points(page) + 10)
    page.wait_for_function(MORE_DRAWN, arg=[rate, drawn])  # unsmoothed: its arrays grow in place

    drag_over_loss(page)
    chosen = zoom(page)
    wait_for_points(page, points(page) + 10)
    assert zoom(page) == chosen, "new points must not move the view"
    rerun_everything(page)
    wait_for_points(page, points(page) + 10)
    assert zoom(page) == chosen, "a rerun of the script must not move the view"
    shown = page.locator(LOSS).evaluate("graph => graph.layout.xaxis.range.join(',')")
    assert shown == chosen
    assert page.locator(LOSS).evaluate("graph => graph.mark") == "first"
    assert page.locator(LOSS).get_attribute("data-build") == built, "the graph must never be rebuilt"

    expect(page.locator(".gx-samples canvas")).to_have_count(6)  # two galaxies in three rows
    press_slowly(page.get_by_role("button", name="Checkpoint now"))
    expect(page.get_by_text("Checkpoint written at step")).to_be_visible()
    press_slowly(page.get_by_role("button", name="Stop", exact=True))
    expect(page.locator('.gx-run_status [data-state="cancelled"]')).to_be_visible()
    states = [event.to_state for event in site.client.call(endpoints.LIST_EVENTS, run_id=run_id)]
    assert states[-2:] == [RunState.STOPPING, RunState.CANCELLED]

    page.reload()
    wait_for_points(page, 20)
    expect(page.locator('.gx-run_status [data-state="cancelled"]')).to_be_visible()
    expect(page.locator(CURVES).get_by_text("ended", exact=True)).to_be_visible()
    assert zoom(page) == chosen, "a refresh must not lose the view"
    page.get_by_role("button", name="Reset zoom").click()
    expect(page.locator(CURVES)).to_have_attribute("data-zoom", "")

    page.get_by_role("button", name="Retry…").click()
    page.wait_for_url("**/launch?**")
    expect(page.get_by_role("spinbutton", name="embed_dim", exact=True)).to_have_value("32")
    expect(page.get_by_role("textbox", name="name")).to_have_value("seen by a browser")
    expect(page.get_by_text(f"Retry of {run_id}")).to_be_visible()
