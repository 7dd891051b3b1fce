"""The client drives the real app."""

import socket

import httpx2
import pytest

from frontend.api.client import ApiError, BackendLostError, Client
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.configs.presets import PRESETS
from shared.contract import endpoints
from shared.contract.runs import RunRequest


def simulate(client: Client, name: str = "sim") -> str:
    request = RunRequest(kind=RunKind.SIMULATE, config={"name": name, "n": 20, "img_size": 32})
    return client.call(endpoints.CREATE_RUN, body=request).id


def test_health_reports_a_missing_supervisor(client: Client) -> None:
    health = client.call(endpoints.GET_HEALTH)
    assert not health.supervisor_alive
    assert health.problems


def test_presets_are_those_of_the_project(client: Client) -> None:
    assert [preset.key for preset in client.call(endpoints.LIST_PRESETS)] == list(PRESETS)


def test_a_job_is_created_listed_read_and_stopped(client: Client) -> None:
    run_id = simulate(client)
    assert client.call(endpoints.GET_RUN, run_id=run_id).state is RunState.QUEUED
    assert client.call(endpoints.LIST_RUNS) == []
    assert [run.id for run in client.call(endpoints.LIST_RUNS, all=True)] == [run_id]
    assert client.call(endpoints.STOP_RUN, run_id=run_id).state is RunState.CANCELLED
    assert client.call(endpoints.LIST_RUNS, all=True, state=RunState.QUEUED) == []
    assert client.call(endpoints.LIST_EVENTS, run_id=run_id)[-1].to_state is RunState.CANCELLED


def test_a_retry_is_a_new_run_with_a_parent(client: Client) -> None:
    first = client.call(endpoints.STOP_RUN, run_id=simulate(client))
    again = client.call(endpoints.RETRY_RUN, run_id=first.id)
    assert again.id != first.id
    assert again.parent_id == first.id
    assert again.config == first.config


def test_a_queued_run_has_no_points_no_lines_and_no_samples(client: Client) -> None:
    run_id = simulate(client)
    page = client.call(
        endpoints.GET_METRICS, run_id=run_id, since=0, max_points=100, keys="train/loss,val/rankme"
    )
    assert page.series == {} or all(not series.step for series in page.series.values())
    assert client.call(endpoints.GET_LOG, run_id=run_id).lines == []


def test_an_unknown_run_is_refused_and_named(client: Client) -> None:
    with pytest.raises(ApiError) as refused:
        client.call(endpoints.GET_RUN, run_id="no-such-run")
    assert refused.value.status == 404
    assert "no-such-run" in refused.value.detail


def test_a_bad_config_is_refused_at_its_field(client: Client) -> None:
    request = RunRequest(kind=RunKind.PRETRAIN, config={"dataset": "sim", "img_size": 64, "patch_size": 7})
    with pytest.raises(ApiError) as refused:
        client.call(endpoints.CREATE_RUN, body=request)
    assert refused.value.field == "patch_size"
    assert "try 8" in refused.value.detail


def test_an_unknown_dataset_is_refused_and_named(client: Client) -> None:
    assert client.call(endpoints.LIST_DATASETS) == []
    for read in (endpoints.GET_DATASET, endpoints.LIST_GALAXIES):
        with pytest.raises(ApiError, match="nowhere") as refused:
            client.call(read, name="nowhere")
        assert refused.value.status == 404


@pytest.mark.parametrize("body", ["{}", "[1]", "<html>", ""])
def test_an_unreadable_response_is_an_api_error(body: str) -> None:
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, text=body))
    client = Client("", http=httpx2.Client(transport=transport, base_url="http://127.0.0.1"))
    with pytest.raises(ApiError, match="/api/v1/health") as unreadable:
        client.call(endpoints.GET_HEALTH)
    assert unreadable.value.code == "unreadable_answer"


def test_a_closed_port_is_a_lost_backend() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(BackendLostError, match="galaxyscope up"):
            Client(f"http://127.0.0.1:{port}").call(endpoints.GET_HEALTH)
