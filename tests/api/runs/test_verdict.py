"""The verdict on a training through the real app, from the points that a worker wrote."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.jobs.ingest import ingest
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest, Trend
from tests.api.conftest import Move, add_dataset

LINEAR, KNN, RANK = "val/linear_accuracy", "val/knn_accuracy", "val/rankme"
TINY = {"img_size": 16, "patch_size": 4, "embed_dim": 32, "num_heads": 2}


@pytest.fixture
def sky(database: Database, settings: Settings) -> str:
    """200 simulated galaxies, of which 20 are validation rows."""
    add_dataset(database, settings, "sky", n=200)
    return "sky"


def launch(client: Client, **config: object) -> str:
    request = RunRequest(kind=RunKind.PRETRAIN, config={"dataset": "sky"} | TINY | config)
    return client.call(endpoints.CREATE_RUN, body=request).id


def evaluated(database: Database, settings: Settings, run_id: str, *figures: Mapping[str, float]) -> None:
    """What a worker and the supervisor do with evaluations at steps 0, 10, 20, …"""
    run_dir = RunDir(settings.runs_dir / run_id)
    lines = [
        json.dumps({"step": 10 * index, "epoch": index, "time": 1000.0 + index, "values": dict(values)})
        for index, values in enumerate(figures)
    ]
    run_dir.metrics.write_text("".join(f"{line}\n" for line in lines))
    with database.write() as session:
        assert ingest(session, session.get_one(RunRow, run_id), run_dir)


def test_a_training_is_judged_by_its_linear_probe_on_its_validation_rows(
    client: Client, database: Database, settings: Settings, sky: str, move: Move
) -> None:
    run_id = launch(client)
    move(run_id, RunState.STARTING, RunState.RUNNING)
    assert client.call(endpoints.GET_VERDICT, run_id=run_id).state is Trend.TOO_EARLY
    rising = [{LINEAR: value, KNN: 0.5, RANK: 16.0} for value in (0.1, 0.1, 0.1, 0.5, 0.5)]
    evaluated(database, settings, run_id, *rising)
    verdict = client.call(endpoints.GET_VERDICT, run_id=run_id)
    assert (verdict.state, verdict.judged_by, verdict.ended) == (Trend.IMPROVING, LINEAR, False)
    assert verdict.sentence == "still improving: +40.0 points in the last 2 evaluations"
    # 10 of 20 right: Wilson's half-width 20.07 points, for means of two of them 12.29
    assert verdict.threshold == pytest.approx(0.1229, abs=1e-4)
    move_to_end(database, run_id)
    assert client.call(endpoints.GET_VERDICT, run_id=run_id).sentence.startswith(
        "was still improving when it ended"
    )


def move_to_end(database: Database, run_id: str) -> None:
    with database.write() as session:
        session.get_one(RunRow, run_id).state = RunState.SUCCEEDED.value


def test_with_the_linear_probe_off_neighbours_decide_and_early_stopping_is_replayed(
    client: Client, database: Database, settings: Settings, sky: str
) -> None:
    run_id = launch(client, online_probe="off", early_stopping_patience=2)
    evaluated(database, settings, run_id, *[{KNN: value, RANK: 16.0} for value in (0.5, 0.6, 0.6, 0.5)])
    verdict = client.call(endpoints.GET_VERDICT, run_id=run_id)
    assert (verdict.judged_by, verdict.best_step, verdict.would_stop_at_step) == (KNN, 20, 30)
    assert verdict.stopping == "early stopping with patience 2 ended it at step 30"


def test_a_probe_beside_the_encoder_is_referred_to_lbfgs_at_step_0(
    client: Client, database: Database, settings: Settings, sky: str
) -> None:
    run_id = launch(client, online_probe="sgd")
    start = {"random_init/linear_accuracy": 0.4, KNN: 0.3, RANK: 16.0}
    evaluated(database, settings, run_id, start, *[{LINEAR: 0.2, KNN: 0.9, RANK: 16.0}] * 3)
    run, verdict = (
        client.call(endpoints.GET_RUN, run_id=run_id),
        client.call(endpoints.GET_VERDICT, run_id=run_id),
    )
    assert run.baselines == {"random_init_linear_accuracy": 0.4, "random_init_knn_accuracy": 0.3}
    assert (verdict.judged_by, verdict.best_step, verdict.state) == (LINEAR, 30, Trend.FLAT)


def test_an_unlabelled_training_is_told_by_its_rank(
    client: Client, database: Database, settings: Settings, sky: str
) -> None:
    run_id = launch(client)
    evaluated(database, settings, run_id, {RANK: 8.0}, {RANK: 9.0})
    verdict = client.call(endpoints.GET_VERDICT, run_id=run_id)
    assert (verdict.state, verdict.judged_by, verdict.threshold) == (Trend.UNLABELLED, None, None)
    assert verdict.sentence.endswith("effective rank 9.0 of 32")


def test_a_job_that_trains_nothing_has_no_verdict(client: Client, tmp_path: Path) -> None:
    made = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.SIMULATE, config={"name": "new", "n": 20})
    )
    with pytest.raises(ApiError, match=f"{made.id} is a job of kind simulate"):
        client.call(endpoints.GET_VERDICT, run_id=made.id)
