"""What all runs of a sweep cost, as a launch estimates one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.services.datasets.browsing import to_dataset
from backend.services.machine.facts import free_memory_bytes
from backend.services.runs.times import RunHistory
from shared.configs import ClassifierConfig, Config, PretrainConfig
from shared.contract.datasets import Dataset
from shared.contract.sweeps import SweepSpec
from shared.planning.cost import estimate_cost

UNKNOWN = "nothing like it has been trained here yet"
SOURCES = ("measured", "earlier run", "estimated")
"""From the surest."""


@dataclass(frozen=True)
class SweepCost:
    """Of all runs; None where nothing tells. `unfitting`: settings that may need more memory than is free."""

    total_s: float | None
    basis: str
    disk_bytes: int | None
    unfitting: int = 0


def cost_of_sweep(database: Database, spec: SweepSpec, configs: Sequence[Config]) -> SweepCost:
    """Seconds and bytes of every seed of every setting."""
    with database.read() as session:
        pretrained = [config for config in configs if isinstance(config, PretrainConfig)]
        if len(pretrained) == len(configs):
            return _of_pretrainings(session, pretrained, spec.seeds)
        classified = [config for config in configs if isinstance(config, ClassifierConfig)]
        return _of_classifiers(session, spec, classified)


def _of_pretrainings(session: Session, configs: Sequence[PretrainConfig], seeds: int) -> SweepCost:
    history = RunHistory(session)
    datasets: dict[str, Dataset] = {}
    seconds: list[float | None] = []
    sources: set[str] = set()
    disk = unfitting = 0
    free = free_memory_bytes(configs[0].device)
    for config in configs:
        if config.dataset not in datasets:
            datasets[config.dataset] = to_dataset(session.get_one(DatasetRow, config.dataset))
        cost = estimate_cost(config, datasets[config.dataset])
        timing = history.timing(config, cost, datasets[config.dataset])
        seconds.append(timing.total_s)
        sources.add(timing.source)
        disk += cost.disk_bytes
        unfitting += (timing.memory_bytes or cost.memory_bytes) > free
    known = [one for one in seconds if one is not None]
    if len(known) < len(seconds):
        return SweepCost(None, UNKNOWN, disk * seeds, unfitting)
    worst = max(sources, key=SOURCES.index)
    basis = {"measured": "measured", "earlier run": "by earlier runs", "estimated": "estimated by FLOPs"}[
        worst
    ]
    return SweepCost(sum(known) * seeds, basis, disk * seeds, unfitting)


def _of_classifiers(session: Session, spec: SweepSpec, configs: Sequence[ClassifierConfig]) -> SweepCost:
    """By the newest of its kind on the dataset that went through here in one go, by epochs and share of
    labels."""
    known = next((run for run in RunHistory(session).succeeded(spec.kind) if _is_alike(run, configs)), None)
    if known is None or known.started_at is None or known.ended_at is None:
        return SweepCost(None, UNKNOWN, None)
    took = (known.ended_at - known.started_at).total_seconds()
    theirs = known.config["epochs"] * known.config["label_fraction"]
    ours = sum(config.epochs * config.label_fraction for config in configs) * spec.seeds
    disk = known.disk_bytes * len(configs) * spec.seeds if known.disk_bytes else None
    return SweepCost(took * ours / theirs, f"at the speed of {known.id}", disk)


def _is_alike(run: RunRow, configs: Sequence[ClassifierConfig]) -> bool:
    return run.attempt == 1 and run.dataset == getattr(configs[0], "dataset", None)
