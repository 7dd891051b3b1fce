"""Importing a run: unpacked and checked in a folder of its own, then added by one rename and transaction."""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.db.engine import WITH_DELETED, Database
from backend.db.models import BaselineRow, RunEventRow, RunRow
from backend.files import read_json, sync_folder, write_json
from backend.jobs import registry
from backend.jobs.dataset_names import dataset_here, name_here
from backend.jobs.housekeeping import folder_bytes
from backend.jobs.queue import add_event, make_run_id
from backend.jobs.run_dir import RunDir
from backend.services.bundles.archive import opened_archive
from backend.services.bundles.contents import Checker, Contents
from backend.services.bundles.curves import stage_metrics
from backend.services.bundles.layout import ORIGIN, SPEC
from backend.services.runs.answers import IMPORTED
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import JOB_KINDS
from shared.configs.presets import PRESETS
from shared.contract.bundles import BundledRun, ImportedRun, Manifest, Origin
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Progress

ABANDONED_S = 24 * 3600.0
"""Age at which leftovers of killed imports are removed."""


def import_run(database: Database, settings: Settings, path: Path, file: str | None = None) -> ImportedRun:
    """Import a bundle, called `file` in errors. A bundle imported before gives its existing run. Raises
    InvalidInputError, which names the entry; then nothing is imported."""
    file = file or path.name
    with opened_archive(path, file) as archive:
        with database.read() as session:
            existing = _find_import(session, settings, archive.manifest_sha256)
        if existing is not None:
            return ImportedRun(run_id=existing, here_already=True)
        with _temporary_folder(settings) as folder:
            archive.unpack(folder)
            contents = Checker(folder, file, archive.manifest).check()
            bundle = CheckedBundle(folder, file, archive.manifest, archive.manifest_sha256, contents)
            sync_folder(folder)
            return _enter(database, settings, bundle)


@contextmanager
def _temporary_folder(settings: Settings) -> Iterator[Path]:
    """An empty folder on the disk of the runs, removed afterwards."""
    place = settings.home / "importing"
    place.mkdir(exist_ok=True)
    for left in place.iterdir():
        _remove_abandoned(left)
    folder = place / secrets.token_hex(8)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(left: Path) -> None:
    """Remove the folder or database of a killed import; younger ones may be in use."""
    with suppress(FileNotFoundError):
        if time.time() - left.stat().st_mtime <= ABANDONED_S:
            return
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()


SAME_COLUMNS = ("name", "tags", "note", "suggestion", "dataset_digest", "created_at", "started_at")
"""Columns of a run that an import copies."""


@dataclass(frozen=True)
class CheckedBundle:
    """An unpacked bundle that passed every check."""

    folder: Path
    file: str
    manifest: Manifest
    manifest_sha256: str
    contents: Contents

    @property
    def run(self) -> BundledRun:
        return self.manifest.run


def _new_row(session: Session, bundle: CheckedBundle, run_id: str, run_dir: RunDir) -> RunRow:
    """The row of the imported run: ended, and on the datasets of this home."""
    run = bundle.run
    ended = run.state in TERMINAL
    at = run.ended_at or datetime.now(UTC)
    reason = run.reason if ended else f"was {run.state} when it was exported"
    return RunRow(
        **{name: getattr(run, name) for name in SAME_COLUMNS},
        id=run_id,
        kind=run.kind.value,
        lane=JOB_KINDS[run.kind].lane.value,
        state=(run.state if ended else RunState.CANCELLED).value,
        state_changed_at=at,
        reason=reason,
        preset=run.preset if run.preset in PRESETS else None,
        dataset=_dataset_name(session, run.dataset, run.dataset_digest),
        eval_dataset_digest=run.eval_dataset_digest or run.dataset_digest,
        config=_config(session, bundle),
        parent_id=run.parent_id if run.parent_id and session.get(RunRow, run.parent_id) else None,
        last_checkpoint=run_dir.last_checkpoint(),
        ended_at=at,
        progress=_progress(run.progress),
        disk_bytes=folder_bytes(run_dir.path),
    )


def _config(session: Session, bundle: CheckedBundle) -> dict[str, Any]:
    """With the names of its datasets in this home."""
    run, config = bundle.run, bundle.contents.config.model_dump(mode="json")
    digests = {"dataset": run.dataset_digest, "eval_dataset": run.eval_dataset_digest or run.dataset_digest}
    fields = digests.keys() & config.keys()
    return config | {field: _dataset_name(session, config[field], digests[field]) for field in fields}


def _progress(progress: Progress) -> dict[str, Any]:
    """Without the speed of the other machine, which would distort estimates here."""
    left = progress.model_copy(update={"eta_s": None, "message": None, "images_per_s": None})
    return left.model_dump(mode="json", exclude={"heartbeat_at"}, exclude_none=True) | {IMPORTED: True}


def _dataset_name(session: Session, name: str | None, digest: str | None) -> str | None:
    return name if name is None or digest is None else name_here(session, name, digest)


def _enter(database: Database, settings: Settings, bundle: CheckedBundle) -> ImportedRun:
    """Add the run with its metrics, evaluations and events; on an error, nothing has changed."""
    moved: Path | None = None
    try:
        with stage_metrics(RunDir(bundle.folder)) as curves, database.write() as session:
            existing = _find_import(session, settings, bundle.manifest_sha256)
            if existing is not None:  # by a concurrent import
                return ImportedRun(run_id=existing, here_already=True)
            _remove_leftovers(session, settings, bundle.manifest_sha256)
            run_id = _free_id(session, settings, bundle.run.id)
            notes = _write_files(session, bundle, run_id)
            moved = bundle.folder.rename(settings.runs_dir / run_id)
            row = _new_row(session, bundle, run_id, RunDir(moved))
            session.add(row)
            session.flush()
            curves.copy_into(session, run_id)
            _register(session, row, bundle)
            _add_events(session, row, bundle, notes)
    except BaseException:
        if moved is not None:
            moved.rename(bundle.folder)
        raise
    return ImportedRun(run_id=run_id, notes=notes)


def _find_import(session: Session, settings: Settings, manifest_sha256: str) -> str | None:
    """The run that was imported from the bundle with this manifest."""
    found = _folders_of(settings, manifest_sha256)
    return next((run.name for run in found if session.get(RunRow, run.name) is not None), None)


def _remove_leftovers(session: Session, settings: Settings, manifest_sha256: str) -> None:
    """Remove the folder of an import that was killed between rename and transaction."""
    for folder in _folders_of(settings, manifest_sha256):
        if session.get(RunRow, folder.name, execution_options=WITH_DELETED) is None:
            shutil.rmtree(folder)


def _folders_of(settings: Settings, manifest_sha256: str) -> list[Path]:
    origins = settings.runs_dir.glob(f"*/{ORIGIN}")
    return [at.parent for at in origins if (read_json(at) or {}).get("manifest_sha256") == manifest_sha256]


def _free_id(session: Session, settings: Settings, run_id: str) -> str:
    """Its own id, unless a run here has it, deleted ones included."""
    while (
        session.get(RunRow, run_id, execution_options=WITH_DELETED) is not None
        or (settings.runs_dir / run_id).exists()
    ):
        run_id = make_run_id()
    return run_id


def _write_files(session: Session, bundle: CheckedBundle, run_id: str) -> list[str]:
    """Write the files that name the run; a note for each difference from its origin."""
    _write_own_files(bundle, run_id)
    run, notes = bundle.run, []
    if run_id != run.id:
        notes.append(f"The id {run.id} is taken here, so it is {run_id}.")
    if run.state not in TERMINAL:
        notes.append(f"It was {run.state} when it was exported, and is not continued here.")
    for digest, name in ((run.dataset_digest, run.dataset), (run.eval_dataset_digest, run.eval_dataset)):
        if digest is not None and dataset_here(session, digest) is None:
            missing = f"Its dataset {name} (digest {digest[:12]}) is not here"
            notes.append(f"{missing}; import the dataset to probe or search.")
    for other, what in ((run.encoder, "encoder is of"), (run.parent_id, "parent is")):
        if other is not None and session.get(RunRow, other) is None:
            notes.append(f"Its {what} {other}, which is not here.")
    return notes


def _write_own_files(bundle: CheckedBundle, run_id: str) -> None:
    origin = Origin(
        run_id=bundle.run.id,
        file=bundle.file,
        galaxyscope=bundle.manifest.galaxyscope,
        manifest_sha256=bundle.manifest_sha256,
        imported_at=datetime.now(UTC),
    )
    write_json(bundle.folder / ORIGIN, origin.model_dump(mode="json"))
    # Without paths of the other machine, which a job here must not read.
    cleared = dict.fromkeys(("dataset_file", "eval_dataset_file", "encoder"))
    spec = bundle.contents.spec.model_copy(update={"run_id": run_id, "roots": [], **cleared})
    write_json(bundle.folder / SPEC, spec.model_dump(mode="json"))
    evaluations = bundle.folder / "evaluations"
    for path in list(evaluations.glob("*.npz")) if run_id != bundle.run.id else []:
        path.rename(evaluations / f"{_renamed(path.name, bundle.run.id, run_id)}")


def _add_events(session: Session, row: RunRow, bundle: CheckedBundle, notes: list[str]) -> None:
    """Its events, and one for the import."""
    for event in bundle.manifest.events:
        session.add(RunEventRow(run_id=row.id, **event.model_dump()))
    state = RunState(row.state)
    there = "" if row.id == bundle.run.id else f", formerly {bundle.run.id}"
    add_event(session, row.id, state, state, " ".join([f"imported from {bundle.file}{there}.", *notes]))


def _register(session: Session, row: RunRow, bundle: CheckedBundle) -> None:
    """Its evaluations, and the baselines of a dataset that is not here."""
    rename = partial(_renamed_evaluation, old=bundle.run.id, new=row.id)
    made = [rename(one).model_dump(mode="json") for one in bundle.contents.evaluations]
    registry.register(session, row, {"evaluations": made})
    digest = row.eval_dataset_digest
    if digest is None or dataset_here(session, digest) is not None:
        return
    for key, value in bundle.run.references.items():
        if session.get(BaselineRow, (digest, key)) is None:
            session.add(BaselineRow(dataset_digest=digest, key=key, value=value))


def _renamed_evaluation(one: Evaluation, old: str, new: str) -> Evaluation:
    encoder = new if one.encoder == old else one.encoder
    return one.model_copy(update={"id": _renamed(one.id, old, new), "run": new, "encoder": encoder})


def _renamed(name: str, old: str, new: str) -> str:
    return f"{new}{name.removeprefix(old)}"
