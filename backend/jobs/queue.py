"""Putting a run on the queue: its directory first, then its row, so that a claimed run always has a spec."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import NotFoundError
from backend.jobs.lanes import last_rank
from backend.jobs.run_dir import EncoderSource, RunDir, Spec
from backend.jobs.state import add_event
from shared.base.runs import DATASET_MAKERS, LANES, RunKind, RunState
from shared.configs import Config


def dataset_name_of(kind: RunKind, config: Config) -> str | None:
    """The dataset that a config makes, or works on."""
    return getattr(config, "name" if kind in DATASET_MAKERS else "dataset", None)


def enqueue(
    database: Database,
    runs_dir: Path,
    kind: RunKind,
    config: Config,
    *,
    name: str | None = None,
    preset: str | None = None,
    parent_id: str | None = None,
    roots: tuple[Path, ...] | None = None,
    encoder: EncoderSource | None = None,
) -> str:
    """Queue one run and return its id. `roots` are the folders it may read, None all; `encoder` is what it
    judges. Raises NotFoundError where its dataset or parent is not there."""
    labels = {"name": name, "preset": preset, "parent_id": parent_id}
    with database.write() as session:
        return enter(session, runs_dir, kind, config, roots, encoder, **labels)


def enter(
    session: Session,
    runs_dir: Path,
    kind: RunKind,
    config: Config,
    roots: tuple[Path, ...] | None = None,
    encoder: EncoderSource | None = None,
    **labels: str | None,
) -> str:
    """The same within the caller's transaction; `labels` as of insert."""
    parent_id = labels.get("parent_id")
    if parent_id is not None and session.get(RunRow, parent_id) is None:
        raise NotFoundError("run_not_found", f"there is no run {parent_id} to continue from", "parent_id")
    dataset = _dataset_row(session, getattr(config, "dataset", None), "dataset")
    judged_on = _dataset_row(session, getattr(config, "eval_dataset", None), "eval_dataset")
    return insert(session, runs_dir, kind, config, dataset, judged_on, roots, encoder, **labels)


def insert(
    session: Session,
    runs_dir: Path,
    kind: RunKind,
    config: Config,
    dataset: DatasetRow | None,
    judged_on: DatasetRow | None = None,
    roots: tuple[Path, ...] | None = None,
    encoder: EncoderSource | None = None,
    **labels: str | None,
) -> str:
    """Queue one run within the caller's transaction and return its id. `judged_on` is its eval_dataset,
    `roots` and `encoder` as in enqueue, `labels`: name, preset, parent_id."""
    run_dir = _free_run_dir(runs_dir)
    spec = Spec(
        run_id=run_dir.path.name,
        kind=kind.value,
        config=config.model_dump(mode="json"),
        dataset_file=f"datasets/{dataset.file}" if dataset else None,
        dataset_digest=dataset.digest if dataset else None,
        eval_dataset_file=f"datasets/{judged_on.file}" if judged_on else None,
        eval_dataset_digest=judged_on.digest if judged_on else None,
        roots=[str(root) for root in roots] if roots is not None else None,
        encoder=encoder,
    )
    run_dir.create(spec)
    now = datetime.now(UTC)
    row = RunRow(
        id=spec.run_id,
        kind=kind.value,
        lane=LANES[kind].value,
        state=RunState.QUEUED.value,
        state_changed_at=now,
        dataset=dataset_name_of(kind, config),
        dataset_digest=spec.dataset_digest,
        probe_digest=spec.eval_dataset_digest or spec.dataset_digest,
        config=spec.config,
        queue_rank=last_rank(session, LANES[kind]),
        created_at=now,
        **labels,
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
