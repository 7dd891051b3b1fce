"""From how a training ended to what its worker says of it."""

from backend.jobs.run_dir import Result
from backend.jobs.run_writer import RunWriter
from backend.ml.runtime.contracts import Outcome


def result_of(outcome: Outcome, writer: RunWriter) -> Result:
    """The result of this attempt."""
    return Result(
        attempt=writer.attempt,
        outcome=outcome.outcome,
        reason=outcome.reason,
        suggestion=outcome.suggestion,
        step=outcome.step,
        images_per_s=outcome.images_per_s,
        exit_code=int(outcome.outcome == "failed"),
    )
