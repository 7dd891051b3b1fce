"""The queue: a run enters it, moves in its lane, and changes its state here and nowhere else.

A run enters with its directory first, then its row, so that a claimed run always has a spec. It has a rank in
its lane from then on. Moving a run exchanges ranks among the waiting runs only: paused and active runs keep
theirs, so a run that returns to the queue returns to its place.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from backend.db.models import DatasetRow, PausedLaneRow, RunEventRow, RunRow
from backend.errors import NotFoundError
from backend.jobs.run_dir import EncoderSource, RunDir, Spec
from shared.base.states import HAS_WORKER, TERMINAL, TRANSITIONS, RunState
from shared.configs import Config
from shared.configs.kinds import JOB_KINDS, Lane, RunKind, Trait, has_trait
from shared.contract.launching import Direction


def dataset_name_of(kind: RunKind, config: Config) -> str | None:
    """The dataset that a config makes or uses."""
    return getattr(config, "name" if has_trait(kind, Trait.MAKES_DATASET) else "dataset", None)


@dataclass(frozen=True)
class ReadyRun:
    """A run ready to be queued: full config, encoder, and the folders it may read besides the home."""

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


def waiting(lane: Lane) -> Select[RunRow]:
    """The waiting runs of a lane, next first."""
    queued = select(RunRow).where(RunRow.lane == lane.value, RunRow.state == RunState.QUEUED.value)
    return queued.order_by(RunRow.queue_rank, RunRow.created_at, RunRow.id)


def at_work(session: Session, lane: Lane) -> RunRow | None:
    """The run that occupies a lane, if any."""
    return session.scalar(
        select(RunRow).where(RunRow.lane == lane.value, RunRow.state.in_(HAS_WORKER)).limit(1)
    )


def last_rank(session: Session, lane: Lane) -> int:
    """The rank of a run queued now."""
    return (session.scalar(select(func.max(RunRow.queue_rank)).where(RunRow.lane == lane.value)) or 0) + 1


def move(session: Session, run: RunRow, to: Direction) -> None:
    """Move a waiting run within its lane; has no effect beyond either end."""
    runs = list(session.scalars(waiting(Lane(run.lane))))
    ranks = [one.queue_rank for one in runs]
    place = next(index for index, one in enumerate(runs) if one.id == run.id)
    new_place = {Direction.UP: max(place - 1, 0), Direction.DOWN: place + 1, Direction.TOP: 0}[to]
    runs.insert(new_place, runs.pop(place))
    for run, rank in zip(runs, ranks, strict=True):
        if run.queue_rank != rank:
            session.execute(update(RunRow).where(RunRow.id == run.id).values(queue_rank=rank))


def paused_at(session: Session, lane: Lane) -> datetime | None:
    """When a lane was paused; None if it is not."""
    row = session.get(PausedLaneRow, lane.value)
    return row.paused_at if row else None


def pause(session: Session, lane: Lane) -> None:
    """Start no more runs in a lane. Idempotent."""
    if paused_at(session, lane) is None:
        session.add(PausedLaneRow(lane=lane.value, paused_at=datetime.now(UTC)))


def resume(session: Session, lane: Lane) -> None:
    row = session.get(PausedLaneRow, lane.value)
    if row is not None:
        session.delete(row)


class IllegalTransitionError(ValueError):
    """A transition that shared.base.states.TRANSITIONS does not have."""


def change_state(
    session: Session,
    run_id: str,
    *,
    expected: Iterable[RunState],
    to: RunState,
    reason: str | None = None,
    suggestion: str | None = None,
    columns: Mapping[str, object] | None = None,
) -> bool:
    """Move a run to `to` if it is in one of `expected`, and record the event; False if it is in another.

    A compare-and-set: of two processes that try, one wins. `columns` are set in the same statement.
    Raises IllegalTransitionError for a transition that does not exist.
    """
    allowed = list(expected)
    illegal = [state for state in allowed if to not in TRANSITIONS[state]]
    if illegal:
        raise IllegalTransitionError(f"a run cannot go from {illegal[0]} to {to}")
    now = datetime.now(UTC)
    values: dict[str, object] = dict(columns or {})
    values |= {"state": to.value, "state_changed_at": now, "reason": reason, "suggestion": suggestion}
    if to in TERMINAL or to is RunState.PAUSED:
        values |= {"ended_at": now}
    for origin in allowed:
        move = update(RunRow).where(RunRow.id == run_id, RunRow.state == origin.value).values(**values)
        if session.scalar(move.returning(RunRow.id)) is not None:
            add_event(session, run_id, origin, to, reason)
            return True
    return False


def add_event(
    session: Session, run_id: str, origin: RunState | None, to: RunState, reason: str | None
) -> None:
    """Record a change of state, or a note if both states are the same."""
    session.add(
        RunEventRow(
            run_id=run_id,
            from_state=origin.value if origin else None,
            to_state=to.value,
            reason=reason,
            at=datetime.now(UTC),
        )
    )


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
