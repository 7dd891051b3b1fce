"""Addresses that people kept with version 0.1.0 still lead to their page, and to what they name on it."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit
from tests.old_homes.conftest import OldHome

pytestmark = pytest.mark.browser

LINKS = {
    "runs": "Runs", "launch": "Launch", "run": "Run", "reconstruct": "Reconstruct", "search": "Search",
    "map": "Map", "evaluate": "Evaluate", "compare": "Compare", "report": "Report", "data": "Data",
    "machine": "Machine", "sweep": "Launch",
}  # fmt: skip
"""The link of the header that stands for each page."""

ADDRESSES = (
    ("/", "first light"),
    ("/?state=failed", ""),
    ("/?tag=paper&archived=true", "first light"),
    ("/run?run={trained}", "first light"),
    ("/run?run={adopted}", "{adopted}"),
    ("/launch?preset=demo-3min&on=own&set=epochs%3D7&name=again&view=full", "again"),
    ("/compare?runs={trained},{paused}&x=epoch&smoothing=0.3&log=no&most=5", "first light"),
    ("/data?dataset=sky&open=sky&galaxy=3", "sky"),
    ("/data?dataset=own&label=spiral&split=train", "spiral"),
    ("/data?dataset=sky&add=import&set=name%3Dkept", ""),
    (
        "/reconstruct?run={trained}&checkpoint=last&dataset=sky&row=3&ratio=0.5&kind=block&seed=4&mode=true",
        "",
    ),
    ("/reconstruct?run={trained}&dataset=sky&row=3&hidden=0-3.8&inside=1&patch=2&overlay=yes", ""),
    ("/search?run={trained}&dataset=sky&row=3&k=24&plus=4.5&minus=6&trail=1&tile=100", ""),
    ("/search?view=odd&run={trained}&dataset=sky&by=mislabel&k=5&rated=yes", ""),
    ("/map?run={trained}&dataset=sky&colour=rating&galaxy=3&view=0.1,0.2,3", ""),
    ("/map?run={trained}&dataset=sky&with={trained}:last::cls:pca&turned=no", ""),
    ("/evaluate?run={trained}&evaluation={evaluation}&shown=counts&classes=similar", ""),
    ("/report?suite=R1&scale=paper&dataset=sky&seeds=2", ""),
    ("/machine", ""),
    ("/sweep?sweep={sweep}", "mask_ratio"),
    ("/sweep?start=run:{trained}&on=sky&over=mask_ratio%3D0.5,0.75&seeds=2&stop_early=yes", ""),
)


def test_old_addresses_lead_to_their_page(old: OldHome, chromium: Browser) -> None:
    names = {role: run["id"] for role, run in old.manifest["runs"].items()}
    names["sweep"] = old.manifest["sweep"]
    names["evaluation"] = next(one for one in old.manifest["evaluations"] if "encoder-linear" in one)
    url = f"http://127.0.0.1:{old.board.port}"
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    tab = Visit(context.new_page(), url)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("console", tab.note_words)
    wrong = []
    for pattern, words in ADDRESSES:
        address = pattern.format_map(names)
        fault = fault_of(tab.page, url, address, words.format_map(names))
        wrong += [f"{address}: {fault}"] if fault else []
    context.close()
    assert wrong == []
    assert tab.errors == []


def fault_of(page: Page, url: str, address: str, words: str) -> str:
    """What is wrong with the page that an address opens; empty where nothing is."""
    page.goto(url + address)
    path = urlsplit(address).path.strip("/") or "runs"
    link = page.get_by_role("navigation").get_by_role("link", name=LINKS[path], exact=True)
    expect(link).to_have_attribute("aria-current", "page")
    expect(page.locator(".stApp")).to_have_attribute("data-test-script-state", "notRunning")
    if page.get_by_text("Page not found").count() or page.locator(".stException").count():
        return "no page, or a traceback"
    if words:
        expect(page.get_by_text(words).first).to_be_attached()
    kept = {value for _, value in parse_qsl(urlsplit(page.url).query)}
    lost = [f"{key}={value}" for key, value in parse_qsl(urlsplit(address).query) if value not in kept]
    return f"its address lost {', '.join(lost)}" if lost else ""
