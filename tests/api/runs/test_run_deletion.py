"""Deleting runs and having them back, the disk they take, and what can go."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from backend.cli import main
from backend.db.engine import Database
from backend.db.models import EvaluationRow, MetricLineRow, MetricSetRow, RunRow
from backend.db.points import Line, write_lines
from backend.files import write_json
from backend.jobs.encoders import find_encoder
from backend.jobs.housekeeping import Housekeeping
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.base.states import RunState
from shared.configs import ProbeConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import UNDO_H, PruneRequest
from tests.api.conftest import Move
from tests.api.encoders import leave_encoder
from tests.api.evaluation_rows import enter_evaluation
from tests.homes import enqueue

pytestmark = pytest.mark.usefixtures("sky")

S = RunState


@pytest.fixture
def trained(client: Client, database: Database, settings: Settings, move: Move) -> str:
    """A pretraining that has ended, with checkpoints 0 and 7 and one point of a curve."""
    run_id = leave_encoder(database, settings)
    with database.write() as session:
        write_lines(session, run_id, [Line(1, 0.1, 0.0, {"train/loss": 0.5})])
    move(run_id, S.STARTING, S.RUNNING, S.SUCCEEDED)
    return run_id


def housekeeping(settings: Settings, database: Database, later_h: float = 0) -> Housekeeping:
    return Housekeeping(settings, database, lambda: datetime.now(UTC) + timedelta(hours=later_h))


def keep_features(settings: Settings, run_id: str, step: str, size: int) -> Path:
    """What a probe of that checkpoint leaves in the cache."""
    digest = find_encoder(settings.home, run_id, step).spec.weights_digest
    path = settings.home / "cache" / "features" / digest / "some-dataset" / "crop" / "d2_cls_val.npy"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * size)
    return path


def folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_deleted_run_is_found_nowhere_and_comes_back_as_it_was(
    client: Client, trained: str, settings: Settings
) -> None:
    before, folder = client.call(endpoints.GET_RUN, run_id=trained), settings.runs_dir / trained
    files = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    deleted = client.call(endpoints.DELETE_RUN, run_id=trained)
    assert deleted.gone_at - deleted.deleted_at == timedelta(hours=24)
    assert client.call(endpoints.LIST_RUNS) == client.call(endpoints.LIST_RUNS, archived=True) == []
    assert not folder.exists()
    for ask in (endpoints.GET_RUN, endpoints.GET_METRICS, endpoints.LIST_CHECKPOINTS, endpoints.DELETE_RUN):
        with pytest.raises(ApiError, match=f"no run {trained}"):
            client.call(ask, run_id=trained)
    assert [run.id for run in client.call(endpoints.GET_DISK).deleted] == [trained]

    assert client.call(endpoints.RESTORE_RUN, run_id=trained) == before.model_copy(
        update={"disk_bytes": deleted.disk_bytes}
    )
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == files
    assert client.call(endpoints.GET_METRICS, run_id=trained).series["train/loss"].value == [0.5]
    assert client.call(endpoints.LIST_CHECKPOINTS, run_id=trained).steps == [0, 7]
    assert client.call(endpoints.GET_DISK).deleted == []


def test_the_preview_says_what_goes_and_what_keeps_its_results(
    client: Client, trained: str, database: Database, settings: Settings, move: Move
) -> None:
    probe = enqueue(database, settings.runs_dir, RunKind.PROBE, ProbeConfig(encoder=trained, dataset="sky"))
    kept, other = keep_features(settings, trained, "7", 1000), keep_features(settings, trained, "0", 500)
    stranger = settings.home / "cache" / "features" / ("0" * 64) / "d" / "f.npy"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"x")
    samples = settings.runs_dir / trained / "samples"
    samples.mkdir()
    (samples / "step_00000000.png").write_bytes(b"png")
    preview = client.call(endpoints.PREVIEW_RUN_DELETION, run_id=trained)
    assert (preview.checkpoints, preview.samples, preview.evaluations) == (2, 1, 0)
    assert preview.feature_bytes == 1500
    assert preview.disk_bytes == folder_size(settings.runs_dir / trained)
    assert (preview.referring, preview.blocked_by) == ([probe], [probe])
    with pytest.raises(ApiError, match=probe) as refused:
        client.call(endpoints.DELETE_RUN, run_id=trained)
    assert (refused.value.status, refused.value.code) == (409, "run_in_use")
    move(probe, S.STARTING, S.RUNNING, S.SUCCEEDED)
    assert client.call(endpoints.PREVIEW_RUN_DELETION, run_id=trained).blocked_by == []
    client.call(endpoints.DELETE_RUN, run_id=trained)
    assert not kept.exists() and not other.exists() and stranger.exists()
    assert client.call(endpoints.GET_RUN, run_id=probe).config["encoder"] == trained


def test_evaluations_go_with_the_run_that_made_them_and_come_back(
    client: Client, database: Database, settings: Settings, move: Move
) -> None:
    evaluation = enter_evaluation(database, settings, np.zeros(5, np.int64), np.eye(10)[[0] * 5])
    move(evaluation.run, S.STARTING, S.RUNNING, S.SUCCEEDED)
    assert client.call(endpoints.PREVIEW_RUN_DELETION, run_id=evaluation.run).evaluations == 1
    client.call(endpoints.DELETE_RUN, run_id=evaluation.run)
    assert client.call(endpoints.LIST_EVALUATIONS) == []
    with pytest.raises(ApiError, match="no evaluation"):
        client.call(endpoints.GET_EVALUATION, evaluation_id=evaluation.id)
    client.call(endpoints.RESTORE_RUN, run_id=evaluation.run)
    assert client.call(endpoints.LIST_EVALUATIONS) == [evaluation]
    assert client.call(endpoints.LIST_PREDICTIONS, evaluation_id=evaluation.id).total == 5


@pytest.mark.parametrize(
    "states", [(), (S.STARTING, S.RUNNING), (S.STARTING, S.RUNNING, S.PAUSING, S.PAUSED)]
)
def test_what_has_not_ended_is_not_deleted(
    client: Client, database: Database, settings: Settings, move: Move, states: tuple[RunState, ...]
) -> None:
    run_id = leave_encoder(database, settings)
    move(run_id, *states)
    assert client.call(endpoints.PREVIEW_RUN_DELETION, run_id=run_id).blocked_by == [run_id]
    with pytest.raises(ApiError, match="stop it, then delete it"):
        client.call(endpoints.DELETE_RUN, run_id=run_id)
    assert client.call(endpoints.GET_RUN, run_id=run_id).state is (states[-1] if states else S.QUEUED)


def test_after_its_day_a_deleted_run_is_gone_from_disk_and_database(
    client: Client, trained: str, database: Database, settings: Settings
) -> None:
    client.call(endpoints.DELETE_RUN, run_id=trained)
    housekeeping(settings, database, later_h=UNDO_H - 0.1).purge()
    assert (settings.trash_dir / trained / "checkpoints").is_dir()
    housekeeping(settings, database, later_h=UNDO_H + 0.1).purge()
    assert not (settings.trash_dir / trained).exists()
    with pytest.raises(ApiError, match="after 24 hours"):
        client.call(endpoints.RESTORE_RUN, run_id=trained)
    with database.read() as session:
        tables = (MetricSetRow, MetricLineRow, EvaluationRow)
        counts = [session.scalar(select(func.count()).select_from(row)) for row in tables]
    assert counts == [0, 0, 0]
    assert client.call(endpoints.GET_DISK).deleted == []


def test_a_move_that_was_killed_half_way_is_made_up_for(
    client: Client, trained: str, database: Database, settings: Settings
) -> None:
    client.call(endpoints.DELETE_RUN, run_id=trained)
    (settings.trash_dir / trained).rename(settings.runs_dir / trained)  # as if it had never been moved
    assert client.call(endpoints.RESTORE_RUN, run_id=trained).id == trained
    assert client.call(endpoints.LIST_CHECKPOINTS, run_id=trained).steps == [0, 7]
    client.call(endpoints.DELETE_RUN, run_id=trained)
    (settings.trash_dir / trained).rename(settings.runs_dir / trained)
    housekeeping(settings, database, later_h=UNDO_H + 1).purge()
    assert not (settings.runs_dir / trained).exists()


def test_each_run_is_measured_and_the_sum_is_told(
    client: Client, trained: str, database: Database, settings: Settings
) -> None:
    other = leave_encoder(database, settings)
    assert client.call(endpoints.GET_DISK).unmeasured == 2
    for _ in range(2):
        housekeeping(settings, database).tick()
    sizes = {run.id: run.disk_bytes for run in client.call(endpoints.LIST_RUNS)}
    assert sizes == {run_id: folder_size(settings.runs_dir / run_id) for run_id in (trained, other)}
    disk = client.call(endpoints.GET_DISK)
    assert (disk.unmeasured, disk.runs_bytes, disk.deleted_bytes) == (0, sum(map(int, sizes.values())), 0)
    client.call(endpoints.DELETE_RUN, run_id=trained)
    disk = client.call(endpoints.GET_DISK)
    assert (disk.runs_bytes, disk.deleted_bytes) == (sizes[other], sizes[trained])


def test_pruning_keeps_last_and_best_and_says_before_what_goes(
    client: Client, trained: str, database: Database, settings: Settings
) -> None:
    checkpoints = RunDir(settings.runs_dir / trained).checkpoints
    write_json(checkpoints / "best", {"step": 0})
    (checkpoints / "step_00000007" / "optimizer.pt").write_bytes(b"x" * 2000)
    [found] = client.call(endpoints.PREVIEW_PRUNING).runs
    assert (found.id, found.checkpoints, found.bytes) == (trained, 0, 2000)
    write_json(checkpoints / "best", {"step": 7})
    whole = folder_size(checkpoints / "step_00000000")
    preview = client.call(endpoints.PREVIEW_PRUNING)
    assert [(run.checkpoints, run.bytes) for run in preview.runs] == [(1, whole + 2000)]
    assert preview.bytes == whole + 2000
    assert client.call(endpoints.PRUNE, body=PruneRequest(runs=[trained])) == preview
    assert client.call(endpoints.LIST_CHECKPOINTS, run_id=trained).steps == [7]
    assert client.call(endpoints.PREVIEW_PRUNING).runs == []
    assert client.call(endpoints.GET_RUN, run_id=trained).disk_bytes == folder_size(
        settings.runs_dir / trained
    )


def test_a_run_that_goes_on_or_is_stood_on_is_not_pruned(
    client: Client, trained: str, database: Database, settings: Settings
) -> None:
    waiting = leave_encoder(database, settings)
    with pytest.raises(ApiError, match=f"{waiting} is queued, or a job needs it"):
        client.call(endpoints.PRUNE, body=PruneRequest(runs=[trained, waiting]))
    assert client.call(endpoints.LIST_CHECKPOINTS, run_id=trained).steps == [0, 7]
    enqueue(database, settings.runs_dir, RunKind.PROBE, ProbeConfig(encoder=trained, dataset="sky"))
    assert client.call(endpoints.PREVIEW_PRUNING).runs == []


def test_the_shell_shows_what_goes_and_deletes_restores_and_prunes(
    client: Client,
    trained: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GALAXYSCOPE_HOME", str(settings.home))

    def shell(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["galaxyscope", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    assert shell("runs", "prune", "--yes") == 0
    assert client.call(endpoints.LIST_CHECKPOINTS, run_id=trained).steps == [7]
    assert shell("runs", "delete", trained, "--yes") == 0
    assert "1 checkpoint" in capsys.readouterr().out
    assert client.call(endpoints.LIST_RUNS) == []
    assert shell("runs", "restore", trained) == 0
    assert [run.id for run in client.call(endpoints.LIST_RUNS)] == [trained]
    assert shell("runs", "disk") == 0
    assert shell("runs", "delete", "no-such-run", "--yes") == 1


def test_a_deleted_row_is_found_by_those_who_ask_for_it(
    client: Client, trained: str, database: Database
) -> None:
    client.call(endpoints.DELETE_RUN, run_id=trained)
    with database.read() as session:
        assert session.get(RunRow, trained) is None
        assert session.scalar(select(func.count()).select_from(RunRow)) == 0
        assert session.scalars(select(RunRow.id)).all() == []
