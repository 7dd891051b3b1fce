"""The launch form in a real browser: size, view, YAML, first batch, preflight; and the machine page."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from shared.configs.kinds import RunKind
from shared.contract import endpoints
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser

TINY = (
    "img_size=32 patch_size=8 embed_dim=32 depth=1 num_heads=1 decoder_embed_dim=32 decoder_depth=1 "
    "decoder_num_heads=1 batch_size=16 sample_count=2 eval_every_epochs=2 epochs=4 warmup_epochs=1"
).split()
FORM = "/launch?" + urlencode({"preset": "demo-60s", "on": "sky", "set": TINY}, doseq=True)
HIDDEN_PATCHES = """(root, patch) => {
    const rows = [...root.querySelectorAll('.tiles')].map((row) => [...row.querySelectorAll('canvas')])
    const [, augmented, masked] = rows
    const bytes = (canvas, x, y) => canvas.getContext('2d').getImageData(x, y, patch, patch).data.join()
    return masked.map((canvas, i) => {
        let hidden = 0
        for (let y = 0; y < canvas.height; y += patch)
            for (let x = 0; x < canvas.width; x += patch)
                if (bytes(canvas, x, y) !== bytes(augmented[i], x, y)) hidden++
        return hidden
    })
}"""


def number(page: Page, name: str) -> Locator:
    return page.get_by_role("spinbutton", name=name, exact=True)


def type_into(field: Locator, value: str) -> None:
    field.fill(value)
    field.press("Tab")


def cost(page: Page, name: str) -> Locator:
    """The value and the source word of one line of the cost card."""
    return page.locator(".gx-sourced dt", has_text=name).locator(
        "xpath=following-sibling::dd[position() <= 2]"
    )


def test_the_full_form_fits_a_phone(phone: Visit) -> None:
    phone.open(f"{FORM}&view=full&set=num_heads%3D5&set=epochs%3D1")
    expect(phone.page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    wide = phone.page.evaluate("() => document.querySelector('.stMain').scrollWidth - window.innerWidth")
    assert wide <= 0


def test_a_size_sets_widths_depths_and_heads_and_leaves_the_rest(visit: Visit) -> None:
    page = visit.page
    visit.open(FORM)
    expect(page.get_by_role("radio", name="custom")).to_be_checked()
    page.get_by_role("radio", name=re.compile("^small")).click()
    expect(number(page, "embed_dim")).to_have_value("128")
    expect(number(page, "depth")).to_have_value("6")
    expect(number(page, "num_heads")).to_have_value("2")
    expect(number(page, "img_size, px")).to_have_value("32")
    expect(number(page, "epochs")).to_have_value("4")
    expect(page.get_by_role("radio", name="custom")).to_have_count(0)
    type_into(number(page, "depth"), "5")
    expect(page.get_by_role("radio", name="custom")).to_be_checked()


def test_the_full_view_shows_every_field_and_the_address_keeps_it(visit: Visit) -> None:
    page = visit.page
    visit.open("/launch?preset=demo-60s&on=sky")
    expect(number(page, "epochs")).to_have_value("20")
    expect(number(page, "weight_decay")).to_have_count(0)
    page.get_by_text("Every field", exact=True).click()
    type_into(number(page, "weight_decay"), "0.1")
    page.wait_for_url("**view=full**")
    page.wait_for_url("**weight_decay%3D0.1**")
    page.reload()
    expect(number(page, "weight_decay")).to_have_value("0.1")
    expect(number(page, "knn_k")).to_be_visible()
    page.get_by_text("Simple", exact=True).click()
    expect(number(page, "knn_k")).to_have_count(0)
    expect(number(page, "weight_decay")).to_have_value("0.1")  # differs from the preset


def test_every_conflict_is_said_at_once_and_blocks_the_start(visit: Visit) -> None:
    page = visit.page
    visit.open(FORM + "&set=num_heads%3D5&set=warmup_epochs%3D9&set=batch_size%3D5000")
    expect(page.get_by_text("num_heads 5 does not divide embed_dim 32; try 4.")).to_be_visible()
    expect(page.get_by_text("warmup_epochs 9 is not shorter than epochs 4; try 0.4.")).to_be_visible()
    expect(page.get_by_text("batch_size 5000 is more than the 160 training rows of sky.")).to_be_visible()
    expect(page.get_by_text("3 fields are invalid.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_disabled()


def test_a_refused_start_says_why_and_loses_nothing(visit: Visit) -> None:
    page = visit.page
    visit.open(FORM + "&parent=no-such-run")
    page.get_by_role("textbox", name="name").fill("kept")
    type_into(number(page, "seed"), "5")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert").filter(has_text="no-such-run")).to_be_visible()
    expect(page.get_by_role("textbox", name="name")).to_have_value("kept")
    expect(number(page, "seed")).to_have_value("5")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


def test_the_yaml_goes_both_ways_and_a_bad_line_is_named(visit: Visit) -> None:
    page = visit.page
    visit.open(FORM)
    page.get_by_text("All values as YAML").click()
    editor = page.get_by_role("textbox", name="YAML")
    expect(editor).to_have_value(re.compile(r"dataset: sky\npreset: demo-60s\n"))
    good = editor.input_value().replace("depth: 1\n", "depth: 2\n", 1).replace("seed: 0", "seed: 3")
    bad = good.replace("mask_ratio: 0.6", "mask_ratio: 2")
    line = bad.splitlines().index("mask_ratio: 2") + 1
    editor.fill(bad)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text(f"Line {line}: mask_ratio 2")).to_be_visible()
    expect(number(page, "depth")).to_have_value("1")
    expect(editor).to_have_value(bad)
    editor.fill(good)
    page.get_by_role("button", name="Apply").click()
    expect(number(page, "depth")).to_have_value("2")
    expect(number(page, "seed")).to_have_value("3")
    expect(page.get_by_text(f"Line {line}:")).to_have_count(0)
    type_into(number(page, "seed"), "7")
    expect(editor).to_have_value(re.compile("seed: 7\n"))


def test_the_first_batch_hides_as_many_patches_as_the_form_says(visit: Visit) -> None:
    page = visit.page
    visit.open(FORM)
    batch = page.locator(".gx-first_batch")
    expect(batch).to_have_attribute("data-request", re.compile('mask_ratio":0.6'))
    assert batch.evaluate(HIDDEN_PATCHES, 8) == [10] * 8  # round-half-up of 0.6 · 16
    type_into(number(page, "mask_ratio"), "0.9")
    expect(batch).to_have_attribute("data-request", re.compile('mask_ratio":0.9'))
    assert batch.evaluate(HIDDEN_PATCHES, 8) == [14] * 8
    asked = batch.get_attribute("data-request")
    type_into(number(page, "epochs"), "6")
    expect(page.locator(".gx-lr_curve svg")).to_have_attribute("aria-label", re.compile("at epoch 6"))
    assert batch.get_attribute("data-request") == asked, "what it does not depend on asks for none"


def test_the_badge_leads_to_the_machine_and_the_self_test_says_its_speed(visit: Visit, site: Site) -> None:
    page = visit.page
    visit.open("/")
    page.locator(".gx-header a.device").click()
    page.wait_for_url("**/machine**")
    expect(page.get_by_text("What can this machine do?")).to_be_visible()
    expect(
        page.get_by_text("torch sees no GPU because").or_(page.get_by_text("GPU (CUDA)")).first
    ).to_be_visible()
    page.get_by_role("button", name="Run the self-test").click()
    expect(page.get_by_role("progressbar", name="Self-test")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^[\d,]+ images/s$"))).to_be_visible()
    tests = site.client.call(endpoints.LIST_RUNS, kind=RunKind.SELFTEST, all=True)
    assert [test.state for test in tests] == ["succeeded"]
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/launch**")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/machine**")


def test_a_launch_is_measured_and_then_started(visit: Visit, site: Site) -> None:
    page = visit.page
    visit.open(FORM + "&set=seed%3D11")
    expect(cost(page, "Memory").last).to_have_text("estimated")
    page.get_by_role("textbox", name="name").fill("measured first")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_role("progressbar", name="Measuring")).to_be_visible()
    expect(cost(page, "Memory").last).to_have_text("measured")
    expect(cost(page, "Total").last).to_have_text("measured")
    expect(page.get_by_role("textbox", name="name")).to_have_value("measured first")
    type_into(number(page, "depth"), "2")
    expect(cost(page, "Memory").last).to_have_text("estimated")
    type_into(number(page, "depth"), "1")
    expect(cost(page, "Memory").last).to_have_text("measured")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/run?run=*")
    run_id = parse_qs(urlsplit(page.url).query)["run"][0]
    assert site.client.call(endpoints.GET_RUN, run_id=run_id).name == "measured first"
    site.client.call(endpoints.STOP_RUN, run_id=run_id)
