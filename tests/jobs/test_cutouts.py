"""A job of cut-outs in real workers: killed in the middle and started again, stopped, and failed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.db.engine import open_database
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from shared.configs import CutoutsConfig
from shared.configs.kinds import RunKind
from tests.cutout_service import CutoutSite, cutout_service, table_text
from tests.homes import enqueue, new_home

N = 60


@pytest.fixture
def site() -> Iterator[CutoutSite]:
    with cutout_service(slow_s=0.1) as site:
        yield site


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "positions.csv").write_text(table_text(N))
    return new_home(tmp_path)


def queue_job(settings: Settings, tmp_path: Path, **values: Any) -> RunDir:
    config = {"path": str(tmp_path / "positions.csv"), "name": "cut", "survey": "legacy-dr10", "img_size": 32}
    database = open_database(settings.database_path)
    config_ = CutoutsConfig.model_validate(config | values)
    run_id = enqueue(database, settings.runs_dir, RunKind.CUTOUTS, config_, roots=(tmp_path,))
    database.close()
    return RunDir(settings.runs_dir / run_id)


def start(run_dir: RunDir, site: CutoutSite, attempt: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "backend.jobs.worker", str(run_dir.path), str(attempt)]
    environment = os.environ | {"GALAXYSCOPE_HIPS2FITS_URL": site.url}
    with run_dir.log.open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def wait_for(site: CutoutSite, requests: int, worker: subprocess.Popen[bytes]) -> None:
    while len(site.seen) < requests:
        assert worker.poll() is None
        time.sleep(0.02)


def test_a_killed_worker_asks_only_for_what_is_missing(
    settings: Settings, site: CutoutSite, tmp_path: Path
) -> None:
    run_dir = queue_job(settings, tmp_path)
    first = start(run_dir, site, 1)
    wait_for(site, 15, first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = {path.name.split("_")[0] for path in (settings.home / "cache").rglob("*.jpg")}
    asked = len(site.seen)
    assert 5 <= len(kept) < N
    assert start(run_dir, site, 2).wait() == 0
    result = run_dir.result(2)
    assert result is not None
    assert (result.outcome, result.step) == ("succeeded", N)
    again = [query["ra"] for query in site.queries[asked:]]
    assert set(again) & kept == set()
    assert len(again) == N - len(kept)
    assert max(Counter(query["ra"] for query in site.queries).values()) <= 2


def test_a_stopped_job_leaves_no_dataset_and_another_goes_on(
    settings: Settings, site: CutoutSite, tmp_path: Path
) -> None:
    run_dir = queue_job(settings, tmp_path)
    site.slow_s = 0.3
    worker = start(run_dir, site, 1)
    wait_for(site, 10, worker)
    while not ((beat := run_dir.heartbeat()) and beat.images_per_s):
        assert worker.poll() is None
        time.sleep(0.02)
    run_dir.request("stop")
    assert worker.wait() == 0
    result = run_dir.result(1)
    assert result is not None
    assert result.outcome == "cancelled"
    assert (beat.total_steps, (beat.eta_s or 0) > 0) == (N, True)
    assert list(settings.datasets_dir.iterdir()) == []
    kept, asked = len(list((settings.home / "cache").rglob("*.jpg"))), len(site.seen)
    other = queue_job(settings, tmp_path)
    assert start(other, site, 1).wait() == 0
    assert len(site.seen) - asked == N - kept


def test_a_job_of_a_broken_service_ends_with_one_sentence(
    settings: Settings, site: CutoutSite, tmp_path: Path
) -> None:
    site.every = "page"
    run_dir = queue_job(settings, tmp_path)
    assert start(run_dir, site, 1).wait() == 1
    result = run_dir.result(1)
    assert result is not None
    assert (result.outcome, "Service Unavailable" in (result.reason or "")) == ("failed", True)
    assert "Traceback" not in run_dir.log.read_text()
    assert list(settings.datasets_dir.iterdir()) == []


def test_every_galaxy_left_out_is_in_the_log(settings: Settings, site: CutoutSite, tmp_path: Path) -> None:
    site.acts = {12: ["404"], 14: ["empty"]}
    run_dir = queue_job(settings, tmp_path)
    assert start(run_dir, site, 1).wait() == 0
    log = run_dir.log.read_text()
    assert "1237648720693755920 at 12.250000 -28.500000: the service answered 404" in log
    assert "1237648720693755922 at 14.250000" in log
    result = run_dir.result(1)
    assert result is not None
    assert json.loads(json.dumps(result.produced))["dataset"]["skipped_count"] == 2
