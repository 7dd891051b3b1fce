"""Sweeps: plan, launch, report, stop, retry."""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, SweepMemberRow, SweepRow
from backend.errors import InvalidInputError, NotFoundError
from backend.jobs.queue import enqueue
from backend.services.experiments.sweep_plans import (
    MemberPreparer,
    ResolvedPlan,
    first_seed,
    member_request,
    plan_sweep,
)
from backend.services.experiments.sweep_results import (
    MemberRun,
    read_members,
    read_statuses,
    report_sweep,
    summarise,
)
from backend.services.launching.create import stop_preflights
from backend.services.runs.lifecycle import request_stop
from backend.settings import Settings
from shared.base.states import TERMINAL, RunState
from shared.configs import Config
from shared.contract.sweeps import SweepLaunch, SweepPlan, SweepReport, SweepSpec, SweepSummary
from shared.planning.sweep_words import setting_words


@dataclass(frozen=True)
class Sweeps:
    """Plans, launches and reads sweeps."""

    database: Database
    settings: Settings

    def plan(self, spec: SweepSpec) -> SweepPlan:
        """What a launch would queue, and its cost; see plan_sweep."""
        planned = plan_sweep(self.database, self.settings, spec)
        with self.database.read() as session:
            return planned.plan.model_copy(update={"existing": find_existing(session, planned)})

    def launch(self, request: SweepLaunch, within_s: float = math.inf) -> SweepReport:
        """Queue the missing runs of the sweep, as many as fit `within_s`; launching again continues. Raises
        as plan does, and InvalidInputError for invalid settings or an unconfirmed number of runs."""
        planned = plan_sweep(self.database, self.settings, request.spec)
        _require_valid(planned.plan, request.confirm_runs)
        sweep_id = self._enter(planned)
        self._queue(sweep_id, lambda one: one.run is None, within_s)
        return self.report(sweep_id)

    def retry(self, sweep_id: str, within_s: float = math.inf) -> SweepReport:
        """Queue again what failed, was stopped by hand, or is missing; not what was stopped early."""
        self.report(sweep_id)
        self._queue(sweep_id, lambda one: one.status.is_lost, within_s)
        return self.report(sweep_id)

    def stop(self, sweep_id: str) -> SweepReport:
        """Stop every active run."""
        for member in self.report(sweep_id).members:
            if member.run_id is not None and member.state not in TERMINAL | {RunState.STOPPING}:
                request_stop(self.database, member.run_id)
        return self.report(sweep_id)

    def report(self, sweep_id: str) -> SweepReport:
        """The sweep as it stands. Raises NotFoundError."""
        with self.database.read() as session:
            row = session.get(SweepRow, sweep_id)
            if row is None:
                said = f"there is no sweep {sweep_id}; the Sweep page lists them"
                raise NotFoundError("sweep_not_found", said)
            return report_sweep(session, row)

    def list_sweeps(self, run_id: str | None = None) -> list[SweepSummary]:
        """Newest first; with `run_id` those that contain the run."""
        query = select(SweepRow).order_by(SweepRow.created_at.desc(), SweepRow.id)
        if run_id is not None:
            containing = select(SweepMemberRow.sweep_id).where(SweepMemberRow.run_id == run_id)
            query = query.where(SweepRow.id.in_(containing))
        with self.database.read() as session:
            rows = session.scalars(query).all()
            return [summarise(row, read_statuses(session, row.id)) for row in rows]

    def _enter(self, planned: ResolvedPlan) -> str:
        """Add the sweep and its missing members, not queued yet, in one transaction."""
        with self.database.write() as session:
            sweep_id = find_existing(session, planned)
            if sweep_id is None:
                sweep_id, spec = sweep_id_of(session, planned), planned.plan.spec
                stored, now = spec.model_dump(mode="json"), datetime.now(UTC)
                session.add(SweepRow(id=sweep_id, name=spec.name, spec=stored, created_at=now))
                session.flush()
            add_members(session, sweep_id, planned.plan)
        return sweep_id

    def _queue(self, sweep_id: str, condition: Callable[[MemberRun], bool], within_s: float) -> None:
        """Queue a run for each member that meets the condition, each in its own transaction, which checks
        that no other process has queued it meanwhile."""
        with self.database.read() as session:
            spec = SweepSpec.model_validate(session.get_one(SweepRow, sweep_id).spec)
            missing = [one for one in read_members(session, sweep_id) if condition(one)]
        readiness, end = MemberPreparer(self.database, self.settings), time.monotonic() + within_s
        for one in missing:
            request = member_request(spec, one.member.setting, one.member.seed)
            ready = readiness.of(request, one.member.setting)
            with self.database.write() as session:
                member = session.get_one(SweepMemberRow, (sweep_id, one.member.place))
                if member.run_id != one.member.run_id:
                    continue
                labels = {"name": request.name, "preset": request.preset}
                labels["parent_id"] = one.run.id if one.run else None
                member.run_id = enqueue(session, self.settings.runs_dir, ready, **labels)
                member.stopped_early = False
            if time.monotonic() > end:
                break
        if missing:
            stop_preflights(self.database)


def _require_valid(plan: SweepPlan, confirmed: int | None) -> None:
    if plan.unfit and not plan.spec.leave_out:
        first, n = plan.unfit[0], len(plan.unfit)
        raise InvalidInputError(
            "unfit_settings",
            f"{n} of {n + len(plan.settings)} settings are invalid, such as {setting_words(first.values)}: "
            f"{first.sentence}; change the values, or skip them (leave_out)",
            first.field,
        )
    if plan.must_confirm and confirmed != plan.runs:
        given = "" if confirmed is None else f", not {confirmed:,}"
        raise InvalidInputError(
            "confirm_runs",
            f"this queues {plan.runs:,} runs; confirm the number with confirm_runs = {plan.runs}{given}",
            "confirm_runs",
        )


def find_existing(session: Session, planned: ResolvedPlan) -> str | None:
    """The existing sweep with these settings on these galaxies, under any name, even if some settings were
    invalid when it was launched."""
    same = sweep_id_of(session, planned)
    if session.get(SweepRow, same) is not None:
        return same
    identity = _identity(planned.plan.spec.model_dump(mode="json"))
    rows = session.scalars(select(SweepRow).order_by(SweepRow.created_at.desc()))
    alike = (row.id for row in rows if _identity(row.spec) == identity)
    return next((sweep_id for sweep_id in alike if _is_of_galaxies(session, sweep_id, planned)), None)


def sweep_id_of(session: Session, planned: ResolvedPlan) -> str:
    """A digest of the settings, and of the galaxies of the valid ones."""
    galaxies = [_galaxies(session, config) for config in planned.configs]
    identity = _canonical([_identity(planned.plan.spec.model_dump(mode="json")), galaxies])
    return f"sweep-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def add_members(session: Session, sweep_id: str, plan: SweepPlan) -> None:
    """Add missing members: every setting with every seed, ordered by seed."""
    stored = [one.member for one in read_members(session, sweep_id)]
    existing = {(_canonical(member.setting), member.seed) for member in stored}
    first = first_seed(plan.spec)
    seeds = range(first, first + plan.spec.seeds)
    members = [(values, seed) for seed in seeds for values in plan.settings]
    missing = [(values, seed) for values, seed in members if (_canonical(values), seed) not in existing]
    session.add_all(
        SweepMemberRow(sweep_id=sweep_id, place=place, setting=values, seed=seed)
        for place, (values, seed) in enumerate(missing, start=len(stored))
    )


def _is_of_galaxies(session: Session, sweep_id: str, planned: ResolvedPlan) -> bool:
    """Whether each of its runs was on the galaxies that its setting refers to now."""
    means = zip(planned.plan.settings, planned.configs, strict=True)
    now = {_canonical(values): _galaxies(session, config) for values, config in means}
    runs = [(_canonical(member.setting), run) for member, run in read_members(session, sweep_id)]
    return all(
        (run.dataset_digest, run.eval_dataset_digest) == now[setting]
        for setting, run in runs
        if run and setting in now
    )


def _galaxies(session: Session, config: Config) -> tuple[str, str]:
    """Digests of the datasets that a run is trained and evaluated on."""
    trained = getattr(config, "dataset", None)
    probed = getattr(config, "eval_dataset", None) or trained
    on, by = (session.get_one(DatasetRow, name).digest for name in (trained, probed))
    return on, by


def _identity(spec: dict[str, Any]) -> dict[str, Any]:
    """A stored spec without its name and origin."""
    return {key: value for key, value in spec.items() if key not in ("name", "base_run", "leave_out")}


def _canonical(values: object) -> str:
    return json.dumps(values, sort_keys=True)
