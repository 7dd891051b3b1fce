"""The verbs of sweeps: plan, launch, read, stop, retry."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import SweepMemberRow, SweepRow
from backend.errors import InvalidInputError, NotFoundError
from backend.jobs.queue import enqueue
from backend.services.experiments.sweep_members import add_members, find_existing, sweep_id_of
from backend.services.experiments.sweep_plans import MemberPreparer, ResolvedPlan, member_request, plan_sweep
from backend.services.experiments.sweep_results import (
    MemberRun,
    read_members,
    read_statuses,
    report_sweep,
    summarise,
)
from backend.services.launching.create import stop_preflights
from backend.services.runs.lifecycle import ask_to_stop
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary
from shared.planning.sweep_words import setting_words


@dataclass(frozen=True)
class Sweeps:
    """Plans, launches and reads sweeps."""

    database: Database
    settings: Settings

    def plan(self, spec: SweepSpec) -> SweepPlan:
        """What a launch would queue, and what that costs; see plan_sweep."""
        planned = plan_sweep(self.database, self.settings, spec)
        with self.database.read() as session:
            return planned.plan.model_copy(update={"existing": find_existing(session, planned)})

    def launch(self, asked: SweepLaunch, within_s: float = math.inf) -> SweepReport:
        """Queue every run of the sweep that is not there, as many as can be `within_s`: of one that was
        launched before, what it lacks, as it broke off, or as a setting can work only by now. Raises as plan
        does, and InvalidInputError where settings cannot work or the number of runs was not confirmed."""
        planned = plan_sweep(self.database, self.settings, asked.spec)
        _require_fit(planned.plan)
        _require_confirmed(planned.plan, asked.confirm_runs)
        sweep_id = self._enter(planned)
        self._queue(sweep_id, lambda held: held.run is None, within_s)
        return self.report(sweep_id)

    def retry(self, sweep_id: str, within_s: float = math.inf) -> SweepReport:
        """Queue anew what failed, was stopped by hand or is not there; what the median rule stopped stays."""
        self.report(sweep_id)
        self._queue(sweep_id, lambda held: held.standing.is_lost, within_s)
        return self.report(sweep_id)

    def stop(self, sweep_id: str) -> SweepReport:
        """Ask every run that has not ended to end."""
        for member in self.report(sweep_id).members:
            if member.run_id is not None and member.state not in TERMINAL | {RunState.STOPPING}:
                ask_to_stop(self.database, member.run_id)
        return self.report(sweep_id)

    def report(self, sweep_id: str) -> SweepReport:
        """The sweep as it stands. Raises NotFoundError."""
        with self.database.read() as session:
            row = session.get(SweepRow, sweep_id)
            if row is None:
                raise NotFoundError(
                    "sweep_not_found", f"there is no sweep {sweep_id}; the list of sweeps has their ids"
                )
            return report_sweep(session, row)

    def list_sweeps(self, run_id: str | None = None) -> list[SweepSummary]:
        """Newest first; those that hold a run, where one is named."""
        query = select(SweepRow).order_by(SweepRow.created_at.desc(), SweepRow.id)
        if run_id is not None:
            held = select(SweepMemberRow.sweep_id).where(SweepMemberRow.run_id == run_id)
            query = query.where(SweepRow.id.in_(held))
        with self.database.read() as session:
            rows = session.scalars(query).all()
            return [summarise(row, read_statuses(session, row.id)) for row in rows]

    def _enter(self, planned: ResolvedPlan) -> str:
        """The sweep and all its members, none of them queued yet, in one transaction; twice is as once."""
        with self.database.write() as session:
            sweep_id = find_existing(session, planned)
            if sweep_id is None:
                sweep_id, asked = sweep_id_of(session, planned), planned.plan.spec
                spec, now = asked.model_dump(mode="json"), datetime.now(UTC)
                session.add(SweepRow(id=sweep_id, name=asked.name, spec=spec, created_at=now))
                session.flush()
            add_members(session, sweep_id, planned.plan)
        return sweep_id

    def _queue(self, sweep_id: str, wanted: Callable[[MemberRun], bool], within_s: float) -> None:
        """A run for each member that is wanted, each in a transaction that looks again: of two that queue at
        once none doubles a run, and a break leaves whole members."""
        with self.database.read() as session:
            spec = SweepSpec.model_validate(session.get_one(SweepRow, sweep_id).spec)
            missing = [held for held in read_members(session, sweep_id) if wanted(held)]
        readiness, end = MemberPreparer(self.database, self.settings), time.monotonic() + within_s
        for held in missing:
            request = member_request(spec, held.member.setting, held.member.seed)
            ready = readiness.of(request, held.member.setting)
            with self.database.write() as session:
                member = session.get_one(SweepMemberRow, (sweep_id, held.member.place))
                if member.run_id != held.member.run_id:
                    continue
                member.run_id = enqueue(
                    session,
                    self.settings.runs_dir,
                    ready,
                    name=request.name,
                    preset=request.preset,
                    parent_id=held.run.id if held.run else None,
                )
                member.stopped_early = False
            if time.monotonic() > end:
                break
        if missing:
            stop_preflights(self.database)


def _require_fit(plan: SweepPlan) -> None:
    if not plan.unfit or plan.spec.leave_out:
        return
    first, n = plan.unfit[0], len(plan.unfit)
    raise InvalidInputError(
        "unfit_settings",
        f"{n} of {n + len(plan.settings)} settings cannot work, such as {setting_words(first.values)}: "
        f"{first.sentence}; change the values, or have them left out (leave_out)",
        first.field,
    )


def _require_confirmed(plan: SweepPlan, confirmed: int | None) -> None:
    if plan.must_confirm and confirmed != plan.runs:
        said = "" if confirmed is None else f", not {confirmed:,}"
        raise InvalidInputError(
            "confirm_runs",
            f"this queues {plan.runs:,} runs; confirm it by their number, confirm_runs = {plan.runs}{said}",
            "confirm_runs",
        )
