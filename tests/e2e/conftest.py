"""Real processes on a real home: the dashboard, its supervisor and its workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from backend.jobs.run_dir import RunDir, process_exists
from shared.contract.endpoints import API

POLL_S = 0.2
PATIENCE_S = 240.0
"""Nothing takes this long, on however slow a machine."""
TINY = {
    "img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 1, "num_heads": 1, "decoder_embed_dim": 32,
    "decoder_depth": 1, "decoder_num_heads": 1, "batch_size": 16, "warmup_epochs": 1, "online_probe": "off",
    "sample_count": 2,
}  # fmt: skip
"""A model so small that a step takes milliseconds."""


@dataclass
class Dashboard:
    """One home and its processes. `start` can be called again after a kill."""

    home: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    http: httpx2.Client = field(default_factory=lambda: httpx2.Client(trust_env=False, timeout=PATIENCE_S))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{API}"

    def start(self) -> None:
        command = [sys.executable, "-m", "backend.cli", "up", "--port", str(self.port)]
        environment = os.environ | {
            "GALAXYSCOPE_HOME": str(self.home),
            "GALAXYSCOPE_DATA_ROOTS": "/",
            "OMP_NUM_THREADS": "1",  # a model this small only loses by threads that wait for each other
        }
        log = (self.home / "up.log").open("ab")
        self.processes.append(
            subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        )
        wait_until(self.is_healthy, "the dashboard to come up")

    def is_healthy(self) -> bool:
        try:
            return self.get("/health")["supervisor_alive"]
        except httpx2.HTTPError:
            return False

    def get(self, path: str) -> Any:
        answer = self.http.get(self.url + path)
        return answer.raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(self.url + path, json=body)
        return answer.raise_for_status().json()

    def launch(self, **config: Any) -> str:
        request = {"kind": "pretrain", "config": TINY | {"dataset": "tiny"} | config}
        return str(self.post("/runs", request)["id"])

    def wait_for(self, run_id: str, *states: str) -> dict[str, Any]:
        def there() -> bool:
            return self.get(f"/runs/{run_id}")["state"] in states

        wait_until(there, f"{run_id} to be {' or '.join(states)}", lambda: self.story(run_id))
        return self.get(f"/runs/{run_id}")

    def wait_for_step(self, run_id: str, step: int) -> None:
        def there() -> bool:
            return max(self.steps(run_id), default=-1) >= step

        wait_until(there, f"{run_id} to reach step {step}", lambda: self.story(run_id))

    def steps(self, run_id: str, key: str = "train/loss") -> list[int]:
        """Steps of a curve."""
        series = self.get(f"/runs/{run_id}/metrics?max_points=100000&keys={key}")["series"]
        return series[key]["step"] if key in series else []

    def story(self, run_id: str) -> str:
        events = [(event["to_state"], event["reason"]) for event in self.get(f"/runs/{run_id}/events")]
        return f"{events}\n" + "\n".join(self.get(f"/runs/{run_id}/log?lines=30")["lines"])

    def moves(self, run_id: str) -> list[str]:
        """The states of a run, in order."""
        events = self.get(f"/runs/{run_id}/events")
        return [event["to_state"] for event in events if event["from_state"] != event["to_state"]]

    def worker(self, run_id: str) -> psutil.Process | None:
        """The worker of a run, None once it has exited."""
        process = RunDir(self.home / "runs" / run_id).process()
        return psutil.Process(process.pid) if process is not None and process_exists(process) else None

    def supervisor(self) -> psutil.Process:
        [child] = [
            child
            for child in psutil.Process(self.processes[-1].pid).children()
            if "supervisor" in child.cmdline()
        ]
        return child

    def kill_web(self) -> None:
        self.processes[-1].kill()
        self.processes[-1].wait()

    def close(self) -> None:
        self.http.close()
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=PATIENCE_S)
        for process_file in self.home.glob("runs/*/process.json"):
            worker = self.worker(process_file.parent.name)
            if worker is not None:
                worker.kill()


def wait_until(condition: Callable[[], bool], what: str, story: Callable[[], str] = lambda: "") -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE_S} s for {what}\n{story()}")
        time.sleep(POLL_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A running dashboard with a small simulated dataset, `tiny`; every test leaves it running and idle."""
    board = Dashboard(tmp_path_factory.mktemp("home"), free_port())
    board.start()
    config = {"name": "tiny", "n": 200, "img_size": 32}
    made = board.post("/runs", {"kind": "simulate", "config": config})
    board.wait_for(made["id"], "succeeded")
    yield board
    board.close()
