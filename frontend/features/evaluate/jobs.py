"""The jobs that produce evaluations."""

from frontend.ui.session import client
from shared.configs.kinds import RunKind, Trait, kinds_with
from shared.contract import endpoints
from shared.contract.runs import Run

MOST_JOBS = 500


def evaluation_jobs() -> list[Run]:
    """Probes and classifiers, newest first."""
    kinds = (RunKind.PROBE, *kinds_with(Trait.CLASSIFIES))
    found = [
        job for kind in kinds for job in client().call(endpoints.LIST_RUNS, kind=kind.value, limit=MOST_JOBS)
    ]
    return sorted(found, key=lambda job: job.created_at, reverse=True)
