"""Stops unpromising runs of sweeps with early stopping."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import RunRow, SweepMemberRow, SweepRow
from backend.db.points import read_points
from backend.jobs.queue import change_state
from backend.stats.median_rule import BelowMedian, MemberHistory, Points, judge_member
from shared.base.states import RunState
from shared.base.text import percent
from shared.contract.sweeps import FEWEST_OTHERS, Objective, SweepSpec, objective_of


@dataclass(frozen=True)
class _ActiveMember:
    sweep_id: str
    spec: SweepSpec
    run: RunRow
    objective: Objective


class SweepStopping:
    """`tick` judges each active run of a sweep once after each of its evaluations."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._last_judged: dict[str, float] = {}

    def tick(self) -> None:
        for member in self._active():
            with self.database.read() as session:
                own = _read_own(session, member)
                if not own or self._last_judged.get(member.run.id) == own[-1][0]:
                    continue
                others = _read_others(session, member)
            self._last_judged[member.run.id] = own[-1][0]
            outlook = judge_member(
                own,
                others,
                higher_is_better=member.objective.higher_is_better,
                warm_up=member.spec.warm_up,
                fewest_others=FEWEST_OTHERS,
            )
            if outlook is not None:
                self._stop(member, outlook, own[-1][0])

    def _active(self) -> list[_ActiveMember]:
        query = (
            select(SweepRow, RunRow)
            .join(SweepMemberRow, SweepMemberRow.sweep_id == SweepRow.id)
            .join(RunRow, RunRow.id == SweepMemberRow.run_id)
            .where(RunRow.state == RunState.RUNNING.value)
        )
        with self.database.read() as session:
            rows = session.execute(query).all()
        found = []
        for sweep, run in rows:
            spec = SweepSpec.model_validate(sweep.spec)
            objective = objective_of(spec)
            if spec.stop_early and objective is not None:
                found.append(_ActiveMember(sweep.id, spec, run, objective))
        return found

    def _stop(self, member: _ActiveMember, outlook: BelowMedian, share: float) -> None:
        reason = stop_words(member.objective, outlook, share * member.run.config["epochs"])
        with self.database.write() as session:
            won = change_state(
                session, member.run.id, expected=[RunState.RUNNING], to=RunState.STOPPING, reason=reason
            )
            if won:
                row = SweepMemberRow.run_id == member.run.id, SweepMemberRow.sweep_id == member.sweep_id
                session.scalars(select(SweepMemberRow).where(*row)).one().stopped_early = True


def stop_words(objective: Objective, outlook: BelowMedian, epoch: float) -> str:
    """Why a run was stopped, with the values compared."""
    best, middle = (value_words(objective, value) for value in (outlook.best, outlook.median))
    return (
        f"stopped early at epoch {epoch:g}: best {objective.title} {best}, "
        f"the median of {outlook.others} others is {middle}"
    )


def value_words(objective: Objective, value: float) -> str:
    return percent(value) if objective.share else f"{value:.4g}"


def _read_own(session: Session, member: _ActiveMember) -> Points:
    found = objective_points(session, member.objective.key, [member.run.id])
    return _shares(found.get(member.run.id, []), member.run.config)


def _read_others(session: Session, member: _ActiveMember) -> list[MemberHistory]:
    """The evaluations of the other runs of the sweep."""
    query = (
        select(SweepMemberRow.stopped_early, RunRow.id, RunRow.state, RunRow.config)
        .join(RunRow, RunRow.id == SweepMemberRow.run_id)
        .where(SweepMemberRow.sweep_id == member.sweep_id, RunRow.id != member.run.id)
    )
    runs = session.execute(query).all()
    points = objective_points(session, member.objective.key, [run.id for run in runs])
    return [
        MemberHistory(
            _shares(points.get(run.id, []), run.config),
            settled=run.stopped_early or run.state == RunState.SUCCEEDED,
        )
        for run in runs
    ]


def _shares(points: Points, config: dict[str, Any]) -> Points:
    """Epochs as shares of the training."""
    return [(epoch / config["epochs"], value) for epoch, value in points]


def objective_points(session: Session, key: str, run_ids: Sequence[str]) -> dict[str, Points]:
    """(epoch, value) of a metric by run, in order of steps, without values that are not finite."""
    return {run_id: read_points(session, run_id, [key], "epoch")[key] for run_id in run_ids}
