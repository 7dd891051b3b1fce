"""Trained models in memory, to look into: a few at a time, on the CPU, so that a training keeps its GPU.

torch is loaded on first use.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import GalaxyscopeError, InvalidInputError, NotFoundError
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.base.states import HAS_WORKER
from shared.configs.kinds import Lane, Trait, has_trait
from shared.contract.reconstruction import Checkpoints

if TYPE_CHECKING:
    from backend.ml.explore.loading import Checkpoint

T = TypeVar("T")
MAX_MODELS = 4
MAX_BYTES = 2 * 2**30
"""Of all weights in memory; the newest model is kept whatever its size."""


@dataclass(frozen=True)
class Pinned:
    """One checkpoint of a run, at a step; `stamp` changes when its weights are written anew."""

    run_id: str
    step: int
    stamp: str


class Turns:
    """One user at a time; whoever asks patiently lets all others go first."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._taken = False
        self._urgent = 0
        self.waiting = 0
        """How many wait for their turn."""

    @contextmanager
    def take(self, *, patient: bool = False) -> Iterator[None]:
        with self._change:
            self._urgent += not patient
            self.waiting += 1
            self._change.wait_for(lambda: not self._taken and not (patient and self._urgent))
            self._urgent -= not patient
            self.waiting -= 1
            self._taken = True
        try:
            yield
        finally:
            with self._change:
                self._taken = False
                self._change.notify_all()


@dataclass
class Entry:
    """One model of the cache; None while it is being read."""

    checkpoint: "Checkpoint | None" = None
    reading: threading.Lock = field(default_factory=threading.Lock)
    turns: Turns = field(default_factory=Turns)


class ModelCache:
    """Checkpoints of runs, loaded on first use and let go when unused longest."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._lock = threading.Lock()
        self._entries: OrderedDict[Pinned, Entry] = OrderedDict()

    def checkpoints(self, run_id: str) -> Checkpoints:
        """What can be viewed of a run, also while it trains."""
        from backend.ml.explore.loading import saved_steps

        steps, best = saved_steps(self._folder(run_id))
        steps_an_epoch = self._steps_an_epoch(run_id)
        with self._lock:
            here = {pinned.step: entry for pinned, entry in self._entries.items() if pinned.run_id == run_id}
        return Checkpoints(
            steps=steps,
            epochs=[round(step / steps_an_epoch, 3) if steps_an_epoch else 0.0 for step in steps],
            last=max(steps, default=None),
            best=best,
            loaded=[step for step in steps if step in here and here[step].checkpoint is not None],
            loading=[step for step in steps if step in here and here[step].checkpoint is None],
        )

    def pin(self, run_id: str, checkpoint: str) -> Pinned:
        """The checkpoint that "last", "best" or a step means now. Raises NotFoundError, naming those that
        exist."""
        from backend.ml.explore.loading import saved_steps, stamp

        folder = self._folder(run_id)
        steps, best = saved_steps(folder)
        named = {"last": max(steps, default=None), "best": best}
        step = named[checkpoint] if checkpoint in named else int(checkpoint)
        if step is None or step not in steps:
            raise _no_checkpoint(run_id, checkpoint, steps)
        try:
            return Pinned(run_id, step, stamp(folder, step))
        except FileNotFoundError:
            raise _no_checkpoint(run_id, checkpoint, [other for other in steps if other != step]) from None

    def get(self, pinned: Pinned) -> "Checkpoint":
        """The checkpoint, to ask what it is; whoever comes while it is being read waits for it."""
        return self._read(pinned)[0]

    @contextmanager
    def use(self, pinned: Pinned, *, patient: bool = False) -> Iterator["Checkpoint"]:
        """The checkpoint for this thread alone, computing on the cores that others leave; who is
        `patient` lets others go first."""
        from backend.ml.explore.loading import use_threads

        checkpoint, turns = self._read(pinned)
        with turns.take(patient=patient):
            use_threads(self._threads())
            yield checkpoint

    def finish(self, pinned: Pinned, steps: Iterator[T | None]) -> T:
        """What work ends with that yields None on the way; each step is a turn that lets others go first."""
        result: T | None = None
        while result is None:
            with self.use(pinned, patient=True):
                result = next(steps)
        return result

    def _read(self, pinned: Pinned) -> "tuple[Checkpoint, Turns]":
        with self._lock:
            entry = self._entries.setdefault(pinned, Entry())
            self._entries.move_to_end(pinned)
        with entry.reading:
            if entry.checkpoint is None:
                try:
                    entry.checkpoint = self._load(pinned)
                except GalaxyscopeError:
                    with self._lock:
                        self._entries.pop(pinned, None)
                    raise
        self._let_go()
        return entry.checkpoint, entry.turns

    def _load(self, pinned: Pinned) -> "Checkpoint":
        from backend.ml.explore.loading import load_checkpoint

        try:
            return load_checkpoint(self._folder(pinned.run_id), pinned.step)
        except FileNotFoundError:
            steps = self.checkpoints(pinned.run_id).steps
            raise _no_checkpoint(pinned.run_id, str(pinned.step), steps) from None

    def _let_go(self) -> None:
        """Drop what was unused longest until the rest is within bounds; who computes with it still has it."""
        with self._lock:
            sizes = {
                pinned: entry.checkpoint.weight_bytes
                for pinned, entry in self._entries.items()
                if entry.checkpoint is not None
            }
            for pinned in list(sizes)[:-1]:
                if len(sizes) <= MAX_MODELS and sum(sizes.values()) <= MAX_BYTES:
                    return
                del sizes[pinned], self._entries[pinned]

    def _folder(self, run_id: str) -> Path:
        """Where the checkpoints of a run that leaves a model are. Raises NotFoundError, InvalidInputError."""
        with self._database.read() as session:
            kind = find_row(session, run_id).kind
        if not has_trait(kind, Trait.LEAVES_MODEL):
            raise InvalidInputError(
                "no_model",
                f"{run_id} is a job of kind {kind}, which has no model; choose a training or imported model",
                "run",
            )
        return RunDir(self._settings.runs_dir / run_id).checkpoints

    def _steps_an_epoch(self, run_id: str) -> float | None:
        with self._database.read() as session:
            row = find_row(session, run_id)
            total, epochs = row.progress.get("total_steps"), row.config.get("epochs")
        return total / epochs if total and epochs else None

    def _threads(self) -> int:
        """Half of the cores, a quarter beside a job: where cores are short, each small product of matrices
        waits for a thread that does not run (a ladder of D192 L6 took 3 s on two threads, 0.2 s on one)."""
        from backend.ml.explore.loading import usable_cores

        at_work = select(RunRow.id).where(
            RunRow.lane != Lane.NETWORK.value, RunRow.state.in_([state.value for state in HAS_WORKER])
        )
        with self._database.read() as session:
            busy = session.scalar(at_work.limit(1)) is not None
        return max(usable_cores() // (4 if busy else 2), 1)


def _no_checkpoint(run_id: str, wanted: str, steps: list[int]) -> NotFoundError:
    known = f"there are: {', '.join(map(str, steps))}" if steps else "none is written yet, wait for the first"
    return NotFoundError(
        "checkpoint_not_found", f"{run_id} has no checkpoint {wanted} any more or yet; {known}", "checkpoint"
    )
