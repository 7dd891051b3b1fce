"""A checked bundle becomes a run: one rename and one transaction."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import BaselineRow, DatasetRow, RunEventRow, RunRow
from backend.files import read_json, write_json
from backend.jobs import registry
from backend.jobs.housekeeping import folder_bytes
from backend.jobs.run_dir import RunDir
from backend.jobs.run_names import make_run_id
from backend.jobs.state import add_event
from backend.services.bundles.contents import Contents
from backend.services.bundles.curves import gathered_curves
from backend.services.bundles.layout import ORIGIN, SPEC
from backend.services.run_answers import IMPORTED
from backend.settings import Settings
from shared.bundles import BundledRun, ImportedRun, Manifest, Origin
from shared.evaluations import Evaluation
from shared.presets import PRESETS
from shared.runs import LANES, TERMINAL, RunState


@dataclass(frozen=True)
class Arrival:
    """An unpacked bundle with nothing wrong, in `folder`."""

    folder: Path
    file: str
    manifest: Manifest
    manifest_sha256: str
    contents: Contents

    @property
    def run(self) -> BundledRun:
        return self.manifest.run


def enter(database: Database, settings: Settings, arrival: Arrival) -> ImportedRun:
    """Have the run here, with its curves, evaluations and events; where that fails nothing has changed."""
    moved: Path | None = None
    try:
        with gathered_curves(RunDir(arrival.folder)) as curves, database.write() as session:
            twin = find_twin(session, settings, arrival.manifest_sha256)
            if twin is not None:  # another import was quicker
                return ImportedRun(run_id=twin, here_already=True)
            _clear_half(session, settings, arrival.manifest_sha256)
            run_id = _free_id(session, settings, arrival.run.id)
            notes = _settle(session, arrival, run_id)
            moved = arrival.folder.rename(settings.runs_dir / run_id)
            row = _row(session, arrival, run_id, RunDir(moved))
            session.add(row)
            session.flush()
            curves.copy_into(session, run_id)
            _register(session, row, arrival)
            _tell(session, row, arrival, notes)
    except BaseException:
        if moved is not None:
            moved.rename(arrival.folder)
        raise
    return ImportedRun(run_id=run_id, notes=notes)


def find_twin(session: Session, settings: Settings, manifest_sha256: str) -> str | None:
    """The run here that came from the bundle with this manifest."""
    found = _folders_of(settings, manifest_sha256)
    return next((run.name for run in found if session.get(RunRow, run.name) is not None), None)


def _clear_half(session: Session, settings: Settings, manifest_sha256: str) -> None:
    """Remove what an import of this bundle left that was killed between its rename and its transaction."""
    for folder in _folders_of(settings, manifest_sha256):
        if session.get(RunRow, folder.name, execution_options=WITH_DELETED) is None:
            shutil.rmtree(folder)


def _folders_of(settings: Settings, manifest_sha256: str) -> list[Path]:
    origins = settings.runs_dir.glob(f"*/{ORIGIN}")
    return [at.parent for at in origins if (read_json(at) or {}).get("manifest_sha256") == manifest_sha256]


def _free_id(session: Session, settings: Settings, wanted: str) -> str:
    """The id it had, unless a run here has it, or had it and can be had back."""
    run_id = wanted
    while (
        session.get(RunRow, run_id, execution_options=WITH_DELETED) is not None
        or (settings.runs_dir / run_id).exists()
    ):
        run_id = make_run_id()
    return run_id


def _settle(session: Session, arrival: Arrival, run_id: str) -> list[str]:
    """Write the files that name the run, and say what is other here than where it comes from."""
    _write_own_files(arrival, run_id)
    run, notes = arrival.run, []
    if run_id != run.id:
        notes.append(f"There is a run {run.id} here already, so it is {run_id}.")
    if run.state not in TERMINAL:
        notes.append(f"It was {run.state} when it was exported, and does not go on here.")
    for digest, name in ((run.dataset_digest, run.dataset), (run.eval_dataset_digest, run.eval_dataset)):
        if digest is not None and _dataset_here(session, digest) is None:
            notes.append(
                f"Its dataset {name} (digest {digest[:12]}) is not here; import it to probe or search."
            )
    for other, what in ((run.encoder, "encoder comes from"), (run.parent_id, "first try is")):
        if other is not None and session.get(RunRow, other) is None:
            notes.append(f"Its {what} {other}, which is not here.")
    return notes


def _write_own_files(arrival: Arrival, run_id: str) -> None:
    origin = Origin(
        run_id=arrival.run.id,
        file=arrival.file,
        galaxyscope=arrival.manifest.galaxyscope,
        manifest_sha256=arrival.manifest_sha256,
        imported_at=datetime.now(UTC),
    )
    write_json(arrival.folder / ORIGIN, origin.model_dump(mode="json"))
    # No file of the other machine is named, so that no job here could come to read it.
    cleared = {
        "run_id": run_id,
        "roots": None,
        "dataset_file": None,
        "eval_dataset_file": None,
        "encoder": None,
    }
    write_json(
        arrival.folder / SPEC, arrival.contents.spec.model_copy(update=cleared).model_dump(mode="json")
    )
    evaluations = arrival.folder / "evaluations"
    for path in list(evaluations.glob("*.npz")) if run_id != arrival.run.id else []:
        path.rename(evaluations / f"{_renamed(path.name, arrival.run.id, run_id)}")


def _tell(session: Session, row: RunRow, arrival: Arrival, notes: list[str]) -> None:
    """The events that it had, and where it came from."""
    for event in arrival.manifest.events:
        session.add(RunEventRow(run_id=row.id, **event.model_dump()))
    state = RunState(row.state)
    there = "" if row.id == arrival.run.id else f", where it was {arrival.run.id}"
    add_event(session, row.id, state, state, " ".join([f"imported from {arrival.file}{there}.", *notes]))


def _row(session: Session, arrival: Arrival, run_id: str, run_dir: RunDir) -> RunRow:
    run = arrival.run
    ended = run.state in TERMINAL
    at = run.ended_at or datetime.now(UTC)
    dataset = _dataset_name(session, run.dataset, run.dataset_digest)
    config = arrival.contents.config.model_dump(mode="json")
    if run.dataset_digest is not None and "dataset" in config:
        config["dataset"] = dataset
    if run.eval_dataset_digest is not None and "eval_dataset" in config:
        config["eval_dataset"] = _dataset_name(session, run.eval_dataset, run.eval_dataset_digest)
    # No speed: what is queued here would be expected to be as fast as another machine.
    reason = run.reason if ended else f"was {run.state} when it was exported"
    progress = run.progress.model_copy(update={"eta_s": None, "message": None, "images_per_s": None})
    return RunRow(
        id=run_id,
        kind=run.kind.value,
        lane=LANES[run.kind].value,
        name=run.name,
        tags=run.tags,
        note=run.note,
        state=(run.state if ended else RunState.CANCELLED).value,
        state_changed_at=at,
        reason=reason,
        suggestion=run.suggestion,
        preset=run.preset if run.preset in PRESETS else None,
        dataset=dataset,
        dataset_digest=run.dataset_digest,
        probe_digest=run.eval_dataset_digest or run.dataset_digest,
        config=config,
        parent_id=run.parent_id if run.parent_id and session.get(RunRow, run.parent_id) else None,
        last_checkpoint=run_dir.last_checkpoint(),
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=at,
        progress=progress.model_dump(mode="json", exclude={"heartbeat_at"}, exclude_none=True)
        | {IMPORTED: True},
        disk_bytes=folder_bytes(run_dir.path),
    )


def _register(session: Session, row: RunRow, arrival: Arrival) -> None:
    """Its evaluations, and references that nobody here has or can compute."""
    rename = partial(_renamed_evaluation, old=arrival.run.id, new=row.id)
    made = [rename(one).model_dump(mode="json") for one in arrival.contents.evaluations]
    registry.register(session, row, {"evaluations": made})
    digest = row.probe_digest
    if digest is None or _dataset_here(session, digest) is not None:
        return
    for key, value in arrival.run.references.items():
        if session.get(BaselineRow, (digest, key)) is None:
            session.add(BaselineRow(dataset_digest=digest, key=key, value=value))


def _renamed_evaluation(one: Evaluation, old: str, new: str) -> Evaluation:
    encoder = new if one.encoder == old else one.encoder
    return one.model_copy(update={"id": _renamed(one.id, old, new), "run": new, "encoder": encoder})


def _renamed(name: str, old: str, new: str) -> str:
    return f"{new}{name.removeprefix(old)}"


def _dataset_here(session: Session, digest: str) -> str | None:
    named = select(DatasetRow.name).where(DatasetRow.digest == digest).order_by(DatasetRow.name)
    return session.scalar(named.limit(1))


def _dataset_name(session: Session, name: str | None, digest: str | None) -> str | None:
    """The name here of the dataset with that digest; else the one it had, told from another of that name."""
    if name is None or digest is None:
        return name
    here = _dataset_here(session, digest)
    if here is None and session.get(DatasetRow, name) is not None:
        return f"{name} ({digest[:12]})"
    return here or name
