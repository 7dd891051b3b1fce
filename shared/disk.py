"""The disk that runs take: by run and in all, what deleting one takes away, what can go."""

from datetime import datetime

from pydantic import Field

from shared.runs import RunKind, Wire

UNDO_H = 24
"""How long a deleted run can be had back."""


class RunDeletion(Wire):
    """GET /runs/{id}/deletion: what would go. `referring` stand on it (probes, fine-tunings, retries) and
    keep their results; `blocked_by` is in the way: the run itself while it has not ended, or jobs that still
    need its encoder."""

    run_id: str
    disk_bytes: int
    checkpoints: int
    samples: int
    evaluations: int = Field(description="Of this run, in the tables of the Evaluate page.")
    feature_bytes: int = Field(description="Kept features of its weights; made again when asked for.")
    referring: list[str]
    blocked_by: list[str]


class DeletedRun(Wire):
    """A run that was deleted; until `gone_at` it can be had back, by POST /runs/{id}/restore."""

    id: str
    kind: RunKind
    name: str | None
    disk_bytes: int | None
    deleted_at: datetime
    gone_at: datetime


class Disk(Wire):
    """GET /disk. Runs are measured by the supervisor, at their end and now and then while they run."""

    runs_bytes: int
    deleted_bytes: int = Field(description="Of deleted runs, which go when they cannot be had back any more.")
    unmeasured: int = Field(description="Runs whose size is not known yet.")
    free_bytes: int
    total_bytes: int
    deleted: list[DeletedRun]


class Prunable(Wire):
    """What an ended run can do without: checkpoints other than last and best, and the state of the optimizer,
    as it never goes on."""

    id: str
    name: str | None
    checkpoints: int
    bytes: int


class Pruning(Wire):
    """GET /disk/pruning: what can go. The answer to POST: what went."""

    runs: list[Prunable]
    bytes: int


class PruneRequest(Wire):
    """POST /disk/pruning: of these runs alone, so that nothing goes that was not shown. No way back."""

    runs: list[str]
