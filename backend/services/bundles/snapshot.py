"""The files of a run to export, also of an active run, whose files change meanwhile."""

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import EvaluationRow, RunRow
from backend.errors import InvalidInputError
from backend.files import read_json
from backend.jobs.encoders import META, WEIGHTS, saved_steps
from backend.jobs.run_dir import RunDir, Spec
from backend.services.bundles.layout import (
    EVALUATIONS,
    LAYOUT,
    LOG,
    MAX_LOG_BYTES,
    METRICS,
    ORIGIN,
    RESULT,
    SPEC,
    rule_of,
)
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.configs.kinds import Trait, has_trait
from shared.contract.bundles import CheckpointChoice, Origin, RunBundle

HEAD = "head.safetensors"
WEIGHT_FILES = (WEIGHTS, HEAD, META)
TAIL_BYTES = 1_000_000
"""More than the longest line of metrics."""


@dataclass
class Part:
    """One file: `size` bytes of content, of an open file, or from `start` of an immutable file."""

    name: str
    size: int
    source: bytes | BinaryIO | Path
    start: int = 0

    def open(self) -> BinaryIO:
        if isinstance(self.source, bytes):
            return BytesIO(self.source)
        if not isinstance(self.source, Path):
            return self.source
        file = self.source.open("rb")
        file.seek(self.start)
        return file


@dataclass
class Snapshot:
    """Files of a run, in the order of the zip; `held` keeps those open that may be replaced meanwhile."""

    parts: list[Part]
    held: ExitStack = field(default_factory=ExitStack)


def require_bundled(database: Database, run_id: str) -> RunRow:
    """The row of a run that can be exported. Raises NotFoundError, InvalidInputError."""
    with database.read() as session:
        row = find_row(session, run_id)
    if not has_trait(row.kind, Trait.BUNDLED):
        raise InvalidInputError(
            "not_bundled",
            f"{run_id} is a job of kind {row.kind}, which cannot be exported; choose a training, an imported "
            "model or a probe",
            "run",
        )
    return row


def chosen_steps(run_dir: RunDir, choice: CheckpointChoice) -> list[int]:
    """Steps of the chosen checkpoints, ascending."""
    steps = saved_steps(run_dir)
    if choice is CheckpointChoice.ALL:
        return steps
    kept = {max(steps, default=-1), run_dir.best_checkpoint()} if choice is CheckpointChoice.KEPT else set()
    return [step for step in steps if step in kept]


def take_snapshot(database: Database, settings: Settings, row: RunRow, choice: CheckpointChoice) -> Snapshot:
    """The files as they are now, with complete lines of metrics and complete checkpoints."""
    run_dir = RunDir(settings.runs_dir / row.id)
    snapshot = Snapshot([])
    with ExitStack() as held:
        steps = [step for step in chosen_steps(run_dir, choice) if _hold(snapshot, held, run_dir, step)]
        snapshot.held = held.pop_all()
    snapshot.parts += _pointers(run_dir, steps)
    evaluations = _evaluations(database, row.id)
    snapshot.parts += [
        _made(SPEC, _spec(run_dir)),
        _made(EVALUATIONS, [info for _, info in evaluations]),
        *_growing(run_dir),
        *(Part(_name(run_dir, path), path.stat().st_size, path) for path in fixed_files(run_dir)),
        *_predictions(run_dir, [name for name, _ in evaluations]),
    ]
    return snapshot


def _hold(snapshot: Snapshot, held: ExitStack, run_dir: RunDir, step: int) -> bool:
    """Open the files of a checkpoint; False if it was just removed."""
    folder = run_dir.checkpoints / f"step_{step:08d}"
    parts = []
    for path in (folder / name for name in WEIGHT_FILES):
        try:
            file = held.enter_context(path.open("rb"))
        except FileNotFoundError:
            if path.name == HEAD:
                continue
            return False
        parts.append(Part(_name(run_dir, path), os.fstat(file.fileno()).st_size, file))
    snapshot.parts += parts
    return True


def _pointers(run_dir: RunDir, steps: list[int]) -> list[Part]:
    pointers = [("last", max(steps, default=-1)), ("best", run_dir.best_checkpoint())]
    return [_made(f"checkpoints/{name}", {"step": step}) for name, step in pointers if step in steps]


def _spec(run_dir: RunDir) -> dict[str, object]:
    """The spec without paths of this machine."""
    spec = Spec.model_validate(read_json(run_dir.path / SPEC))
    return spec.model_copy(update={"roots": []}).model_dump(mode="json")


def _growing(run_dir: RunDir) -> list[Part]:
    """Metrics up to the last complete line, and the log, of a long one the end."""
    parts = []
    if run_dir.metrics.is_file():
        parts.append(Part(METRICS, whole_lines(run_dir.metrics), run_dir.metrics))
    if run_dir.log.is_file():
        end = run_dir.log.stat().st_size
        start = max(0, end - MAX_LOG_BYTES)
        parts.append(Part(LOG, end - start, run_dir.log, start))
    return parts


def whole_lines(path: Path) -> int:
    """Bytes up to the end of the last complete line."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - TAIL_BYTES)
        file.seek(start)
        return start + file.read(size - start).rfind(b"\n") + 1


def fixed_files(run_dir: RunDir) -> list[Path]:
    """Files that never change once written."""
    named = [run_dir.path / RESULT, run_dir.path / LAYOUT]
    found = [*named, *sorted(run_dir.samples.glob("step_*.png"))]
    return [path for path in found if path.is_file() and rule_of(_name(run_dir, path))]


def _predictions(run_dir: RunDir, evaluations: list[str]) -> list[Part]:
    paths = [run_dir.evaluations / f"{name}.npz" for name in evaluations]
    return [Part(_name(run_dir, path), path.stat().st_size, path) for path in paths if path.is_file()]


def _evaluations(database: Database, run_id: str) -> list[tuple[str, dict[str, object]]]:
    query = select(EvaluationRow).where(EvaluationRow.run_id == run_id).order_by(EvaluationRow.id)
    with database.read() as session:
        return [(row.id, row.info) for row in session.scalars(query)]


def _name(run_dir: RunDir, path: Path) -> str:
    return path.relative_to(run_dir.path).as_posix()


def _made(name: str, value: object) -> Part:
    content = json.dumps(value, allow_nan=False, indent=1).encode()
    return Part(name, len(content), content)


def describe_bundle(database: Database, settings: Settings, run_id: str) -> RunBundle:
    """What can be exported of a run. Raises NotFoundError, InvalidInputError."""
    require_bundled(database, run_id)
    run_dir = RunDir(settings.runs_dir / run_id)
    steps = {choice: chosen_steps(run_dir, choice) for choice in CheckpointChoice}
    files = [*fixed_files(run_dir), *run_dir.evaluations.glob("*.npz"), run_dir.metrics, run_dir.log]
    rest = sum(path.stat().st_size for path in files if path.is_file())
    sizes = {
        choice: rest + sum(_step_bytes(run_dir, step) for step in found) for choice, found in steps.items()
    }
    held = read_json(run_dir.path / ORIGIN)
    return RunBundle(bytes=sizes, steps=steps, origin=Origin.model_validate(held) if held else None)


def _step_bytes(run_dir: RunDir, step: int) -> int:
    folder = run_dir.checkpoints / f"step_{step:08d}"
    return sum(path.stat().st_size for name in WEIGHT_FILES if (path := folder / name).is_file())
