"""What a sweep would queue: its settings, which of them can work, and what they cost."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from backend.db.engine import Database
from backend.db.models import DatasetRow
from backend.errors import GalaxyscopeError, InvalidInputError, shortened
from backend.jobs.queue import ReadyRun
from backend.services.experiments.sweep_costs import SweepCost, cost_of_sweep
from backend.services.launching.create import ready_run, resolve_config
from backend.services.runs.lifecycle import get_run
from backend.settings import Settings
from shared.configs import Config, PretrainConfig
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
from shared.planning.sweep_draws import SweepError, draw_settings
from shared.planning.sweep_words import setting_words

LOSS_DEPENDS_ON = frozenset(
    "mask_ratio norm_pix_loss variance_floor patch_size img_size crop_size mixup label_smoothing".split()
)
"""Settings that change what a loss is of, so that it cannot be compared over them."""


CHECKED = frozenset(EncoderConfig.model_fields) | frozenset(
    "dataset eval_dataset encoder checkpoint label_fraction batch_size".split()
)
"""Settings that decide whether data and encoder allow a run, and that these may complete; all else the config
decides by itself."""


@dataclass(frozen=True)
class MemberPreparer:
    """Makes runs of a sweep ready, as ready_run does, asking data and encoder once for what is alike."""

    database: Database
    settings: Settings
    _known: dict[str, ReadyRun] = field(default_factory=dict)

    def of(self, request: RunRequest, varied: Iterable[str]) -> ReadyRun:
        """Raises as ready_run does. `varied` are the settings in which the runs differ."""
        config = resolve_config(request)
        key = config.model_dump_json(include=set(CHECKED))
        if key not in self._known:
            self._known[key] = ready_run(self.database, self.settings, request)
        ready = self._known[key]
        own = {name: getattr(config, name) for name in {*varied, "seed"} - CHECKED}
        return replace(ready, config=ready.config.model_copy(update=own))


@dataclass(frozen=True)
class ResolvedPlan:
    """A plan with the config of each of its settings, and what it costs."""

    plan: SweepPlan
    configs: list[Config]


def plan_sweep(database: Database, settings: Settings, spec: SweepSpec) -> ResolvedPlan:
    """What a launch would queue. Raises InvalidInputError for an axis that cannot be, for too many runs, and
    where no setting can work."""
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
    """The spec with the settings of its base run in its config, and its objective by name."""
    if spec.base_run is not None:
        run = get_run(database, spec.base_run)
        values = {"kind": run.kind, "preset": run.preset, "config": run.config | spec.config}
        spec = spec.model_copy(update=values)
    if not has_trait(spec.kind, Trait.SWEEPABLE):
        known = ", ".join(kinds_with(Trait.SWEEPABLE))
        raise InvalidInputError(
            "not_swept", f"a job of kind {spec.kind} cannot be swept; there are: {known}", "kind"
        )
    objective = objective_of(spec)
    if objective is None:
        known = ", ".join(one.key for one in OBJECTIVES[spec.kind])
        raise InvalidInputError(
            "unknown_objective",
            f"a {spec.kind} has no objective {spec.objective}; there are: {known}",
            "objective",
        )
    return spec.model_copy(update={"objective": objective.key})


def member_request(spec: SweepSpec, values: dict[str, Any], seed: int) -> RunRequest:
    """The launch of one member."""
    name = f"{spec.name or 'sweep'} · {setting_words(values)}"
    config = spec.config | values | {"seed": seed}
    return RunRequest(kind=spec.kind, preset=spec.preset, config=config, name=_short(name, 80))


def first_seed(spec: SweepSpec) -> int:
    """Raises InvalidInputError for what is no whole number."""
    seed = spec.config.get("seed", 0)
    try:
        return TypeAdapter(int).validate_python(seed)
    except ValidationError:
        said = f"seed = {shortened(seed)} is no whole number; give one from 0 on"
        raise InvalidInputError("bad_seed", said, "seed") from None


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _drawn(spec: SweepSpec) -> list[dict[str, Any]]:
    try:
        return draw_settings(spec)
    except SweepError as error:
        raise InvalidInputError("bad_sweep", str(error), error.field) from None


Fitting = list[tuple[dict[str, Any], Config]]


def _sort_out(
    database: Database, readiness: MemberPreparer, spec: SweepSpec, drawn: Sequence[dict[str, Any]]
) -> tuple[Fitting, list[UnfitSetting]]:
    """Settings that can work, with their configs, and those that cannot; settings that come to the same
    config are one. Raises the first fault where none can work."""
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
            if (name or field == "dataset") and session.get(DatasetRow, name) is None:
                raise InvalidInputError(
                    "dataset_not_found", f"there is no dataset {name}; the data page lists them", field
                )


def _require_objective(database: Database, spec: SweepSpec, config: Config) -> None:
    """Raise where no run would ever report the objective."""
    objective = objective_of(spec)
    if not isinstance(config, PretrainConfig) or objective is None or not objective.share:
        return
    with database.read() as session:
        judged = session.get_one(DatasetRow, config.eval_dataset or config.dataset)
    if not judged.info["class_names"]:
        raise InvalidInputError(
            "no_labels",
            f"{judged.name} has no labels, so there is no {objective.title}; take val/loss or val/rankme, or "
            "set eval_dataset",
            "objective",
        )
    if config.online_probe == "off" and "linear" in objective.key:
        raise InvalidInputError(
            "no_probe", "online_probe is off, so there is no linear probe; take val/knn_accuracy", "objective"
        )


def _warnings(spec: SweepSpec, runs: int, cost: SweepCost, free: int) -> list[str]:
    said = []
    mixed = [axis.field for axis in spec.axes if axis.field in LOSS_DEPENDS_ON]
    if spec.objective == "val/loss" and mixed:
        said.append(
            f"val/loss is of something else at each {' and '.join(mixed)}, so it cannot be compared over it; "
            "take an accuracy."
        )
    if len({axis.field for axis in spec.axes} & {"dataset", "eval_dataset"}) > 0:
        said.append("Figures on different datasets cannot be compared.")
    if spec.stop_early and runs <= FEWEST_OTHERS:
        said.append(f"Stopping early needs {FEWEST_OTHERS} other runs to go by: nothing will be stopped.")
    if cost.disk_bytes is not None and cost.disk_bytes > free:
        said.append("The disk is too small for all of it: keep fewer checkpoints (keep_checkpoints).")
    if cost.unfitting:
        said.append(f"{cost.unfitting} of its settings may need more memory than is free.")
    if spec.kind is RunKind.PRETRAIN and spec.seeds == 1:
        said.append("One seed does not tell a setting from chance; three or more do.")
    return said
