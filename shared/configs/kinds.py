"""Kinds of run: one record each.

To add a kind, write its record here, its module in `backend/jobs/tasks`, and, if a request must be completed
or checked before it is queued, its `prepare` in `backend/services/launching` (listed in `create.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Self

from shared.base.config import Config
from shared.configs.classifiers import FinetuneConfig, SupervisedConfig
from shared.configs.cutouts import CutoutsConfig
from shared.configs.datasets import DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.embeddings import EmbedConfig, ProjectConfig
from shared.configs.models import ImportModelConfig, SelfTestConfig
from shared.configs.pretraining import PretrainConfig
from shared.configs.probes import BaselinesConfig, ProbeConfig


class RunKind(StrEnum):
    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    SUPERVISED = "supervised"
    IMPORT_MODEL = "import_model"
    PROBE = "probe"
    EMBED = "embed"
    PROJECT = "project"
    BASELINES = "baselines"
    IMPORT = "import"
    SIMULATE = "simulate"
    DOWNLOAD = "download"
    CUTOUTS = "cutouts"
    SUBSET = "subset"
    PREFLIGHT = "preflight"
    SELFTEST = "selftest"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls("import_model") if value == "adopt" else None  # its name before 0.2


class Lane(StrEnum):
    """A queue with one slot: `train` uses the device, `light` the CPU beside a training, `network` a
    download."""

    TRAIN = "train"
    LIGHT = "light"
    NETWORK = "network"


class Trait(StrEnum):
    """A property of a kind, for code and pages to test instead of its name."""

    TRAINS = "trains"
    """Trains a model: uses the device for hours, and can pause."""
    CLASSIFIES = "classifies"
    """Trains an encoder with a head, on labels."""
    STARTS_FROM_WEIGHTS = "starts_from_weights"
    """Its encoder starts from the weights of another run."""
    SAMPLES = "samples"
    """Reconstructs fixed galaxies as it trains; its step 0 is the random init."""
    LEAVES_MODEL = "leaves_model"
    """Leaves a model that can be viewed."""
    MAKES_DATASET = "makes_dataset"
    """Creates a dataset, named by `name` in its config."""
    SWEEPABLE = "sweepable"
    """A sweep may vary its settings."""
    BUNDLED = "bundled"
    """Can be exported as a zip and imported elsewhere."""
    ANNOUNCED = "announced"
    """Gives a notice on success too, not only on failure."""
    QUIET = "quiet"
    """Gives no notices: no user is waiting, or its own page shows the outcome."""


@dataclass(frozen=True)
class JobKind:
    """One kind of run. `task` is the module of backend.jobs.tasks whose `run(spec, home, writer)` does it."""

    kind: RunKind
    config: type[Config]
    lane: Lane
    task: str
    traits: frozenset[Trait] = frozenset()


def _records(*records: JobKind) -> dict[RunKind, JobKind]:
    return {record.kind: record for record in records}


_K, _T = RunKind, Trait
_TRAINING = frozenset({_T.TRAINS, _T.LEAVES_MODEL, _T.SWEEPABLE, _T.BUNDLED, _T.ANNOUNCED})
_DATASET = frozenset({_T.MAKES_DATASET})
_QUIET = frozenset({_T.QUIET})

JOB_KINDS: dict[RunKind, JobKind] = _records(
    JobKind(_K.PRETRAIN, PretrainConfig, Lane.TRAIN, "pretraining", _TRAINING | {_T.SAMPLES}),
    JobKind(
        _K.FINETUNE,
        FinetuneConfig,
        Lane.TRAIN,
        "classify",
        _TRAINING | {_T.CLASSIFIES, _T.STARTS_FROM_WEIGHTS},
    ),
    JobKind(_K.SUPERVISED, SupervisedConfig, Lane.TRAIN, "classify", _TRAINING | {_T.CLASSIFIES}),
    JobKind(
        _K.IMPORT_MODEL,
        ImportModelConfig,
        Lane.LIGHT,
        "import_model",
        frozenset({_T.LEAVES_MODEL, _T.BUNDLED}),
    ),
    JobKind(_K.PROBE, ProbeConfig, Lane.LIGHT, "probe", frozenset({_T.BUNDLED, _T.ANNOUNCED})),
    JobKind(_K.EMBED, EmbedConfig, Lane.LIGHT, "embed"),
    JobKind(_K.PROJECT, ProjectConfig, Lane.LIGHT, "project"),
    JobKind(_K.BASELINES, BaselinesConfig, Lane.LIGHT, "baselines", _QUIET),
    JobKind(_K.IMPORT, ImportConfig, Lane.LIGHT, "datasets", _DATASET | {_T.ANNOUNCED}),
    JobKind(_K.SIMULATE, SimulateConfig, Lane.LIGHT, "datasets", _DATASET),
    JobKind(_K.DOWNLOAD, DownloadConfig, Lane.NETWORK, "datasets", _DATASET | {_T.ANNOUNCED}),
    JobKind(_K.CUTOUTS, CutoutsConfig, Lane.NETWORK, "datasets", _DATASET | {_T.ANNOUNCED}),
    JobKind(_K.SUBSET, SubsetConfig, Lane.LIGHT, "datasets", _DATASET),
    JobKind(_K.PREFLIGHT, PretrainConfig, Lane.TRAIN, "pretraining", _QUIET),
    JobKind(_K.SELFTEST, SelfTestConfig, Lane.TRAIN, "pretraining", _QUIET),
)
"""A preflight has the config of the training that it tries."""


def has_trait(kind: str, trait: Trait) -> bool:
    """Whether runs of `kind` have the trait. Raises ValueError for an unknown kind."""
    return trait in JOB_KINDS[RunKind(kind)].traits


@cache
def kinds_with(trait: Trait) -> tuple[RunKind, ...]:
    """The kinds that have the trait, in the order of RunKind."""
    return tuple(kind for kind, record in JOB_KINDS.items() if trait in record.traits)


def traits_of(fields: Mapping[str, Any]) -> list[Trait]:
    """The traits of `fields["kind"]`, sorted: the default of a wire model's `traits` field."""
    return sorted(JOB_KINDS[fields["kind"]].traits)


def values_of(kinds: Iterable[RunKind]) -> list[str]:
    """Kinds as the database stores them."""
    return [kind.value for kind in kinds]
