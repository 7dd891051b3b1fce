"""A run is tagged, found by its tag, deleted and had back, in the browser."""

import pytest
from playwright.sync_api import expect

from shared.base.states import RunState
from shared.configs.kinds import Lane, RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser


def test_a_run_is_tagged_found_deleted_and_had_back(visit: Visit, site: Site) -> None:
    page = visit.page
    site.client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN)
    run_id = site.client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PRETRAIN, config={"dataset": "sky"})
    ).id
    site.client.call(endpoints.STOP_RUN, run_id=run_id)
    site.client.call(endpoints.RESUME_LANE, lane=Lane.TRAIN)

    visit.open(f"/run?run={run_id}")
    page.get_by_text("Name, tags, note").click()
    page.get_by_label("note").fill("typed before a fault")
    page.get_by_label("tags").fill("tagged here, " + "x" * 31)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("has 31 characters")).to_be_visible()
    expect(page.get_by_label("note")).to_have_value("typed before a fault")
    page.get_by_label("tags").fill("tagged here")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".gx-run_status .gx-tag")).to_have_text("tagged here")

    visit.open("/")
    rows = page.locator(".gx-runs_table .runs tbody tr")
    page.get_by_role("button", name="tagged here").click()
    page.wait_for_url("**tag=tagged**")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").click()

    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name=f"Delete {run_id}").click()
    expect(page.get_by_text(f"{run_id} deleted.")).to_be_visible()
    assert run_id not in [run.id for run in site.client.call(endpoints.LIST_RUNS)]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{run_id} deleted.")).to_be_hidden()
    expect(page.locator(f'[data-run="{run_id}"]').first).to_be_visible()
    assert site.client.call(endpoints.GET_RUN, run_id=run_id).state is RunState.CANCELLED
    assert site.client.call(endpoints.GET_RUN, run_id=run_id).note == "typed before a fault"
