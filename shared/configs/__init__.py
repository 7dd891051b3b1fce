"""What a person can set: one frozen model a kind of run.

The form, the shell, the API and the worker read these same classes. Each field carries its unit and group
in `json_schema_extra`, so that a form can be drawn from the class. Environment variables say where, never
what.
"""

from shared.base.config import DATASET_NAME, Config, ConfigConflictError, setting
from shared.base.runs import RunKind
from shared.configs.classifiers import ClassifierConfig, FinetuneConfig, SupervisedConfig
from shared.configs.datasets import DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.embeddings import EmbedConfig, ProjectConfig
from shared.configs.models import AdoptConfig, ModelConfig, SelfTestConfig, nearest_divisor
from shared.configs.pretraining import PretrainConfig, removed_patches, visible_patches
from shared.configs.probes import BaselinesConfig, ProbeConfig
from shared.configs.training import TrainingConfig

__all__ = [
    "CONFIGS",
    "DATASET_NAME",
    "AdoptConfig",
    "BaselinesConfig",
    "ClassifierConfig",
    "Config",
    "ConfigConflictError",
    "DownloadConfig",
    "EmbedConfig",
    "FinetuneConfig",
    "ImportConfig",
    "ModelConfig",
    "PretrainConfig",
    "ProbeConfig",
    "ProjectConfig",
    "SelfTestConfig",
    "SimulateConfig",
    "SubsetConfig",
    "SupervisedConfig",
    "TrainingConfig",
    "nearest_divisor",
    "removed_patches",
    "setting",
    "visible_patches",
]


CONFIGS: dict[RunKind, type[Config]] = {
    RunKind.PRETRAIN: PretrainConfig,
    RunKind.FINETUNE: FinetuneConfig,
    RunKind.SUPERVISED: SupervisedConfig,
    RunKind.SIMULATE: SimulateConfig,
    RunKind.IMPORT: ImportConfig,
    RunKind.DOWNLOAD: DownloadConfig,
    RunKind.SUBSET: SubsetConfig,
    RunKind.ADOPT: AdoptConfig,
    RunKind.BASELINES: BaselinesConfig,
    RunKind.PROBE: ProbeConfig,
    RunKind.EMBED: EmbedConfig,
    RunKind.PROJECT: ProjectConfig,
    RunKind.PREFLIGHT: PretrainConfig,
    RunKind.SELFTEST: SelfTestConfig,
}
"""A preflight is asked with the config of the training it tries."""
