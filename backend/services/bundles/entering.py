"""A checked bundle becomes a run: one rename and one transaction."""

import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import BaselineRow, RunEventRow, RunRow
from backend.files import read_json, write_json
from backend.jobs import registry
from backend.jobs.dataset_names import dataset_here
from backend.jobs.queue import make_run_id
from backend.jobs.run_dir import RunDir
from backend.jobs.state import add_event
from backend.services.bundles.arrival import CheckedBundle, made_row
from backend.services.bundles.curves import stage_metrics
from backend.services.bundles.layout import ORIGIN, SPEC
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.contract.bundles import ImportedRun, Origin
from shared.contract.evaluations import Evaluation


def enter(database: Database, settings: Settings, arrival: CheckedBundle) -> ImportedRun:
    """Have the run here, with its curves, evaluations and events; where that fails nothing has changed."""
    moved: Path | None = None
    try:
        with stage_metrics(RunDir(arrival.folder)) as curves, database.write() as session:
            twin = find_twin(session, settings, arrival.manifest_sha256)
            if twin is not None:  # another import was quicker
                return ImportedRun(run_id=twin, here_already=True)
            _clear_half(session, settings, arrival.manifest_sha256)
            run_id = _free_id(session, settings, arrival.run.id)
            notes = _settle(session, arrival, run_id)
            moved = arrival.folder.rename(settings.runs_dir / run_id)
            row = made_row(session, arrival, run_id, RunDir(moved))
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


def _settle(session: Session, arrival: CheckedBundle, run_id: str) -> list[str]:
    """Write the files that name the run, and say what is other here than where it comes from."""
    _write_own_files(arrival, run_id)
    run, notes = arrival.run, []
    if run_id != run.id:
        notes.append(f"There is a run {run.id} here already, so it is {run_id}.")
    if run.state not in TERMINAL:
        notes.append(f"It was {run.state} when it was exported, and does not go on here.")
    for digest, name in ((run.dataset_digest, run.dataset), (run.eval_dataset_digest, run.eval_dataset)):
        if digest is not None and dataset_here(session, digest) is None:
            notes.append(
                f"Its dataset {name} (digest {digest[:12]}) is not here; import it to probe or search."
            )
    for other, what in ((run.encoder, "encoder comes from"), (run.parent_id, "first try is")):
        if other is not None and session.get(RunRow, other) is None:
            notes.append(f"Its {what} {other}, which is not here.")
    return notes


def _write_own_files(arrival: CheckedBundle, run_id: str) -> None:
    origin = Origin(
        run_id=arrival.run.id,
        file=arrival.file,
        galaxyscope=arrival.manifest.galaxyscope,
        manifest_sha256=arrival.manifest_sha256,
        imported_at=datetime.now(UTC),
    )
    write_json(arrival.folder / ORIGIN, origin.model_dump(mode="json"))
    # No file of the other machine is named, so that no job here could come to read it.
    cleared: dict[str, object] = {
        "run_id": run_id,
        "roots": [],
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


def _tell(session: Session, row: RunRow, arrival: CheckedBundle, notes: list[str]) -> None:
    """The events that it had, and where it came from."""
    for event in arrival.manifest.events:
        session.add(RunEventRow(run_id=row.id, **event.model_dump()))
    state = RunState(row.state)
    there = "" if row.id == arrival.run.id else f", where it was {arrival.run.id}"
    add_event(session, row.id, state, state, " ".join([f"imported from {arrival.file}{there}.", *notes]))


def _register(session: Session, row: RunRow, arrival: CheckedBundle) -> None:
    """Its evaluations, and references that nobody here has or can compute."""
    rename = partial(_renamed_evaluation, old=arrival.run.id, new=row.id)
    made = [rename(one).model_dump(mode="json") for one in arrival.contents.evaluations]
    registry.register(session, row, {"evaluations": made})
    digest = row.eval_dataset_digest
    if digest is None or dataset_here(session, digest) is not None:
        return
    for key, value in arrival.run.references.items():
        if session.get(BaselineRow, (digest, key)) is None:
            session.add(BaselineRow(dataset_digest=digest, key=key, value=value))


def _renamed_evaluation(one: Evaluation, old: str, new: str) -> Evaluation:
    encoder = new if one.encoder == old else one.encoder
    return one.model_copy(update={"id": _renamed(one.id, old, new), "run": new, "encoder": encoder})


def _renamed(name: str, old: str, new: str) -> str:
    return f"{new}{name.removeprefix(old)}"
