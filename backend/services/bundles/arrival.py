"""A checked bundle, and the row that it becomes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.db.models import RunRow
from backend.jobs.dataset_names import name_here
from backend.jobs.housekeeping import folder_bytes
from backend.jobs.run_dir import RunDir
from backend.services.bundles.contents import Contents
from backend.services.runs.answers import IMPORTED
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import JOB_KINDS
from shared.configs.presets import PRESETS
from shared.contract.bundles import BundledRun, Manifest
from shared.contract.runs import Progress


@dataclass(frozen=True)
class CheckedBundle:
    """An unpacked bundle with nothing wrong, in `folder`."""

    folder: Path
    file: str
    manifest: Manifest
    manifest_sha256: str
    contents: Contents

    @property
    def run(self) -> BundledRun:
        return self.manifest.run


def made_row(session: Session, arrival: CheckedBundle, run_id: str, run_dir: RunDir) -> RunRow:
    """The row of an arrival here: ended, on the datasets that are here, and without a speed."""
    run = arrival.run
    ended = run.state in TERMINAL
    at = run.ended_at or datetime.now(UTC)
    reason = run.reason if ended else f"was {run.state} when it was exported"
    return RunRow(
        id=run_id,
        kind=run.kind.value,
        lane=JOB_KINDS[run.kind].lane.value,
        name=run.name,
        tags=run.tags,
        note=run.note,
        state=(run.state if ended else RunState.CANCELLED).value,
        state_changed_at=at,
        reason=reason,
        suggestion=run.suggestion,
        preset=run.preset if run.preset in PRESETS else None,
        dataset=_dataset_name(session, run.dataset, run.dataset_digest),
        dataset_digest=run.dataset_digest,
        eval_dataset_digest=run.eval_dataset_digest or run.dataset_digest,
        config=_config(session, arrival),
        parent_id=run.parent_id if run.parent_id and session.get(RunRow, run.parent_id) else None,
        last_checkpoint=run_dir.last_checkpoint(),
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=at,
        progress=_progress(run.progress),
        disk_bytes=folder_bytes(run_dir.path),
    )


def _config(session: Session, arrival: CheckedBundle) -> dict[str, Any]:
    """With the names that its datasets have here."""
    run, config = arrival.run, arrival.contents.config.model_dump(mode="json")
    meant = {"dataset": run.dataset_digest, "eval_dataset": run.eval_dataset_digest or run.dataset_digest}
    named = [field for field in meant if field in config]
    return config | {field: _dataset_name(session, config[field], meant[field]) for field in named}


def _progress(progress: Progress) -> dict[str, Any]:
    """Without a speed: what is queued here would be expected to be as fast as another machine."""
    left = progress.model_copy(update={"eta_s": None, "message": None, "images_per_s": None})
    return left.model_dump(mode="json", exclude={"heartbeat_at"}, exclude_none=True) | {IMPORTED: True}


def _dataset_name(session: Session, name: str | None, digest: str | None) -> str | None:
    return name if name is None or digest is None else name_here(session, name, digest)
