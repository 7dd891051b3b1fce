"""Warnings of a launch, each by the case that calls for it and the case that does not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.configs import PretrainConfig
from shared.contract.datasets import Dataset
from shared.planning.advice import launch_advice

SOUND = {"dataset": "sky", "img_size": 64, "epochs": 30, "warmup_epochs": 3.0, "batch_size": 64}


def dataset(**changes: Any) -> Dataset:
    values: dict[str, Any] = {
        "name": "sky", "digest": "0" * 64, "n": 1000, "img_size": 64, "bands": ["r", "g", "b"],
        "class_names": ["a", "b"], "class_counts": {"a": 500, "b": 500},
        "split_counts": {"train": 800, "val": 100, "test": 100}, "unlabelled": 0, "simulated": True,
        "provenance": {}, "channel_mean": [0.5] * 3, "channel_std": [0.1] * 3, "duplicates_across_splits": 0,
        "skipped": [], "skipped_count": 0, "size_bytes": 1, "created_at": datetime.now(UTC),
    }  # fmt: skip
    return Dataset(**values | changes)


def said(config: dict[str, Any], **data: Any) -> dict[str, str]:
    advice = launch_advice(PretrainConfig(**SOUND | config), dataset(**data))
    return {one.field: one.sentence for one in advice}


def test_a_sound_launch_is_not_commented() -> None:
    assert said({}) == {}


@pytest.mark.parametrize(
    ("config", "data", "field", "words"),
    [
        ({"warmup_epochs": 12.0}, {}, "warmup_epochs", "40% of the training; a tenth is usual: 3 ep"),
        ({"epochs": 10, "warmup_epochs": 1.0}, {}, "epochs", "Only 120 training steps; 17 epochs"),
        ({"batch_size": 256, "epochs": 100}, {}, "batch_size", "256 is more than a quarter of the 800"),
        ({}, {"class_names": []}, "eval_dataset", "sky has no labels"),
        ({"early_stopping_patience": 3}, {"class_names": []}, "early_stopping_patience", "early stopping"),
        ({"knn_k": 200}, {"split_counts": {"train": 150}, "n": 9000}, "knn_k", "the 150 rows that vote"),
        ({"crop_size": 80}, {}, "crop_size", "The frames are 64 px, so a crop of 80 px keeps them whole"),
        ({"crop_size": 32}, {}, "img_size", "enlarged from 32 to 64 px"),
        ({}, {"img_size": 48}, "img_size", "enlarged from 48 to 64 px"),
        ({"patch_size": 32}, {}, "patch_size", "Only 4 patches an image; patch_size 8 gives 64"),
        ({"decoder_embed_dim": 512, "decoder_depth": 8, "decoder_num_heads": 8}, {}, "decoder_embed_dim",
         "width 96"),
        ({"early_stopping_patience": 3, "online_probe": "off"}, {}, "early_stopping_patience", "k-NN"),
    ],
)  # fmt: skip
def test_each_oddity_is_said_at_its_field(
    config: dict[str, Any], data: dict[str, Any], field: str, words: str
) -> None:
    assert words in said(config, **data)[field]


def test_a_judge_in_other_colours_is_said() -> None:
    judge = dataset(name="judge", bands=["g", "r", "z"])
    [advice] = launch_advice(PretrainConfig(**SOUND), dataset(), judge)
    assert advice.field == "eval_dataset"
    assert "judge has the bands g, r, z and the model learns r, g, b" in advice.sentence


def test_labels_may_come_from_another_dataset() -> None:
    blind, labelled = dataset(name="blind", class_names=[]), dataset(name="labelled")
    assert launch_advice(PretrainConfig(**SOUND), blind, labelled) == []
