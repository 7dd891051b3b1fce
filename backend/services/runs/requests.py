"""What a running worker is asked for between its steps."""

from typing import Literal

from backend.db.engine import Database
from backend.errors import ConflictError
from backend.jobs.run_dir import RunDir
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs.kinds import Trait, has_trait
from shared.contract.runs import WorkerRequest

WORDS = {"checkpoint": "checkpoints", "sample": "fixed galaxies to draw"}


def ask_worker(
    database: Database, settings: Settings, run_id: str, verb: Literal["checkpoint", "sample"]
) -> WorkerRequest:
    """Ask for a checkpoint or samples now. Raises ConflictError where nobody is there who could obey."""
    with database.read() as session:
        row = find_row(session, run_id)
    if not has_trait(row.kind, Trait.TRAINS) or (verb == "sample" and not has_trait(row.kind, Trait.SAMPLES)):
        raise ConflictError(f"no_{verb}", f"{run_id} is a job of kind {row.kind}, which has no {WORDS[verb]}")
    if row.state != RunState.RUNNING:
        raise ConflictError("not_running", f"{run_id} is {row.state}; only a running run can be asked")
    return WorkerRequest(seq=RunDir(settings.runs_dir / run_id).request(verb))
