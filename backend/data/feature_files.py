"""Frozen features on disk, named by what they depend on, float32; read here without torch.

    <home>/cache/features/<weights digest>/<dataset digest>/<crop>/d<depth>_<pooling>_<rows>.npy

`_<rows>` is a split, or all rows of the dataset; `raw` after the pooling: features of inner blocks that did
not pass the final norm.
"""

import os
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.configs import ModelConfig

POOLED: tuple[Literal["cls", "mean"], ...] = ("cls", "mean")
"""What is stored; "both" is the two side by side."""
EVERY_ROW = "all"
Features = NDArray[np.float32] | NDArray[np.float16]


def feature_folder(weights_digest: str, dataset_digest: str, config: ModelConfig) -> str:
    """The folder in the cache of the features of one encoder on one dataset."""
    return f"{weights_digest}/{dataset_digest}/{config.crop_size or 'whole'}-{config.img_size}"


def feature_file(depth: int, pooling: str, rows: str, *, raw: bool = False) -> str:
    """The name of a file of features in that folder."""
    return f"d{depth}_{pooling}{'raw' if raw else ''}_{rows}.npy"


def every_row_files(
    weights_digest: str, dataset_digest: str, config: ModelConfig, depth: int, pooling: str
) -> tuple[str, ...]:
    """The files of all rows for a pooling, to be joined side by side; relative to the cache."""
    folder = feature_folder(weights_digest, dataset_digest, config)
    pooled = POOLED if pooling == "both" else (pooling,)
    return tuple(f"{folder}/{feature_file(depth, name, EVERY_ROW)}" for name in pooled)


def quality_file(depth: int, pooling: str) -> str:
    """The file of the quality of a search by these features, beside them."""
    return f"d{depth}_{pooling}_quality.json"


def index_file(depth: int, pooling: str) -> str:
    """The file of an index for approximate search by these features, beside them."""
    return f"d{depth}_{pooling}_index.faiss"


def read_features(path: Path, rows: int) -> Features | None:
    """The (rows, D) stored at `path`, or None if there are none of so many rows. Earlier versions stored
    float16."""
    try:
        os.utime(path)
        stored: Features = np.load(path, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    return stored if stored.ndim == 2 and len(stored) == rows else None
