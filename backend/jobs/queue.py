"""Queuing a run: its directory first, then its row, so that a claimed run always has a spec."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import DatasetRow, RunRow
from backend.errors import NotFoundError
from backend.jobs.lanes import last_rank
from backend.jobs.run_dir import EncoderSource, RunDir, Spec
from backend.jobs.state import add_event
from shared.base.states import RunState
from shared.configs import Config
from shared.configs.kinds import JOB_KINDS, RunKind, Trait, has_trait


def dataset_name_of(kind: RunKind, config: Config) -> str | None:
    """The dataset that a config makes or uses."""
    return getattr(config, "name" if has_trait(kind, Trait.MAKES_DATASET) else "dataset", None)


@dataclass(frozen=True)
class ReadyRun:
    """A run ready to be queued: its full config, its encoder, and the folders it may read besides the
    home."""

    kind: RunKind
    config: Config
    encoder: EncoderSource | None = None
    roots: tuple[Path, ...] = ()


def enqueue(
    session: Session,
    runs_dir: Path,
    ready: ReadyRun,
    *,
    name: str | None = None,
    preset: str | None = None,
    parent_id: str | None = None,
) -> str:
    """Queue a run within the caller's transaction and return its id. Raises NotFoundError if its dataset or
    parent does not exist."""
    if parent_id is not None and session.get(RunRow, parent_id) is None:
        raise NotFoundError("run_not_found", f"there is no run {parent_id} to continue from", "parent_id")
    config, job_kind = ready.config, JOB_KINDS[ready.kind]
    dataset = _dataset_row(session, getattr(config, "dataset", None), "dataset")
    eval_dataset = _dataset_row(session, getattr(config, "eval_dataset", None), "eval_dataset")
    run_dir = _free_run_dir(runs_dir)
    spec = Spec(
        run_id=run_dir.path.name,
        kind=ready.kind,
        config=config.model_dump(mode="json"),
        dataset_file=f"datasets/{dataset.file}" if dataset else None,
        dataset_digest=dataset.digest if dataset else None,
        eval_dataset_file=f"datasets/{eval_dataset.file}" if eval_dataset else None,
        eval_dataset_digest=eval_dataset.digest if eval_dataset else None,
        roots=[str(root) for root in ready.roots],
        encoder=ready.encoder,
    )
    run_dir.create(spec)
    now = datetime.now(UTC)
    row = RunRow(
        id=spec.run_id,
        kind=ready.kind.value,
        lane=job_kind.lane.value,
        state=RunState.QUEUED.value,
        state_changed_at=now,
        dataset=dataset_name_of(ready.kind, config),
        dataset_digest=spec.dataset_digest,
        eval_dataset_digest=spec.eval_dataset_digest or spec.dataset_digest,
        config=spec.config,
        queue_rank=last_rank(session, job_kind.lane),
        created_at=now,
        name=name,
        preset=preset,
        parent_id=parent_id,
    )
    session.add(row)
    session.flush()
    add_event(session, spec.run_id, None, RunState.QUEUED, None)
    return spec.run_id


def _dataset_row(session: Session, name: str | None, field: str) -> DatasetRow | None:
    if name is None:
        return None
    row = session.get(DatasetRow, name)
    if row is None:
        known = ", ".join(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name))) or "none yet"
        raise NotFoundError("dataset_not_found", f"there is no dataset {name}; there are: {known}", field)
    return row


def _free_run_dir(runs_dir: Path) -> RunDir:
    while True:
        run_dir = RunDir(runs_dir / make_run_id())
        if not run_dir.path.exists():
            return run_dir


ADJECTIVES = """
amber ancient barred bright calm cold dark deep dim distant dusty early faint far flat gentle golden
grand hidden inner irregular late lone lucid misty nearby nested noble outer pale patient quiet
remote round silent silver slow soft spun stellar still subtle swift tilted twin vast veiled warm
wide young
""".split()
NOUNS = """
arc arm bulge cluster core corona disc dust dwarf ellipse field filament flare giant group halo
horizon jet knot lens light lobe mass merger nebula node orbit plane plume pulsar quasar ridge ring
shell sky spiral star stream tail tide torus transit void wave
""".split()


def make_run_id() -> str:
    """A name such as quiet-spiral-4127."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{secrets.randbelow(9000) + 1000}"
