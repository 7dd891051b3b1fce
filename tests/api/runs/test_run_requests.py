"""A checkpoint or samples, asked of a running training from the page."""

import pytest

from backend.db.engine import Database
from backend.jobs.run_dir import RunDir, pending_requests
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.base.states import RunState
from shared.configs import PretrainConfig, SupervisedConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from tests.api.conftest import Move
from tests.homes import enqueue

pytestmark = pytest.mark.usefixtures("sky")

S = RunState


def test_a_request_lies_before_the_worker_and_its_number_is_told(
    client: Client, database: Database, settings: Settings, move: Move
) -> None:
    run_id = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, PretrainConfig(dataset="sky"))
    move(run_id, S.STARTING, S.RUNNING)
    first, second = (
        client.call(endpoints.CHECKPOINT_NOW, run_id=run_id).seq,
        client.call(endpoints.SAMPLE_NOW, run_id=run_id).seq,
    )
    waiting = pending_requests(RunDir(settings.runs_dir / run_id).control)
    assert waiting == [(first, "checkpoint"), (second, "sample")]


def test_who_cannot_obey_is_not_asked(
    client: Client, database: Database, settings: Settings, move: Move
) -> None:
    waits = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, PretrainConfig(dataset="sky"))
    with pytest.raises(ApiError, match=f"{waits} is queued; only a running run") as refused:
        client.call(endpoints.CHECKPOINT_NOW, run_id=waits)
    assert refused.value.status == 409
    classifier = enqueue(database, settings.runs_dir, RunKind.SUPERVISED, SupervisedConfig(dataset="sky"))
    move(classifier, S.STARTING, S.RUNNING)
    client.call(endpoints.CHECKPOINT_NOW, run_id=classifier)
    with pytest.raises(ApiError, match="of kind supervised"):
        client.call(endpoints.SAMPLE_NOW, run_id=classifier)
