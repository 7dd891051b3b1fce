"""Ten runs compared, ten metrics of 10,000 steps each: when all curves are drawn, and what that costs.

A real server over the real metrics table, a real Chromium in front of it; beside it the floor: a Streamlit
page with one word. Bytes leave out scripts that a browser keeps, Streamlit's own. COMPARE_HOME names a folder
that keeps the home from one time to the next, as a million points take a minute to store.
"""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compare_home import KEYS, make_home
from evaluate_page import FLAGS, free_port, serving
from playwright.sync_api import Browser, Page, sync_playwright

TIMES, IDLE_S = 3, 10
EMPTY_PAGE = "import streamlit as st\nst.markdown(\"<span class='n'>word</span>\", unsafe_allow_html=True)\n"
NOTE_TASKS = """
window.tasks = []
new PerformanceObserver((list) => list.getEntries().forEach((task) => window.tasks.push(task.duration)))
  .observe({type: "longtask", buffered: true})
"""
WHOLE_AT = "() => performance.getEntriesByName('galaxyscope.compare.whole')[0]?.startTime ?? null"
ZOOM = """async () => {
  const roots = [...document.querySelectorAll("*")].map((node) => node.shadowRoot).filter(Boolean)
  const root = roots.map((one) => one.querySelector(".gx-compare_curves")).find(Boolean)
  const plot = root.querySelector(".plot"), box = plot.getBoundingClientRect()
  const before = Number(root.dataset.draws), start = performance.now()
  for (let i = 0; performance.now() - start < 3000; i++) {
    const at = {clientX: box.left + box.width / 2, clientY: box.top + box.height / 2}
    const wheel = {...at, deltaY: i % 80 < 40 ? -20 : 20, ctrlKey: true, bubbles: true, cancelable: true}
    plot.dispatchEvent(new WheelEvent("wheel", wheel))
    await new Promise(requestAnimationFrame)
  }
  return 1000 * (Number(root.dataset.draws) - before) / (performance.now() - start)
}"""


@dataclass
class Traffic:
    """Bytes over the network, as they were sent, and by web socket."""

    total: int = 0
    kept: int = 0

    def listen(self, page: Page) -> None:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        scripts: set[str] = set()

        def asked(event: dict[str, Any]) -> None:
            if "/static/" in event["request"]["url"] or "/vendor/" in event["request"]["url"]:
                scripts.add(event["requestId"])

        def ended(event: dict[str, Any]) -> None:
            size = int(event["encodedDataLength"])
            if event["requestId"] in scripts:
                self.kept += size
            else:
                self.total += size

        def frame(event: dict[str, Any]) -> None:
            self.total += len(event["response"]["payloadData"])  # base64: a third more than was sent

        session.on("Network.requestWillBeSent", asked)
        session.on("Network.loadingFinished", ended)
        session.on("Network.webSocketFrameReceived", frame)


def main() -> None:
    with tempfile.TemporaryDirectory() as place, sync_playwright() as player:
        kept = os.environ.get("COMPARE_HOME")
        home = Path(kept) if kept else Path(place) / "home"
        runs = make_home(home) if not home.exists() else (home / "runs.txt").read_text().split()
        (home / "runs.txt").write_text(" ".join(runs))
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        print(f"ten runs, ten metrics of 10,000 steps, 1440 × 900, {TIMES} visits; load {load()}")
        floor(browser, Path(place))
        port = free_port()
        command = [sys.executable, "-m", "backend.cli", "web", "--port", str(port)]
        with serving(command, port, GALAXYSCOPE_HOME=str(home)) as url:
            address = f"{url}/compare?group=no&runs={','.join(runs)}"
            visits(browser, "three metrics", address)
            visits(browser, "all ten metrics", f"{address}&keys={','.join(KEYS)}")
        browser.close()


def floor(browser: Browser, place: Path) -> None:
    script, port = place / "empty_page.py", free_port()
    script.write_text(EMPTY_PAGE)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    quiet = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    with serving([*command, *quiet], port) as url:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        for visit in range(TIMES):
            page, traffic = new_page(context)
            page.goto(url)
            page.wait_for_selector(".n")
            taken = page.evaluate("performance.now()")
            print(f"  floor, visit {visit + 1}: {taken:6.0f} ms {said(page, traffic)}")
            page.close()
        context.close()


def visits(browser: Browser, name: str, address: str) -> None:
    """Several visits by one browser, which keeps scripts from the first on."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    for visit in range(TIMES):
        page, traffic = new_page(context)
        page.goto(address)
        page.wait_for_selector('.gx-compare_curves[data-whole="true"][data-curves="10"]', timeout=120_000)
        print(f"  {name}, visit {visit + 1}: {page.evaluate(WHOLE_AT):6.0f} ms {said(page, traffic)}")
        if visit == TIMES - 1:
            page.wait_for_timeout(3000)
            print(f"    zoom: {page.evaluate(ZOOM):.0f} draws/s; load {load()}")
            page.wait_for_timeout(2000)
            before = traffic.total
            page.wait_for_timeout(1000 * IDLE_S)
            print(f"    idle: {(traffic.total - before) / IDLE_S / 1000:.2f} KB/s")
        page.close()
    context.close()


def new_page(context: Any) -> tuple[Page, Traffic]:
    page = context.new_page()
    page.add_init_script(NOTE_TASKS)
    traffic = Traffic()
    traffic.listen(page)
    return page, traffic


def said(page: Page, traffic: Traffic) -> str:
    longest = max(page.evaluate("window.tasks") or [0])
    sent, kept = traffic.total / 1e6, traffic.kept / 1e6
    return f"longest task {longest:5.0f} ms, {sent:.2f} MB besides {kept:.2f} MB of scripts; load {load()}"


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
