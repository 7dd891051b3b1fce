"""Planning a sweep: its settings, which of them are valid, and what all runs cost."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow
from backend.errors import GalaxyscopeError, InvalidInputError, shortened
from backend.jobs.queue import ReadyRun
from backend.services.datasets.browsing import require_dataset, to_dataset
from backend.services.launching.create import ready_run, resolve_config
from backend.services.machine.status import free_memory_bytes
from backend.services.runs.lifecycle import get_run
from backend.services.runs.times import RunHistory
from backend.settings import Settings
from shared.configs import ClassifierConfig, Config, PretrainConfig
from shared.configs.kinds import RunKind, Trait, has_trait, kinds_with
from shared.configs.models import EncoderConfig
from shared.contract.runs import RunRequest
from shared.contract.sweeps import (
    ASK_ABOVE,
    FEWEST_OTHERS,
    OBJECTIVES,
    SweepPlan,
    SweepSpec,
    UnfitSetting,
    objective_of,
)
from shared.planning.cost import estimate_cost
from shared.planning.sweep_draws import SweepError, draw_settings
from shared.planning.sweep_words import setting_words

LOSS_DEPENDS_ON = frozenset(
    "mask_ratio norm_pix_loss variance_floor patch_size img_size crop_size mixup label_smoothing".split()
)
"""Settings that change the meaning of a loss, so that it cannot be compared across them."""

CHECKED = frozenset(EncoderConfig.model_fields) | frozenset(
    "dataset eval_dataset encoder checkpoint label_fraction batch_size".split()
)
"""Settings checked against data and encoder, which may complete them; the config validates the others."""
UNKNOWN = "nothing similar has been trained here yet"
BASIS = {"measured": "measured", "earlier run": "by earlier runs", "estimated": "estimated by FLOPs"}
"""Words for the source of a timing, from the most certain."""


@dataclass(frozen=True)
class SweepCost:
    """Of all runs; None where unknown. `unfitting`: settings that may need more memory than is free."""

    total_s: float | None
    basis: str
    disk_bytes: int | None
    unfitting: int = 0


@dataclass(frozen=True)
class MemberPreparer:
    """Prepares runs of a sweep as ready_run does, checking data and encoder once for equal settings."""

    database: Database
    settings: Settings
    _known: dict[str, ReadyRun] = field(default_factory=dict)

    def of(self, request: RunRequest, varied: Iterable[str]) -> ReadyRun:
        """Raises as ready_run does. `varied` are the settings that the sweep varies."""
        config = resolve_config(request)
        key = config.model_dump_json(include=set(CHECKED))
        if key not in self._known:
            self._known[key] = ready_run(self.database, self.settings, request)
        ready = self._known[key]
        own = {name: getattr(config, name) for name in {*varied, "seed"} - CHECKED}
        return replace(ready, config=ready.config.model_copy(update=own))


@dataclass(frozen=True)
class ResolvedPlan:
    """A plan with the config of each setting."""

    plan: SweepPlan
    configs: list[Config]


def plan_sweep(database: Database, settings: Settings, spec: SweepSpec) -> ResolvedPlan:
    """What a launch would queue. Raises InvalidInputError for an invalid axis, too many runs, and where no
    setting is valid."""
    spec = complete_spec(database, spec)
    drawn = _drawn(spec)
    fitting, unfit = _sort_out(database, MemberPreparer(database, settings), spec, drawn)
    configs = [config for _, config in fitting]
    _require_objective(database, spec, configs[0])
    cost = cost_of_sweep(database, spec, configs)
    free = shutil.disk_usage(settings.home).free
    runs = len(fitting) * spec.seeds
    plan = SweepPlan(
        spec=spec,
        objective=str(spec.objective),
        settings=[values for values, _ in fitting],
        unfit=unfit,
        runs=runs,
        total_s=cost.total_s,
        basis=cost.basis,
        disk_bytes=cost.disk_bytes,
        disk_free_bytes=free,
        must_confirm=runs > ASK_ABOVE,
        warnings=_warnings(spec, runs, cost, free),
        existing=None,
    )
    return ResolvedPlan(plan, configs)


def complete_spec(database: Database, spec: SweepSpec) -> SweepSpec:
    """The spec with the settings of its base run, and its objective."""
    if spec.base_run is not None:
        run = get_run(database, spec.base_run)
        values = {"kind": run.kind, "preset": run.preset, "config": run.config | spec.config}
        spec = spec.model_copy(update=values)
    if not has_trait(spec.kind, Trait.SWEEPABLE):
        said = f"a job of kind {spec.kind} cannot be swept; choose {', '.join(kinds_with(Trait.SWEEPABLE))}"
        raise InvalidInputError("not_swept", said, "kind")
    objective = objective_of(spec)
    if objective is None:
        known = ", ".join(one.key for one in OBJECTIVES[spec.kind])
        said = f"a {spec.kind} has no objective {spec.objective}; there are: {known}"
        raise InvalidInputError("unknown_objective", said, "objective")
    return spec.model_copy(update={"objective": objective.key})


def member_request(spec: SweepSpec, values: dict[str, Any], seed: int) -> RunRequest:
    """The launch of one member."""
    name = f"{spec.name or 'sweep'} · {setting_words(values)}"
    config = spec.config | values | {"seed": seed}
    name = name if len(name) <= 80 else f"{name[:79]}…"
    return RunRequest(kind=spec.kind, preset=spec.preset, config=config, name=name)


def first_seed(spec: SweepSpec) -> int:
    """Raises InvalidInputError unless it is an integer."""
    seed = spec.config.get("seed", 0)
    try:
        return TypeAdapter(int).validate_python(seed)
    except ValidationError:
        said = f"seed = {shortened(seed)} is not an integer; set one from 0 on"
        raise InvalidInputError("bad_seed", said, "seed") from None


def _drawn(spec: SweepSpec) -> list[dict[str, Any]]:
    try:
        return draw_settings(spec)
    except SweepError as error:
        raise InvalidInputError("bad_sweep", str(error), error.field) from None


Fitting = list[tuple[dict[str, Any], Config]]


def _sort_out(
    database: Database, readiness: MemberPreparer, spec: SweepSpec, drawn: Sequence[dict[str, Any]]
) -> tuple[Fitting, list[UnfitSetting]]:
    """Valid settings with their configs, and invalid ones; settings with equal configs count once. Raises the
    first fault where none is valid."""
    fitting: dict[str, tuple[dict[str, Any], Config]] = {}
    unfit: list[UnfitSetting] = []
    first: GalaxyscopeError | None = None
    seed = first_seed(spec)
    for values in drawn:
        try:
            request = member_request(spec, values, seed)
            config = readiness.of(request, values).config
            _require_datasets(database, config)
        except GalaxyscopeError as error:
            first = first or error
            unfit.append(UnfitSetting(values=values, field=error.field, sentence=error.detail))
        else:
            fitting.setdefault(config.model_dump_json(), (values, config))
    if first is not None and not fitting:
        raise first
    return list(fitting.values()), unfit


def _require_datasets(database: Database, config: Config) -> None:
    named = {field: getattr(config, field, None) for field in ("dataset", "eval_dataset")}
    with database.read() as session:
        for field, name in named.items():
            if name or field == "dataset":
                require_dataset(session, str(name), field)


def _require_objective(database: Database, spec: SweepSpec, config: Config) -> None:
    """Raise InvalidInputError where no run would report the objective."""
    objective = objective_of(spec)
    if not isinstance(config, PretrainConfig) or objective is None or not objective.share:
        return
    with database.read() as session:
        probed = session.get_one(DatasetRow, config.eval_dataset or config.dataset)
    if not probed.info["class_names"]:
        raise InvalidInputError(
            "no_labels",
            f"{probed.name} has no labels for {objective.title}; choose val/loss or val/rankme, or set "
            "eval_dataset",
            "objective",
        )
    if config.online_probe == "off" and "linear" in objective.key:
        said = "online_probe is off, so there is no linear probe; choose val/knn_accuracy"
        raise InvalidInputError("no_probe", said, "objective")


def _warnings(spec: SweepSpec, runs: int, cost: SweepCost, free: int) -> list[str]:
    warnings = []
    mixed = [axis.field for axis in spec.axes if axis.field in LOSS_DEPENDS_ON]
    if spec.objective == "val/loss" and mixed:
        fields = " and ".join(mixed)
        warnings.append(f"val/loss cannot be compared across {fields}, which change it; choose an accuracy.")
    if {axis.field for axis in spec.axes} & {"dataset", "eval_dataset"}:
        warnings.append("Results on different datasets cannot be compared.")
    if spec.stop_early and runs <= FEWEST_OTHERS:
        warnings.append(f"Early stopping compares with {FEWEST_OTHERS} other runs: nothing will be stopped.")
    if cost.disk_bytes is not None and cost.disk_bytes > free:
        warnings.append("Not enough disk space: keep fewer checkpoints (keep_checkpoints).")
    if cost.unfitting:
        warnings.append(f"{cost.unfitting} of its settings may need more memory than is free.")
    if spec.kind is RunKind.PRETRAIN and spec.seeds == 1:
        warnings.append("One seed cannot separate a setting from chance; use three or more.")
    return warnings


def cost_of_sweep(database: Database, spec: SweepSpec, configs: Sequence[Config]) -> SweepCost:
    """Seconds and bytes of every seed of every setting."""
    with database.read() as session:
        pretrained = [config for config in configs if isinstance(config, PretrainConfig)]
        if len(pretrained) == len(configs):
            return _of_pretrainings(session, pretrained, spec.seeds)
        classified = [config for config in configs if isinstance(config, ClassifierConfig)]
        return _of_classifiers(session, spec, classified)


def _of_pretrainings(session: Session, configs: Sequence[PretrainConfig], seeds: int) -> SweepCost:
    history, free = RunHistory(session), free_memory_bytes(configs[0].device)
    names = {config.dataset for config in configs}
    datasets = {name: to_dataset(session.get_one(DatasetRow, name)) for name in names}
    costs = [estimate_cost(config, datasets[config.dataset]) for config in configs]
    timings = [
        history.timing(config, cost, datasets[config.dataset])
        for config, cost in zip(configs, costs, strict=True)
    ]
    disk = seeds * sum(cost.disk_bytes for cost in costs)
    memory = [timing.memory_bytes or cost.memory_bytes for timing, cost in zip(timings, costs, strict=True)]
    unfitting = sum(needed > free for needed in memory)
    known = [timing.total_s for timing in timings if timing.total_s is not None]
    if len(known) < len(timings):
        return SweepCost(None, UNKNOWN, disk, unfitting)
    worst = max((timing.source for timing in timings), key=list(BASIS).index)
    return SweepCost(sum(known) * seeds, BASIS[worst], disk, unfitting)


def _of_classifiers(session: Session, spec: SweepSpec, configs: Sequence[ClassifierConfig]) -> SweepCost:
    """Scaled by epochs and share of labels from the newest run of this kind on the dataset that succeeded in
    one attempt."""
    dataset, runs = getattr(configs[0], "dataset", None), RunHistory(session).succeeded(spec.kind)
    known = next((run for run in runs if run.attempt == 1 and run.dataset == dataset), None)
    if known is None or known.started_at is None or known.ended_at is None:
        return SweepCost(None, UNKNOWN, None)
    took = (known.ended_at - known.started_at).total_seconds()
    theirs = known.config["epochs"] * known.config["label_fraction"]
    ours = sum(config.epochs * config.label_fraction for config in configs) * spec.seeds
    disk = known.disk_bytes * len(configs) * spec.seeds if known.disk_bytes else None
    return SweepCost(took * ours / theirs, f"at the speed of {known.id}", disk)
