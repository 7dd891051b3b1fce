"""A preflight as a real worker process: its figures, its end without memory, and what it leaves."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from backend.data.importers import simulate_dataset
from backend.data.store import GalaxyStore
from backend.jobs.run_dir import Result, RunDir, Spec
from shared.configs import PretrainConfig, SimulateConfig
from shared.contract.launching import PREFLIGHT_KEYS

Work = Callable[..., tuple[RunDir, Result]]
WORKSHOP = """
import os, sys
from backend.jobs import worker
from backend.jobs.tasks import pretraining
from backend.ml.runtime import memory

for line in sys.stdin:
    folder, free_bytes = line.split()
    child = os.fork()
    if child == 0:
        if int(free_bytes):
            memory.free_bytes = lambda device: int(free_bytes)
        sys.argv = ["worker", folder, "1"]
        worker.main()
    os.waitpid(child, 0)
    print("ended", flush=True)
"""
"""Workers of folders named on stdin, one after the other, each in a process of its own; torch is imported
once for all."""
SMALL = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 1, "num_heads": 1, "batch_size": 16}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "datasets").mkdir()
    for name, seed in (("sky", 0), ("other", 1)):
        config = SimulateConfig(name=name, n=120, img_size=32, seed=seed)
        simulate_dataset(config, folder / "datasets", name, lambda *_: None, lambda: False)
    return folder


@pytest.fixture(scope="module")
def workshop() -> Iterator[subprocess.Popen[str]]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([sys.executable, "-P", "-c", WORKSHOP], text=True, **pipes) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def work(home: Path, tmp_path: Path, workshop: subprocess.Popen[str]) -> Work:
    """Runs a worker to its end."""

    def run(kind: str, other: bool = False, free_bytes: int | None = None, **values: Any) -> Any:
        files = [f"datasets/{name}.h5" for name in ("sky", "other")]
        digests = [GalaxyStore.open(home / file).digest for file in files]
        run_dir = RunDir(home / "runs" / f"{tmp_path.name}-{kind}")
        config = PretrainConfig.model_validate({"dataset": "sky", "device": "cpu"} | SMALL | values)
        run_dir.create(
            Spec(
                run_id=run_dir.path.name,
                kind=kind,
                config=config.model_dump(),
                dataset_file=files[0],
                dataset_digest=digests[0],
                eval_dataset_file=files[1] if other else None,
                eval_dataset_digest=digests[1] if other else None,
            )
        )
        assert workshop.stdin is not None and workshop.stdout is not None
        workshop.stdin.write(f"{run_dir.path} {free_bytes or 0}\n")
        workshop.stdin.flush()
        said = list(takewhile(lambda line: line != "ended\n", workshop.stdout))
        result = run_dir.result(1)
        assert result is not None, "".join(said)
        return run_dir, result

    return run


def values(run_dir: RunDir) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in run_dir.metrics.read_text().splitlines():
        found |= json.loads(line).get("values", {})
    return found


def test_a_preflight_logs_its_measurements_at_step_0_and_leaves_no_weights(work: Work) -> None:
    run_dir, result = work("preflight", other=True)
    assert (result.outcome, result.reason) == ("succeeded", None)
    assert [json.loads(line)["step"] for line in run_dir.metrics.read_text().splitlines()] == [0]
    figures = values(run_dir)
    assert set(figures) == set(PREFLIGHT_KEYS)
    assert all(value > 0 for value in figures.values())
    assert figures["preflight/peak_memory_bytes"] < figures["preflight/free_memory_bytes"]
    assert result.images_per_s == pytest.approx(16 / figures["preflight/step_s"])
    assert not (run_dir.path / "trial").exists() and not run_dir.checkpoints.exists()


def test_a_model_that_does_not_fit_fails_and_suggests_a_smaller_batch(work: Work) -> None:
    _, result = work("preflight", free_bytes=60 * 2**20, embed_dim=1024, depth=4, num_heads=16)
    assert result.outcome == "failed"
    assert result.reason is not None and "62.9 MB" in result.reason
    assert result.suggestion == "set batch_size to 8"


def test_a_batch_larger_than_the_dataset_is_refused(work: Work) -> None:
    _, result = work("preflight", batch_size=2000)
    assert result.outcome == "failed"
    assert result.reason is not None and "batch_size 2000" in result.reason


def test_a_pretraining_is_evaluated_on_its_eval_dataset(work: Work, home: Path) -> None:
    run_dir, result = work("pretrain", other=True, epochs=1, warmup_epochs=0.5)
    assert (result.outcome, result.reason) == ("succeeded", None)
    meta = json.loads(next(run_dir.checkpoints.glob("step_*/meta.json")).read_text())
    with (
        GalaxyStore.open(home / "datasets" / "sky.h5") as sky,
        GalaxyStore.open(home / "datasets" / "other.h5") as other,
    ):
        assert (meta["dataset_digest"], meta["eval_dataset_digest"]) == (sky.digest, other.digest)
        assert meta["mean"] == sky.channel_mean.tolist()
