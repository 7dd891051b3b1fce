"""Workers that do what a test tells them: real processes which hold real run directories by the RunWriter.

`python told_workers.py SOCKET` is a nursery: it has imported what a worker needs, and forks one for each line
of its standard input, which a worker thus costs milliseconds. A worker connects to the socket, and answers
each line of it with one of its own when it is done. `ToldWorkers` is the launcher on top.
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
"""Steps from one accuracy to the next."""


def values_at(attempt: int, step: int) -> dict[str, float]:
    """What an attempt logs at a step: no two attempts the same."""
    values = {"train/loss": attempt + step / 1000}
    return values | ({"acc": attempt - step / 1000} if step % ACC_EVERY == 0 else {})


@dataclass(eq=False)
class Told:
    """A worker as the test holds it: the end of its line, and what it was last told."""

    run_dir: RunDir
    attempt: int
    pid: int
    line: TextIO
    doing: Literal["wake", "work", "end"] = "wake"
    step: int = 0
    anew: bool = False
    """Whether it began without a checkpoint, and has logged nothing yet."""

    def tell(self, *words: Any) -> str:
        """Have it do something and wait until it is done; "" where it died of it."""
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
        """Until it is gone, with its lock."""
        while Path(f"/proc/{self.pid}").exists():
            time.sleep(0.0005)
        self.line.close()


class ToldWorkers:
    """A launcher that starts them. `launched` is every launch since it was cleared, in order; `killed` the
    pids of those that it killed."""

    def __init__(self, folder: Path) -> None:
        self.launched: list[Told] = []
        self.killed: set[int] = set()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(folder / "line"))
        self._server.listen()
        command = [sys.executable, __file__, str(folder / "line")]
        self._nursery = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)

    def launch(self, run_dir: RunDir, attempt: int, lane: Lane) -> None:  # noqa: ARG002
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(json.dumps([str(run_dir.path), attempt]) + "\n")
        self._nursery.stdin.flush()
        connection, _ = self._server.accept()
        line = connection.makefile("rw")
        connection.close()
        self.launched.append(Told(run_dir, attempt, int(line.readline()), line))

    def end(self, process: Process, *, kill: bool) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        if kill:
            self.killed.add(process.pid)

    def reap(self) -> None:
        """They are children of the nursery, which buries them."""

    def forget(self) -> None:
        self.launched.clear()
        self.killed.clear()

    def close(self) -> None:
        self._nursery.kill()
        self._nursery.wait()
        self._server.close()


class Worker:
    """The worker's own side. Its verbs return its answer, or leave the process."""

    def __init__(self, run_dir: RunDir, attempt: int) -> None:
        self.run_dir = run_dir
        self.writer = RunWriter(run_dir, attempt)
        self.step = 0

    def begin(self) -> str:
        """As a training does: from the last checkpoint, where there is one."""
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
        """Die in the middle of a line."""
        with self.run_dir.metrics.open("a") as file:
            file.write('{"step": 7, "values": {"train/lo')
        os.kill(os.getpid(), signal.SIGKILL)
        return "dead"

    def look(self) -> str:
        """Obey what is asked, as a training does."""
        asked = self.writer.request()
        if asked is not None:
            self.checkpoint()
        if asked in ("stop", "pause"):
            self.say("cancelled" if asked == "stop" else "paused")
            os._exit(0)
        return asked or "nothing"

    def say(self, outcome: Any) -> str:
        """Leave a result, and hold on to the run for a moment more."""
        self.writer.finish(Result(attempt=self.writer.attempt, outcome=outcome, step=self.step))
        return "said"

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
        said = line.readline()
        if not said:
            os._exit(0)
        verb, *words = json.loads(said)
        answer = getattr(worker, verb)(*words)


def main() -> None:
    run_writer.LOCK_PATIENCE_S = run_writer.REQUEST_INTERVAL_S = run_writer.HEARTBEAT_INTERVAL_S = 0.0
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for told in sys.stdin:
        run_path, attempt = json.loads(told)
        if os.fork() == 0:
            live(run_path, attempt, sys.argv[1])


if __name__ == "__main__":
    main()
