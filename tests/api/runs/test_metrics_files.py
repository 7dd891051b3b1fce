"""Metrics as files, and what is in them."""

import io
import json
import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from backend.cli import main
from backend.db.engine import Database
from backend.db.models import RunRow
from backend.jobs.ingest import ingest
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from tests.homes import enqueue

LINES = [
    {"step": 1, "epoch": 0.5, "time": 1000.25, "values": {"train/loss": 0.1 + 0.2}},
    {"step": 2, "epoch": 1.0, "time": 1001.5, "values": {"train/loss": 0.5, "val/loss": 0.75}},
    {"step": 3, "epoch": 1.5, "time": 1002.0, "values": {}, "nonfinite": {"train/loss": "nan"}},
]
ROWS = [
    {"key": "train/loss", "step": 1, "epoch": 0.5, "time": 1000.25, "value": 0.30000000000000004},
    {"key": "train/loss", "step": 2, "epoch": 1.0, "time": 1001.5, "value": 0.5},
    {"key": "train/loss", "step": 3, "epoch": 1.5, "time": 1002.0, "value": None},
    {"key": "val/loss", "step": 2, "epoch": 1.0, "time": 1001.5, "value": 0.75},
]


@pytest.fixture
def run_id(database: Database, settings: Settings, sky: Path) -> str:
    """A run with three lines of metrics."""
    run_id = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, PretrainConfig(dataset="sky"))
    run_dir = RunDir(settings.runs_dir / run_id)
    run_dir.metrics.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    with database.write() as session:
        ingest(session, session.get_one(RunRow, run_id), run_dir)
    return run_id


def test_both_files_hold_every_point_exactly(http: TestClient, run_id: str) -> None:
    answer = http.get(f"/runs/{run_id}/metrics.csv")
    assert answer.headers["content-disposition"].endswith(f"filename*=UTF-8''{run_id}.metrics.csv")
    assert pyarrow.csv.read_csv(io.BytesIO(answer.content)).to_pylist() == ROWS
    content = http.get(f"/runs/{run_id}/metrics.parquet").content
    assert pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist() == ROWS


def test_a_run_without_points_is_a_table_without_rows(
    http: TestClient, database: Database, settings: Settings, sky: Path
) -> None:
    waiting = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, PretrainConfig(dataset="sky"))
    assert http.get(f"/runs/{waiting}/metrics.csv").text == '"key","step","epoch","time","value"\n'


def test_an_unknown_run_and_an_unknown_format_are_refused(http: TestClient) -> None:
    assert http.get("/runs/no-such-run/metrics.csv").status_code == 404
    assert http.get("/runs/no-such-run/metrics.xlsx").status_code == 422


def test_the_shell_writes_the_same_file_and_refuses_other_endings(
    settings: Settings,
    run_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GALAXYSCOPE_HOME", str(settings.home))

    def shell(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["galaxyscope", "runs", "export", run_id, "--metrics", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    assert shell(str(tmp_path / "out.parquet")) == 0
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist() == ROWS
    assert shell(str(tmp_path / "out.xlsx")) == 1
    assert "out.xlsx" in capsys.readouterr().err
    assert shell(str(tmp_path / "nowhere" / "out.csv")) == 1
    assert "cannot be written" in capsys.readouterr().err
