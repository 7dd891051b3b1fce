"""Runs as the API sends them, made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.base.states import RunState
from shared.configs.kinds import JOB_KINDS, RunKind
from shared.contract.runs import Progress, Run

STARTED = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def made_run(
    name: str,
    kind: RunKind = RunKind.PRETRAIN,
    *,
    minute: int = 0,
    step: int = 0,
    preset: str | None = None,
    **config: Any,
) -> Run:
    """An ended run, queued at `minute`, ended at `step`; the rest goes into its config."""
    given = JOB_KINDS[kind].config.model_validate({"dataset": "sky"} | config).model_dump(mode="json")
    return Run(
        id=name,
        kind=kind,
        lane=JOB_KINDS[kind].lane,
        name=None,
        state=RunState.SUCCEEDED,
        reason=None,
        suggestion=None,
        preset=preset,
        dataset=given.get("dataset"),
        config=given,
        parent_id=None,
        attempt=1,
        queue_position=None,
        created_at=STARTED + timedelta(minutes=minute),
        started_at=None,
        ended_at=None,
        progress=Progress(step=step),
        metrics={},
        baselines={},
        images_per_s=None,
    )
