"""A run is taken along from its page and taken in on the Runs page, in the browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from shared.configs.kinds import Lane, RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from tests.browser.conftest import Site, Visit

pytestmark = pytest.mark.browser


def test_a_run_is_taken_along_and_taken_in(visit: Visit, site: Site, tmp_path: Path) -> None:
    page = visit.page
    site.client.call(endpoints.PAUSE_LANE, lane=Lane.TRAIN)
    run_id = site.client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PRETRAIN, config={"dataset": "sky"})
    ).id
    site.client.call(endpoints.STOP_RUN, run_id=run_id)
    site.client.call(endpoints.RESUME_LANE, lane=Lane.TRAIN)

    visit.open(f"/run?run={run_id}")
    page.get_by_text("Export", exact=True).click()
    expect(page.get_by_text("There are no checkpoints yet")).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Run as ZIP").click()
    path = tmp_path / "taken.zip"
    coming.value.save_as(path)
    assert path.read_bytes() == site.client.call(endpoints.BUNDLE_FILE, run_id=run_id)

    visit.open("/")
    page.get_by_text("Import a run…").click()
    field = page.locator(".gx-upload input[type=file]")
    (tmp_path / "cut.zip").write_bytes(path.read_bytes()[:-30])
    field.set_input_files(tmp_path / "cut.zip")
    expect(page.get_by_text("cut.zip is not a valid zip file")).to_be_visible()
    field.set_input_files(path)
    expect(page.get_by_text(f"The id {run_id} is taken here")).to_be_visible()
    expect(page.get_by_text("cut.zip")).to_be_hidden()
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".gx-run_status .gx-tag")).to_have_text("imported")
    [copy] = [run for run in site.client.call(endpoints.LIST_RUNS) if run.imported]
    for each in (copy.id, run_id):
        site.client.call(endpoints.DELETE_RUN, run_id=each)
