"""Kinds, lanes and states of runs.

Every long act is a run of one queue. The table `TRANSITIONS` is the whole life of a run; nothing outside
`backend.jobs.state` changes a state.
"""

from enum import StrEnum


class RunKind(StrEnum):
    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    SUPERVISED = "supervised"
    IMPORT = "import"
    SIMULATE = "simulate"
    DOWNLOAD = "download"
    SUBSET = "subset"
    ADOPT = "adopt"
    BASELINES = "baselines"
    PROBE = "probe"
    EMBED = "embed"
    PROJECT = "project"
    PREFLIGHT = "preflight"
    SELFTEST = "selftest"


class Lane(StrEnum):
    """One slot each: `train` has the device, `light` works on the CPU beside a training, `network` waits for
    a download."""

    TRAIN = "train"
    LIGHT = "light"
    NETWORK = "network"


LANES: dict[RunKind, Lane] = {
    RunKind.PRETRAIN: Lane.TRAIN,
    RunKind.FINETUNE: Lane.TRAIN,
    RunKind.SUPERVISED: Lane.TRAIN,
    RunKind.IMPORT: Lane.LIGHT,
    RunKind.SIMULATE: Lane.LIGHT,
    RunKind.DOWNLOAD: Lane.NETWORK,
    RunKind.SUBSET: Lane.LIGHT,
    RunKind.ADOPT: Lane.LIGHT,
    RunKind.BASELINES: Lane.LIGHT,
    RunKind.PROBE: Lane.LIGHT,
    RunKind.EMBED: Lane.LIGHT,
    RunKind.PROJECT: Lane.LIGHT,
    RunKind.PREFLIGHT: Lane.TRAIN,
    RunKind.SELFTEST: Lane.TRAIN,
}


CLASSIFIER_KINDS = frozenset({RunKind.FINETUNE, RunKind.SUPERVISED})
"""Kinds that train an encoder together with a head, on labels."""


TRAINING_KINDS = CLASSIFIER_KINDS | {RunKind.PRETRAIN}
"""Kinds that train a model: they have the device for hours, and can pause."""


MODEL_KINDS = TRAINING_KINDS | {RunKind.ADOPT}
"""Kinds that leave a model to look into; the others prepare data or references, or measure."""


DATASET_MAKERS = frozenset({RunKind.IMPORT, RunKind.SIMULATE, RunKind.DOWNLOAD, RunKind.SUBSET})
"""Kinds that leave a dataset behind, named by `name` in their config."""


class RunState(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    LOST = "lost"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = RunState


TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _S.QUEUED: frozenset({_S.STARTING, _S.CANCELLED}),
    _S.STARTING: frozenset({_S.RUNNING, _S.STOPPING, _S.FAILED, _S.LOST}),
    _S.RUNNING: frozenset({_S.PAUSING, _S.STOPPING, _S.SUCCEEDED, _S.FAILED, _S.LOST}),
    _S.PAUSING: frozenset({_S.PAUSED, _S.SUCCEEDED, _S.FAILED, _S.STOPPING, _S.LOST}),
    _S.PAUSED: frozenset({_S.QUEUED, _S.CANCELLED}),
    _S.STOPPING: frozenset({_S.CANCELLED, _S.SUCCEEDED, _S.FAILED}),
    _S.LOST: frozenset({_S.QUEUED, _S.PAUSED, _S.FAILED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}


TERMINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)


HAS_WORKER = frozenset({_S.STARTING, _S.RUNNING, _S.PAUSING, _S.STOPPING})
"""States in which a worker process should exist."""
