"""Terms that configs and contracts share: splits, heads, and what a head reads."""

from enum import StrEnum


class Split(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


SPLIT_CODES: dict[Split, int] = {Split.TRAIN: 0, Split.VAL: 1, Split.TEST: 2}
"""Codes of splits in the dataset file (uint8)."""


class Head(StrEnum):
    """A classifier on an encoder. `finetune` and `supervised` train the encoder too."""

    KNN = "knn"
    LINEAR = "linear"
    LINEAR_LARS = "linear_lars"
    MLP = "mlp"
    ATTENTIVE = "attentive"
    FINETUNE = "finetune"
    SUPERVISED = "supervised"


class Basis(StrEnum):
    """The input of a head: the trained encoder, the same at random init, raw pixels, or nothing."""

    ENCODER = "encoder"
    RANDOM_INIT = "random_init"
    RAW_PIXELS = "raw_pixels"
    MAJORITY = "majority"
