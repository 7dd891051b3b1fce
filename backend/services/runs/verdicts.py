"""The verdict on a training: its evaluations out of the database, judged by backend.stats.trend."""

from backend.db.engine import Database
from backend.errors import ConflictError
from backend.jobs.training_history import read_course
from backend.services.runs.lifecycle import find_row
from backend.stats.trend import judge_training
from shared.configs.kinds import Trait, has_trait
from shared.contract.runs import Verdict


def read_verdict(database: Database, run_id: str) -> Verdict:
    """Whether this training still learns. Raises NotFoundError, and ConflictError for a job that trains
    nothing."""
    with database.read() as session:
        row = find_row(session, run_id)
        if not has_trait(row.kind, Trait.TRAINS):
            raise ConflictError(
                "no_verdict", f"{run_id} is a job of kind {row.kind}, which trains nothing; choose a training"
            )
        return judge_training(read_course(session, row))
