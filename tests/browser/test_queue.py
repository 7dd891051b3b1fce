"""The queue on the Runs page: moved by keyboard, paused, and shared with somebody else."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from shared.configs.kinds import Lane, RunKind
from shared.contract import endpoints
from shared.contract.launching import Direction, QueueMove
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(site: Site) -> Iterator[list[str]]:
    """Three runs that wait in a paused queue."""
    site.client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN)
    requests = [
        RunRequest(kind=RunKind.PRETRAIN, config={"dataset": "sky"}, name=f"waits {place}") for place in "abc"
    ]
    runs = [site.client.call(endpoints.CREATE_RUN, body=request).id for request in requests]
    yield runs
    for run_id in runs:
        site.client.call(endpoints.STOP_RUN, run_id=run_id)
    site.client.call(endpoints.RESUME_LANE, lane=Lane.TRAIN)


def test_a_queue_is_moved_by_keyboard_and_paused_and_nobody_overrules_another(
    visit: Visit, site: Site, waiting: list[str]
) -> None:
    page = visit.page
    a, b, c = waiting
    visit.open("/")
    lane = page.locator('.gx-queue_list [data-lane="train"]')
    expect(lane.get_by_text("when resumed")).to_have_count(3)
    expect(page.locator(".gx-header").get_by_text("queue 3 · paused")).to_be_visible()

    lane.get_by_role("button", name="Move up: waits c").press("Enter")
    expect(page.get_by_role("status").filter(has_text="waits c is now number 2.")).to_be_visible()
    expect_order(lane, a, c, b)
    page.keyboard.press("Enter")  # the button has kept the focus
    expect_order(lane, c, a, b)
    expect(lane.get_by_role("button", name="Move down: waits c")).to_be_focused()

    page.route("**/api/v1/queue", lambda route: route.abort())  # the page hears nothing of what follows
    site.client.call(endpoints.MOVE_RUN, run_id=b, body=QueueMove(to=Direction.TOP))
    lane.get_by_role("button", name="Move up: waits b").click()
    said = page.get_by_role("alert").filter(has_text=f"now: {b}, {c}, {a}")
    expect(said).to_contain_text(f"{b} was moved")
    page.unroute("**/api/v1/queue")
    expect_order(lane, b, c, a)

    for run_id in waiting[:2]:
        site.client.call(endpoints.STOP_RUN, run_id=run_id)
    lane.get_by_role("button", name="Resume queue").click()
    expect(lane.locator(f'li[data-run="{c}"].now')).to_be_visible()
    assert site.client.call(endpoints.GET_HEALTH).paused_lanes == []


def expect_order(lane: Locator, *runs: str) -> None:
    for place, run_id in enumerate(runs):
        expect(lane.locator("li").nth(place)).to_have_attribute("data-run", run_id)
