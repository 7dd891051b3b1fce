"""The results of a sweep."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import RunRow, SweepMemberRow, SweepRow
from backend.jobs import registry
from backend.jobs.sweep_stopping import objective_points
from backend.services.runs.answers import baselines_beside
from shared.base.states import TERMINAL, RunState
from shared.contract.sweeps import (
    Objective,
    Reference,
    SweepMember,
    SweepReport,
    SweepSetting,
    SweepSpec,
    SweepSummary,
    objective_of,
)
from shared.planning.sweep_words import setting_words

Points = Sequence[tuple[float, float]]
REFERENCES: dict[str, Literal["random init", "raw pixels", "majority class"]] = {
    "random_init_{}": "random init",
    "raw_pixel_{}": "raw pixels",
    "majority_accuracy": "majority class",
}
CLASSIFIED = {"accuracy": "linear_accuracy", "balanced_accuracy": "linear_balanced_accuracy"}
"""References of the accuracies of a classifier."""


class MemberStatus(NamedTuple):
    """The state of a member; `state` and `dataset` are None without a run, or with a deleted one."""

    was_stopped: bool
    state: RunState | None
    dataset: str | None

    @property
    def stopped_early(self) -> bool:
        return self.was_stopped and self.state in (RunState.STOPPING, RunState.CANCELLED)

    @property
    def is_done(self) -> bool:
        return self.stopped_early or self.state is RunState.SUCCEEDED

    @property
    def is_active(self) -> bool:
        return self.state is not None and self.state not in TERMINAL and not self.stopped_early

    @property
    def is_lost(self) -> bool:
        """Whether a retry queues it again."""
        return not (self.is_done or self.is_active)


class MemberRun(NamedTuple):
    """A member and its run, if there is one."""

    member: SweepMemberRow
    run: RunRow | None

    @property
    def status(self) -> MemberStatus:
        state = RunState(self.run.state) if self.run else None
        return MemberStatus(self.member.stopped_early, state, self.run.dataset if self.run else None)


def read_members(session: Session, sweep_id: str) -> list[MemberRun]:
    """Members in order, each with its run unless that is deleted."""
    members = session.scalars(
        select(SweepMemberRow).where(SweepMemberRow.sweep_id == sweep_id).order_by(SweepMemberRow.place)
    ).all()
    ids = [member.run_id for member in members if member.run_id is not None]
    runs = {run.id: run for run in session.scalars(select(RunRow).where(RunRow.id.in_(ids)))}
    return [MemberRun(member, runs.get(member.run_id or "")) for member in members]


def read_statuses(session: Session, sweep_id: str) -> list[MemberStatus]:
    """The same without loading the rows of runs, which are large."""
    query = (
        select(SweepMemberRow.stopped_early, RunRow.state, RunRow.dataset)
        .outerjoin(RunRow, RunRow.id == SweepMemberRow.run_id)
        .where(SweepMemberRow.sweep_id == sweep_id)
    )
    rows = session.execute(query).all()
    return [
        MemberStatus(early, RunState(state) if state else None, dataset) for early, state, dataset in rows
    ]


def summarise(sweep: SweepRow, members: Sequence[MemberStatus]) -> SweepSummary:
    spec = SweepSpec.model_validate(sweep.spec)
    return SweepSummary(
        id=sweep.id,
        name=sweep.name,
        kind=spec.kind,
        dataset=next((one.dataset for one in members if one.dataset), None) or spec.config.get("dataset"),
        axes=spec.axes,
        created_at=sweep.created_at,
        runs=len(members),
        done=sum(one.is_done for one in members),
        active=sum(one.is_active for one in members),
        lost=sum(one.is_lost for one in members),
        missing=sum(one.state is None for one in members),
    )


def report_sweep(session: Session, sweep: SweepRow) -> SweepReport:
    """The sweep as it stands."""
    members = read_members(session, sweep.id)
    spec = SweepSpec.model_validate(sweep.spec)
    objective = objective_of(spec)
    if objective is None:  # stored by a version that had it
        raise LookupError(f"{sweep.id} is ordered by {spec.objective}, an unknown objective")
    points = objective_points(session, objective.key, [one.run.id for one in members if one.run])
    results = [_member(one, points.get(one.run.id, []) if one.run else [], objective) for one in members]
    return SweepReport(
        summary=summarise(sweep, [one.status for one in members]),
        spec=spec,
        objective=objective.key,
        members=results,
        settings=group_settings(results, higher_is_better=objective.higher_is_better),
        references=_references(session, [one.run for one in members if one.run], objective),
    )


def _member(one: MemberRun, points: Points, objective: Objective) -> SweepMember:
    """Ignores values from before the first step, which no setting influences."""
    trained = [(epoch, value) for epoch, value in points if epoch > 0]
    sign = 1 if objective.higher_is_better else -1
    best = max(trained, key=lambda point: (sign * point[1], -point[0]), default=None)
    return SweepMember(
        place=one.member.place,
        values=one.member.setting,
        seed=one.member.seed,
        run_id=one.run.id if one.run else None,
        state=RunState(one.run.state) if one.run else None,
        reason=one.run.reason if one.run else None,
        stopped_early=one.status.stopped_early,
        last=trained[-1][1] if trained else None,
        last_epoch=trained[-1][0] if trained else None,
        best=best[1] if best else None,
        best_epoch=best[0] if best else None,
    )


def group_settings(members: Sequence[SweepMember], *, higher_is_better: bool) -> list[SweepSetting]:
    """Members by setting, best mean first, those without results last."""
    groups: dict[str, list[SweepMember]] = {}
    for member in members:
        groups.setdefault(setting_words(member.values), []).append(member)
    settings = [_setting(group) for group in groups.values()]
    sign = -1 if higher_is_better else 1
    return sorted(settings, key=lambda one: (one.mean is None, sign * (one.mean or 0.0)))


def _setting(group: Sequence[SweepMember]) -> SweepSetting:
    best = [member.best for member in group if member.best is not None]
    return SweepSetting(
        values=group[0].values,
        members=[member.place for member in group],
        n=len(best),
        mean=mean(best) if best else None,
        std=stdev(best) if len(best) > 1 else None,
        stopped_early=sum(member.stopped_early for member in group),
    )


def _references(session: Session, runs: Sequence[RunRow], objective: Objective) -> list[Reference]:
    """Baselines of an accuracy, means over the runs."""
    if not objective.share:
        return []
    digests = {run.eval_dataset_digest for run in runs}
    known = {digest: registry.baselines_of(session, digest) for digest in digests}
    beside = [baselines_beside(run, known[run.eval_dataset_digest]) for run in runs]
    name = objective.key.removeprefix("val/")
    return [
        Reference(name=title, value=mean(values))
        for template, title in REFERENCES.items()
        if (values := _values(beside, template.format(CLASSIFIED.get(name, name)), name))
    ]


def _values(beside: Sequence[Mapping[str, float]], key: str, name: str) -> list[float]:
    if key.startswith("majority") and "balanced" in name:
        key = "majority_balanced_accuracy"
    return [figures[key] for figures in beside if key in figures]
