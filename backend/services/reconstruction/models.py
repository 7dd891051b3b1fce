"""A cache of trained models, on the CPU, so that a training keeps its GPU.

torch is loaded on first use.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cachetools import LRUCache, cachedmethod
from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import InvalidInputError
from backend.jobs.encoders import no_checkpoint
from backend.jobs.run_dir import RunDir
from backend.services.machine.status import usable_cores
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
class CheckpointRef:
    """A checkpoint of a run; `stamp` changes when its weights are rewritten."""

    run_id: str
    step: int
    stamp: str


class PriorityLock:
    """A lock; `patient` users let all others go first."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._taken = False
        self._urgent = 0
        self.waiting = 0
        """How many wait for it."""

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


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, and the lock of its users."""

    checkpoint: "Checkpoint"
    lock: PriorityLock

    @property
    def share(self) -> float:
        """Share of the cache: at most MAX_MODELS models, and MAX_BYTES of weights."""
        return min(max(1 / MAX_MODELS, self.checkpoint.weight_bytes / MAX_BYTES), 1.0)


class ModelCache:
    """Checkpoints of runs, loaded on first use."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._loaded: LRUCache[CheckpointRef, LoadedModel] = LRUCache(1.0, getsizeof=lambda one: one.share)
        self._loading: set[CheckpointRef] = set()
        self._condition = threading.Condition()

    def checkpoints(self, run_id: str) -> Checkpoints:
        """The checkpoints of a run, also while it trains."""
        from backend.ml.explore.loading import saved_steps

        steps, best = saved_steps(self._folder(run_id))
        steps_an_epoch = self._steps_an_epoch(run_id)
        with self._condition:
            loaded, loading = (
                {ref.step for ref in list(refs) if ref.run_id == run_id}
                for refs in (self._loaded, self._loading)
            )
        return Checkpoints(
            steps=steps,
            epochs=[round(step / steps_an_epoch, 3) if steps_an_epoch else 0.0 for step in steps],
            last=max(steps, default=None),
            best=best,
            loaded=[step for step in steps if step in loaded],
            loading=[step for step in steps if step in loading],
        )

    def pin(self, run_id: str, checkpoint: str) -> CheckpointRef:
        """The checkpoint that "last", "best" or a step is now; before there is a best one, it is the last.
        Raises NotFoundError, which lists the existing ones."""
        from backend.ml.explore.loading import saved_steps, stamp

        folder = self._folder(run_id)
        steps, best = saved_steps(folder)
        last = max(steps, default=None)
        named = {"last": last, "best": last if best is None else best}
        step = named[checkpoint] if checkpoint in named else int(checkpoint)
        if step is None or step not in steps:
            raise no_checkpoint(run_id, checkpoint, steps)
        try:
            return CheckpointRef(run_id, step, stamp(folder, step))
        except FileNotFoundError:
            raise no_checkpoint(run_id, checkpoint, [other for other in steps if other != step]) from None

    def get(self, ref: CheckpointRef) -> "Checkpoint":
        """The checkpoint, for its metadata; waits while another thread loads it."""
        return self._load(ref).checkpoint

    @contextmanager
    def use(self, ref: CheckpointRef, *, patient: bool = False) -> Iterator["Checkpoint"]:
        """The checkpoint for this thread alone, on a share of the cores; `patient` users let others go
        first."""
        from backend.ml.explore.loading import use_threads

        model = self._load(ref)
        with model.lock.take(patient=patient):
            use_threads(self._threads())
            yield model.checkpoint

    def finish(self, ref: CheckpointRef, steps: Iterator[T | None]) -> T:
        """Run work that yields None until its result; between steps, others may use the model."""
        result: T | None = None
        while result is None:
            with self.use(ref, patient=True):
                result = next(steps)
        return result

    @cachedmethod(lambda self: self._loaded, key=lambda _, ref: ref, condition=lambda self: self._condition)
    def _load(self, ref: CheckpointRef) -> LoadedModel:
        from backend.ml.explore.loading import load_checkpoint

        self._loading.add(ref)
        try:
            return LoadedModel(load_checkpoint(self._folder(ref.run_id), ref.step), PriorityLock())
        except FileNotFoundError:
            steps = self.checkpoints(ref.run_id).steps
            raise no_checkpoint(ref.run_id, str(ref.step), steps) from None
        finally:
            self._loading.discard(ref)

    def _folder(self, run_id: str) -> Path:
        """The checkpoints of a run. Raises NotFoundError, or InvalidInputError where it leaves no model."""
        with self._database.read() as session:
            kind = find_row(session, run_id).kind
        if not has_trait(kind, Trait.LEAVES_MODEL):
            detail = f"{run_id} is a job of kind {kind}, without a model; choose a training or imported model"
            raise InvalidInputError("no_model", detail, "run")
        return RunDir(self._settings.runs_dir / run_id).checkpoints

    def _steps_an_epoch(self, run_id: str) -> float | None:
        with self._database.read() as session:
            row = find_row(session, run_id)
            total, epochs = row.progress.get("total_steps"), row.config.get("epochs")
        return total / epochs if total and epochs else None

    def _threads(self) -> int:
        """Half of the cores, a quarter beside a job: on busy cores, small matrix products wait for threads
        that are not running (a ladder of D192 L6 took 3 s on two threads, 0.2 s on one)."""
        at_work = select(RunRow.id).where(
            RunRow.lane != Lane.NETWORK.value, RunRow.state.in_([state.value for state in HAS_WORKER])
        )
        with self._database.read() as session:
            busy = session.scalar(at_work.limit(1)) is not None
        return max(usable_cores() // (4 if busy else 2), 1)
