"""Suites: plan, report, launch missing runs, stop."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from sqlalchemy import select

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import InvalidInputError, NotFoundError
from backend.jobs import registry
from backend.services.datasets.browsing import require_dataset
from backend.services.evaluation.evaluations import Evaluations
from backend.services.launching.create import create_run
from backend.services.runs.answers import queue_positions, to_run
from backend.services.runs.lifecycle import stop_run
from backend.settings import Settings
from backend.stats.claims import decide_claims
from shared.base.states import TERMINAL, RunState
from shared.base.vocabulary import Basis, Head
from shared.configs import Config
from shared.configs.kinds import JOB_KINDS, RunKind
from shared.configs.models import EncoderConfig
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Run, RunRequest
from shared.contract.suites import PlannedRun, RowResult, RowSpec, Slot, SuitePlan, SuiteReport, SuiteScale
from shared.planning.suite_plans import plan_suite
from shared.planning.suite_texts import SUITES

MOST_SEEDS = 10
LOST = frozenset({RunState.FAILED, RunState.CANCELLED})
IGNORED = {"device", "precision", "keep_checkpoints", "sample_count", "checkpoint"}
"""Settings that may differ between runs of one slot."""
REFERENCES = (
    RowSpec(name="linear, random init", head=Head.LINEAR, basis=Basis.RANDOM_INIT, slots=[]),
    RowSpec(name="linear, raw pixels", head=Head.LINEAR, basis=Basis.RAW_PIXELS, slots=[]),
    RowSpec(name="k-NN, raw pixels", head=Head.KNN, basis=Basis.RAW_PIXELS, slots=[]),
    RowSpec(name="majority class", head=None, basis=Basis.MAJORITY, slots=[]),
)


@dataclass(frozen=True)
class Suites:
    """Reads and launches suites."""

    database: Database
    settings: Settings
    evaluations: Evaluations

    def plan(self, key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuitePlan:
        """Raises NotFoundError for an unknown suite, InvalidInputError for the number of seeds."""
        if key not in SUITES:
            known = ", ".join(SUITES)
            raise NotFoundError("suite_not_found", f"there is no suite {key}; there are: {known}", "suite")
        if not 1 <= seeds <= MOST_SEEDS:
            raise InvalidInputError("bad_seeds", f"seeds {seeds} is not within 1 to {MOST_SEEDS}", "seeds")
        return plan_suite(key, scale, dataset, seeds)

    def report(self, key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuiteReport:
        """The suite as it stands. Raises as plan does, NotFoundError for an unknown dataset."""
        plan = self.plan(key, scale, dataset, seeds)
        found, digest = self._match(plan)
        made = self.evaluations.of_runs([run.id for run in found.values()])
        rows = [_row(spec, found, made) for spec in plan.rows]
        runs = [PlannedRun(slot=slot, run=found.get(slot.key)) for slot in plan.slots]
        states = [planned.run.state for planned in runs if planned.run is not None]
        return SuiteReport(
            plan=plan,
            dataset_digest=digest,
            runs=runs,
            rows=rows,
            references=_references(plan, [one for run in found.values() for one in made.get(run.id, [])]),
            claims=decide_claims(plan.claims, rows),
            missing=len(runs) - len(states),
            active=sum(state not in TERMINAL for state in states),
            done=sum(state is RunState.SUCCEEDED for state in states),
            cost_s=self._cost(plan, found),
        )

    def launch(self, key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuiteReport:
        """Queue missing runs, each after the one whose encoder it uses. Existing runs, of any suite, are
        reused."""
        plan = self.plan(key, scale, dataset, seeds)
        found, _ = self._match(plan)
        ids = {slot: run.id for slot, run in found.items()}
        for slot in plan.slots:
            if slot.key not in ids:
                config = slot.config | ({"encoder": ids[slot.encoder]} if slot.encoder else {})
                request = RunRequest(kind=slot.kind, config=config, name=f"{key} · {slot.key}")
                ids[slot.key] = create_run(self.database, self.settings, request).id
        return self.report(key, scale, dataset, seeds)

    def stop(self, key: str, scale: SuiteScale, dataset: str, seeds: int) -> SuiteReport:
        """Stop every active run of the suite; a launch queues them again."""
        found, _ = self._match(self.plan(key, scale, dataset, seeds))
        for run in found.values():
            if run.state not in TERMINAL:
                stop_run(self.database, run.id)
        return self.report(key, scale, dataset, seeds)

    def _match(self, plan: SuitePlan) -> tuple[dict[str, Run], str]:
        """The newest run of each slot, by config, on this version of the dataset, unless it failed; and the
        digest of the dataset."""
        with self.database.read() as session:
            dataset = require_dataset(session, plan.dataset)
            kinds = {slot.kind.value for slot in plan.slots}
            lost = [state.value for state in LOST]
            query = select(RunRow).where(
                RunRow.kind.in_(kinds), RunRow.dataset_digest == dataset.digest, RunRow.state.not_in(lost)
            )
            rows = session.scalars(query.order_by(RunRow.created_at)).all()
            positions = queue_positions(session, rows)
            references = registry.baselines_of(session, dataset.digest)
            by_config = {
                (row.kind, _config_key(row.config)): to_run(row, references, positions) for row in rows
            }
            digest = dataset.digest
        found: dict[str, Run] = {}
        for slot in plan.slots:
            if slot.encoder is None or slot.encoder in found:
                config = _full_config(slot, found[slot.encoder] if slot.encoder else None)
                run = by_config.get((slot.kind.value, _config_key(config)))
                if run is not None:
                    found[slot.key] = run
        return found, digest

    def _cost(self, plan: SuitePlan, found: dict[str, Run]) -> float | None:
        """Seconds of the missing slots, by the latest run of each kind; None where a kind has none."""
        missing = [slot for slot in plan.slots if slot.key not in found]
        known = {kind: self._seconds(kind) for kind in {slot.kind for slot in missing}}
        if any(seconds is None for seconds in known.values()):
            return None
        return sum(known[slot.kind] or 0.0 for slot in missing)

    def _seconds(self, kind: RunKind) -> float | None:
        query = select(RunRow).where(RunRow.kind == kind.value, RunRow.state == RunState.SUCCEEDED.value)
        with self.database.read() as session:
            row = session.scalar(query.order_by(RunRow.created_at.desc()).limit(1))
        if row is None or row.started_at is None or row.ended_at is None:
            return None
        return (row.ended_at - row.started_at).total_seconds()


def _row(spec: RowSpec, found: Mapping[str, Run], made: Mapping[str, Sequence[Evaluation]]) -> RowResult:
    """The results of a row: evaluations of its head and basis."""
    runs = [found[slot].id for slot in spec.slots if slot in found]
    results = [
        next((one for one in made.get(run, []) if (one.head, one.basis) == (spec.head, spec.basis)), None)
        for run in runs
    ]
    return row_result(spec, [one for one in results if one is not None])


def _references(plan: SuitePlan, made: Sequence[Evaluation]) -> list[RowResult]:
    """Untrained references, from the first run that has them, except those with rows of their own."""
    own = {(row.head, row.basis) for row in plan.rows}
    rows = []
    for spec in (spec for spec in REFERENCES if (spec.head, spec.basis) not in own):
        fitting = [one for one in made if (one.head, one.basis) == (spec.head, spec.basis)]
        rows.append(row_result(spec, [one for one in fitting if one.label_fraction == 1][:1]))
    return [row for row in rows if row.accuracies]


def row_result(spec: RowSpec, found: Sequence[Evaluation]) -> RowResult:
    """Mean and spread of the evaluations of a row, by seed."""
    seeds = sorted(found, key=lambda one: one.seed)
    values = [one.accuracy for one in seeds]
    return RowResult.from_attributes(
        spec,
        evaluations=[one.id for one in seeds],
        seeds=[one.seed for one in seeds],
        accuracies=values,
        balanced_accuracies=[one.balanced_accuracy for one in seeds],
        mean=mean(values) if values else None,
        std=stdev(values) if len(values) > 1 else None,
        first_ci95=seeds[0].accuracy_ci95 if seeds else None,
        n=seeds[0].n if seeds else None,
    )


def _full_config(slot: Slot, encoder: Run | None) -> dict[str, Any]:
    """The full config of the run of a slot."""
    values = slot.config | ({"encoder": encoder.id} if encoder else {})
    if slot.kind is RunKind.SUPERVISED and encoder is not None:  # as prepare_classifier does
        values = {name: encoder.config[name] for name in EncoderConfig.model_fields} | values
    config: Config = JOB_KINDS[slot.kind].config.model_validate(values)
    return config.model_dump(mode="json")


def _config_key(config: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in sorted(config.items()) if key not in IGNORED})
