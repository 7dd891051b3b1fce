"""Which sweep a launch belongs to, and the members that it lacks."""

import hashlib
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.models import DatasetRow, SweepMemberRow, SweepRow
from backend.services.experiments.sweep_plans import ResolvedPlan, first_seed
from backend.services.experiments.sweep_results import read_members
from shared.configs import Config
from shared.contract.sweeps import SweepPlan


def find_existing(session: Session, planned: ResolvedPlan) -> str | None:
    """The sweep of these settings on these galaxies, whatever it is called and whichever of its settings
    could work when it was launched; None where there is none."""
    same = sweep_id_of(session, planned)
    if session.get(SweepRow, same) is not None:
        return same
    meant = _meant(planned.plan.spec.model_dump(mode="json"))
    rows = session.scalars(select(SweepRow).order_by(SweepRow.created_at.desc()))
    alike = (row.id for row in rows if _meant(row.spec) == meant)
    return next((sweep_id for sweep_id in alike if _is_of_galaxies(session, sweep_id, planned)), None)


def sweep_id_of(session: Session, planned: ResolvedPlan) -> str:
    """Of a sweep: a digest of its settings and the galaxies of those that can work now."""
    galaxies = [_galaxies(session, config) for config in planned.configs]
    meant = _told([_meant(planned.plan.spec.model_dump(mode="json")), galaxies])
    return f"sweep-{hashlib.sha256(meant.encode()).hexdigest()[:8]}"


def add_members(session: Session, sweep_id: str, plan: SweepPlan) -> None:
    """Every setting with every seed, but for those that are there; every setting comes once before any comes
    with a second seed."""
    stored = [held.member for held in read_members(session, sweep_id)]
    there = {(_told(member.setting), member.seed) for member in stored}
    first = first_seed(plan.spec)
    seeds = range(first, first + plan.spec.seeds)
    wanted = [(values, seed) for seed in seeds for values in plan.settings]
    missing = [(values, seed) for values, seed in wanted if (_told(values), seed) not in there]
    session.add_all(
        SweepMemberRow(sweep_id=sweep_id, place=place, setting=values, seed=seed)
        for place, (values, seed) in enumerate(missing, start=len(stored))
    )


def _is_of_galaxies(session: Session, sweep_id: str, planned: ResolvedPlan) -> bool:
    """Whether none of its runs was on others than its setting means now."""
    means = zip(planned.plan.settings, planned.configs, strict=True)
    now = {_told(values): _galaxies(session, config) for values, config in means}
    held = [(_told(member.setting), run) for member, run in read_members(session, sweep_id)]
    return all(
        (run.dataset_digest, run.eval_dataset_digest) == now[told]
        for told, run in held
        if run and told in now
    )


def _galaxies(session: Session, config: Config) -> tuple[str, str]:
    """Digests of what a run is trained and what it is judged on."""
    trained = getattr(config, "dataset", None)
    judged = getattr(config, "eval_dataset", None) or trained
    on, by = (session.get_one(DatasetRow, name).digest for name in (trained, judged))
    return on, by


def _meant(spec: dict[str, Any]) -> dict[str, Any]:
    """A stored spec without what it is called and where it came from."""
    return {key: value for key, value in spec.items() if key not in ("name", "base_run", "leave_out")}


def _told(values: object) -> str:
    return json.dumps(values, sort_keys=True)
