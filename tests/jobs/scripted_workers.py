"""Workers that follow the commands of a test: real processes that hold real run directories with a RunWriter.

`python scripted_workers.py SOCKET` imports what a worker needs, then forks a worker for each line of its
standard input, which takes milliseconds. A worker connects to the socket, and answers each line with one of
its own when the command is done. `ScriptedLauncher` is the launcher that uses it.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from backend.files import write_json
from backend.jobs import run_writer
from backend.jobs.run_dir import Process, Result, RunDir
from backend.jobs.run_writer import GivenUpError, RunBusyError, RunWriter
from shared.configs.kinds import Lane

ACC_EVERY = 3
"""Steps between two accuracies."""


def values_at(attempt: int, step: int) -> dict[str, float]:
    """The values that an attempt logs at a step, different for each attempt."""
    values = {"train/loss": attempt + step / 1000}
    return values | ({"acc": attempt - step / 1000} if step % ACC_EVERY == 0 else {})


@dataclass(eq=False)
class ScriptedWorker:
    """A worker as the test sees it: the connection to it, and its current activity."""

    run_dir: RunDir
    attempt: int
    pid: int
    line: TextIO
    doing: Literal["wake", "work", "end"] = "wake"
    step: int = 0
    restarts: bool = False
    """Whether it started without a checkpoint and has logged nothing yet."""

    def tell(self, *words: Any) -> str:
        """Send a command and wait until it is done; returns "" if the worker died of it."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.line.write(json.dumps(words) + "\n")
            self.line.flush()
            return self.line.readline().strip()
        return ""

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
        if number is signal.SIGKILL:
            self.wait()

    def wait(self) -> None:
        """Wait until the process has exited, which releases its lock."""
        while Path(f"/proc/{self.pid}").exists():
            time.sleep(0.0005)
        self.line.close()


class ScriptedLauncher:
    """Launches scripted workers. `launched` has every launch in order since it was cleared, `killed` the pids
    of killed workers."""

    def __init__(self, folder: Path) -> None:
        self.launched: list[ScriptedWorker] = []
        self.killed: set[int] = set()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(folder / "line"))
        self._server.listen()
        command = [sys.executable, __file__, str(folder / "line")]
        self._forker = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)

    def launch(self, run_dir: RunDir, attempt: int, lane: Lane) -> None:  # noqa: ARG002
        assert self._forker.stdin is not None
        self._forker.stdin.write(json.dumps([str(run_dir.path), attempt]) + "\n")
        self._forker.stdin.flush()
        connection, _ = self._server.accept()
        line = connection.makefile("rw")
        connection.close()
        self.launched.append(ScriptedWorker(run_dir, attempt, int(line.readline()), line))

    def end(self, process: Process, *, kill: bool) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        if kill:
            self.killed.add(process.pid)

    def reap(self) -> None:
        """Not needed: the workers are children of the forking process."""

    def forget(self) -> None:
        self.launched.clear()
        self.killed.clear()

    def close(self) -> None:
        self._forker.kill()
        self._forker.wait()
        self._server.close()


class Worker:
    """The process of the worker. Its commands return an answer or exit."""

    def __init__(self, run_dir: RunDir, attempt: int) -> None:
        self.run_dir = run_dir
        self.writer = RunWriter(run_dir, attempt)
        self.step = 0

    def begin(self) -> str:
        """Start like a training, from the last checkpoint if there is one."""
        try:
            self.writer.__enter__()
        except (RunBusyError, GivenUpError):
            os._exit(1)
        if self.run_dir.last_checkpoint() >= 0:
            self.step = self.run_dir.last_checkpoint()
            self.writer.note("resumed", from_step=self.step)
        self.writer.heartbeat(step=self.step)
        return str(self.step)

    def log(self, steps: int) -> str:
        for _ in range(steps):
            self.step += 1
            self.writer.log(self.step, self.step / 10, values_at(self.writer.attempt, self.step))
        self.writer.heartbeat(step=self.step, total_steps=100)
        return str(self.step)

    def checkpoint(self) -> str:
        self.run_dir.checkpoints.mkdir(exist_ok=True)
        write_json(self.run_dir.checkpoints / "last", {"step": self.step})
        return str(self.step)

    def tear(self) -> str:
        """Be killed in the middle of a line."""
        with self.run_dir.metrics.open("a") as file:
            file.write('{"step": 7, "values": {"train/lo')
        os.kill(os.getpid(), signal.SIGKILL)
        return "dead"

    def handle_request(self) -> str:
        """Handle a request like a training."""
        request = self.writer.request()
        if request is not None:
            self.checkpoint()
        if request in ("stop", "pause"):
            self.finish("cancelled" if request == "stop" else "paused")
            os._exit(0)
        return request or "nothing"

    def finish(self, outcome: Any) -> str:
        """Write a result, and keep running."""
        self.writer.finish(Result(attempt=self.writer.attempt, outcome=outcome, step=self.step))
        return "finished"

    def leave(self) -> str:
        os._exit(0)


def live(run_path: str, attempt: int, address: str) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(Path(run_path) / "log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT), 1)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    line = connection.makefile("rw")
    worker = Worker(RunDir(Path(run_path)), attempt)
    answer = str(os.getpid())
    while True:
        line.write(answer + "\n")
        line.flush()
        command = line.readline()
        if not command:
            os._exit(0)
        verb, *words = json.loads(command)
        answer = getattr(worker, verb)(*words)


def main() -> None:
    run_writer.LOCK_PATIENCE_S = run_writer.REQUEST_INTERVAL_S = run_writer.HEARTBEAT_INTERVAL_S = 0.0
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        run_path, attempt = json.loads(line)
        if os.fork() == 0:
            live(run_path, attempt, sys.argv[1])


if __name__ == "__main__":
    main()
