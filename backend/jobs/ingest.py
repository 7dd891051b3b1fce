"""From metrics.jsonl to rows, each line exactly once.

The rows of a read and the byte offset after it are stored in one transaction, so a killed supervisor
continues where its last transaction ended. A line {"event": "resumed", "from_step": s} deletes the rows after
s, which will be written again. A worker that restarts without a checkpoint writes −1.
"""

import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from backend.db.models import RunRow
from backend.db.points import Line, latest_values, take_back, write_lines
from backend.jobs.queue import add_event
from backend.jobs.run_dir import RunDir
from shared.base.states import RunState

log = logging.getLogger("galaxyscope.ingest")

BLOCK_BYTES = 4_000_000
"""Limit of one transaction, so that none holds the database for long."""


@dataclass
class Block:
    """The result of one read: lines by keys and step, and where the next read starts."""

    offset: int
    lines: dict[tuple[Any, ...], Line] = field(default_factory=dict)
    resumed_from: int | None = None

    def add(self, line: dict[str, Any]) -> None:
        if line.get("event") == "resumed":
            self._resume(int(line["from_step"]))
        elif "values" in line:
            values = line["values"] | dict.fromkeys(line.get("nonfinite", {}))
            added = Line(int(line["step"]), float(line["epoch"]), float(line["time"]), values)
            at = (*values, added.step)
            self.lines.pop(at, None)  # moved to the end
            self.lines[at] = added

    def _resume(self, step: int) -> None:
        self.lines = {at: line for at, line in self.lines.items() if line.step <= step}
        self.resumed_from = step if self.resumed_from is None else min(step, self.resumed_from)


def ingest(session: Session, run: RunRow, run_dir: RunDir) -> bool:
    """Store the next block of the run's metrics; False if there was none. `run` belongs to `session`, whose
    transaction the caller commits."""
    block = read_block(run_dir, run.ingest_offset)
    if block.offset == run.ingest_offset:
        return False
    if block.resumed_from is not None:
        _take_back(session, run, block.resumed_from)
    if block.lines:
        write_lines(session, run.id, block.lines.values())
        _summarise(run, block.lines.values())
    run.ingest_offset = block.offset
    return True


def has_new_metrics(run: RunRow, run_dir: RunDir) -> bool:
    """Whether there are new metrics, without a transaction."""
    try:
        return run_dir.metrics.stat().st_size != run.ingest_offset
    except FileNotFoundError:
        return False


def read_block(run_dir: RunDir, offset: int) -> Block:
    """Complete lines from `offset`, at most BLOCK_BYTES (but at least one line).

    A file shorter than `offset` was truncated by a loss of power. It is read again from its start, which is
    harmless because each point replaces itself.
    """
    block = Block(offset)
    try:
        file = run_dir.metrics.open("rb")
    except FileNotFoundError:
        return block
    with file:
        if os.fstat(file.fileno()).st_size < offset:
            block.offset = 0
        file.seek(block.offset)
        for raw in file.readlines(BLOCK_BYTES):
            if not raw.endswith(b"\n"):
                break
            block.offset += len(raw)
            try:
                block.add(json.loads(raw))
            except (ValueError, TypeError, KeyError, AttributeError):
                log.warning("%s: skipped a line that is not a metric: %.80r", run_dir.metrics, raw)
    return block


def _take_back(session: Session, run: RunRow, step: int) -> None:
    take_back(session, run.id, step)
    run.latest_metrics = latest_values(session, run.id)
    run.initial_metrics = run.initial_metrics if step >= 0 else {}
    run.resets += 1
    state = RunState(run.state)
    note = f"resumed from step {step}" if step >= 0 else "restarted from scratch: no checkpoint found"
    add_event(session, run.id, state, state, note)


def _summarise(run: RunRow, lines: Iterable[Line]) -> None:
    latest, initial = dict(run.latest_metrics), dict(run.initial_metrics)
    for line in sorted(lines, key=lambda line: line.step):
        latest |= line.values
        if line.step == 0:
            initial |= line.values
    run.latest_metrics, run.initial_metrics = latest, initial
