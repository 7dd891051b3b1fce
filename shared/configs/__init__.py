"""Settings: one frozen model a kind of run.

Forms, shell, API and workers share these classes. The unit and group of each field are in
`json_schema_extra`, from which forms are generated. Environment variables set locations, never these values.
"""

from shared.base.config import DATASET_NAME, Config, ConfigConflictError, setting
from shared.configs.classifiers import ClassifierConfig, FinetuneConfig, SupervisedConfig
from shared.configs.cutouts import CutoutsConfig
from shared.configs.datasets import DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.embeddings import EmbedConfig, ProjectConfig
from shared.configs.models import ImportModelConfig, ModelConfig, SelfTestConfig, nearest_divisor
from shared.configs.pretraining import PretrainConfig, removed_patches, visible_patches
from shared.configs.probes import BaselinesConfig, ProbeConfig
from shared.configs.training import TrainingConfig

__all__ = [
    "DATASET_NAME",
    "ImportModelConfig",
    "BaselinesConfig",
    "ClassifierConfig",
    "Config",
    "ConfigConflictError",
    "CutoutsConfig",
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
