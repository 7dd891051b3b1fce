"""Classifiers whose encoder learns too: recipe, resuming, and what sets a twin apart."""

from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from backend.ml.checkpoints.store import CheckpointStore
from backend.ml.classifier.model import Beginning, build_classifier, classifier_optimizer
from backend.ml.classifier.predictions import best_classifier
from backend.ml.classifier.training import AnyClassifierConfig, fresh_encoder, train_classifier
from backend.ml.pretraining.loop import descend
from backend.ml.runtime.contracts import ClassifierData, Outcome
from shared.configs import FinetuneConfig, ModelConfig, SupervisedConfig
from tests.ml.conftest import blobs

Make = Callable[..., Any]
TINY = ModelConfig(
    img_size=16, patch_size=4, embed_dim=32, depth=2, num_heads=2, decoder_embed_dim=16, decoder_depth=1,
    decoder_num_heads=1,
)  # fmt: skip
RECIPE: dict[str, Any] = {
    "dataset": "tiny", "epochs": 4, "batch_size": 16, "warmup_epochs": 0.5, "blr": 1e-2, "device": "cpu",
    "eval_every_epochs": 2, "precision": "float32",
}  # fmt: skip
STEPS = 12


def finetune(**values: Any) -> FinetuneConfig:
    return FinetuneConfig.model_validate({"encoder": "run"} | RECIPE | values)


def supervised(**values: Any) -> SupervisedConfig:
    return SupervisedConfig.model_validate(
        TINY.model_dump(include=set(SupervisedConfig.model_fields)) | RECIPE | values
    )


def tiny_classes() -> ClassifierData:
    """48 round and elongated blobs to learn from, 16 to judge by."""
    images, labels = blobs(48, 16, 3, seed=1)
    val_images, val_labels = blobs(16, 16, 3, seed=2)
    return ClassifierData(
        images=images, labels=labels, val_images=val_images, val_labels=val_labels,
        class_names=["round", "elongated"], channel_mean=[0.2] * 3, channel_std=[0.15] * 3,
        dataset_digest="d1",
    )  # fmt: skip


def begin(seed: int = 0) -> Beginning:
    return Beginning(fresh_encoder(TINY, 3, seed), TINY)


def train(config: AnyClassifierConfig, io: Any, folder: Path, seed: int = 0) -> Outcome:
    return train_classifier(config, tiny_classes(), lambda: begin(seed), io, folder)


def stored(folder: Path, step: int) -> dict[str, torch.Tensor]:
    """Encoder and head of a checkpoint."""
    path = folder / "checkpoints" / f"step_{step:08d}"
    return load_file(path / "model.safetensors") | load_file(path / "head.safetensors")


def test_rates_fall_by_layer_decay_from_the_head_down() -> None:
    model = build_classifier(begin(), 2, finetune())
    groups = classifier_optimizer(model, finetune(), layer_decay=0.5).param_groups
    named = {id(parameter): name for name, parameter in model.named_parameters()}
    scale = {named[id(one)]: group["lr_scale"] for group in groups for one in group["params"]}
    assert scale["encoder.cls_token"] == scale["encoder.patch_embed.proj.weight"] == 0.125
    assert scale["encoder.blocks.0.attn.qkv.weight"] == 0.25
    assert scale["encoder.blocks.1.mlp.fc2.bias"] == 0.5
    assert scale["encoder.norm.weight"] == 0.5  # timm counts it to the last block
    assert scale["head.weight"] == 1.0
    decay = {named[id(one)]: group["weight_decay"] for group in groups for one in group["params"]}
    assert decay["head.weight"] == decay["encoder.blocks.0.attn.qkv.weight"] == 0.05
    assert decay["head.bias"] == decay["encoder.norm.weight"] == decay["encoder.cls_token"] == 0.0


def test_branches_are_left_out_more_often_the_deeper_they_are() -> None:
    blocks = build_classifier(begin(), 2, finetune(drop_path=0.3)).encoder.blocks
    assert [block.drop_path1.drop_prob for block in blocks] == pytest.approx([0.0, 0.3])
    assert [block.drop_path2.drop_prob for block in blocks] == pytest.approx([0.0, 0.3])


def test_it_begins_at_chance_from_the_weights_it_was_given(memory_run: Make, tmp_path: Path) -> None:
    io = memory_run({1: "stop"})
    train(finetune(), io, tmp_path, seed=5)
    given = fresh_encoder(TINY, 3, 5).state_dict()
    first = stored(tmp_path, 0)
    assert all(torch.equal(first[name], value) for name, value in given.items())
    assert io.series("val/loss")[0] == pytest.approx(log(2), abs=1e-3)


@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_it_learns_and_its_best_epoch_is_what_is_asked(head: str, memory_run: Make, tmp_path: Path) -> None:
    io = memory_run()
    config = supervised(epochs=30, head=head, mixup=0.0, drop_path=0.0, blr=2e-2)
    train(config, io, tmp_path)
    reached = io.series("val/balanced_accuracy")
    assert max(reached.values()) >= 0.9
    best = best_classifier(tmp_path, config, tiny_classes())
    assert best.step == max(step for step, value in reached.items() if value == max(reached.values()))
    called = best.probabilities(tiny_classes().val_images, lambda: None).argmax(1)
    assert np.mean(called == tiny_classes().val_labels) == pytest.approx(io.series("val/accuracy")[best.step])


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
@pytest.mark.parametrize("request_at", [1, 6, 7])
def test_a_resumed_classifier_equals_the_uninterrupted_one_bit_for_bit(
    memory_run: Make, tmp_path: Path, request_at: int, ema_decay: float
) -> None:
    config = finetune(ema_decay=ema_decay, drop_path=0.3, mixup=0.8)
    whole, first, second = memory_run(), memory_run({request_at: "pause"}), memory_run()
    train(config, whole, tmp_path / "whole")
    assert train(config, first, tmp_path / "parts").outcome == "paused"
    torch.rand(1000)  # the global generator plays no part
    assert train(config, second, tmp_path / "parts", seed=9).outcome == "succeeded"  # nor where it began
    one, other = stored(tmp_path / "whole", STEPS), stored(tmp_path / "parts", STEPS)
    assert all(torch.equal(one[name], other[name]) for name in one)
    for key in ("train/loss", "val/loss", "val/accuracy"):
        assert {**first.series(key), **second.series(key)} == whole.series(key), key


def test_each_group_of_parameters_moves_by_its_share_of_the_rate() -> None:
    whole, part = (torch.nn.Parameter(torch.tensor(2.0)) for _ in range(2))
    optimizer = torch.optim.SGD([{"params": [whole]}, {"params": [part], "lr_scale": 0.25}], lr=9.0)
    descend(optimizer, 3 * whole + 3 * part, lr=0.1)  # both gradients are 3
    assert (whole.item(), part.item()) == pytest.approx((2 - 0.1 * 3, 2 - 0.025 * 3))


def test_an_average_of_the_weights_is_judged_in_place_of_them(memory_run: Make, tmp_path: Path) -> None:
    steps = {"epochs": 3, "batch_size": 48, "eval_every_epochs": 1, "keep_checkpoints": 12}  # a step an epoch
    train(finetune(ema_decay=0.99, **steps), memory_run(), tmp_path / "average")
    train(finetune(**steps), memory_run(), tmp_path / "plain")
    name = "blocks.0.attn.qkv.weight"
    _, first, second, third = (stored(tmp_path / "plain", step)[name] for step in range(4))
    # timm's warm-up: decay 0 at step 1, then 1 − 2^(−2/3) = 0.3700 and 1 − 3^(−2/3) = 0.5193.
    expected = 0.51925 * (0.37004 * first + 0.62996 * second) + 0.48075 * third
    assert torch.allclose(stored(tmp_path / "average", 3)[name], expected, atol=1e-7)
    store = CheckpointStore(tmp_path / "average" / "checkpoints", keep=0)
    kept = torch.load(store.folder(3) / "optimizer.pt", weights_only=True)["model"]
    assert torch.equal(kept[f"encoder.{name}"], third)


def test_from_the_same_weights_a_fine_tuning_without_layer_decay_is_its_twin(
    memory_run: Make, tmp_path: Path
) -> None:
    tuned, twin, other = memory_run(), memory_run(), memory_run()
    train(finetune(layer_decay=1.0), tuned, tmp_path / "tuned")
    train(supervised(), twin, tmp_path / "twin")
    train(supervised(), other, tmp_path / "other", seed=1)
    assert tuned.series("train/loss") == twin.series("train/loss")
    assert twin.series("train/loss") != other.series("train/loss")


def test_a_resumed_run_that_had_stopped_early_stays_stopped(memory_run: Make, tmp_path: Path) -> None:
    config = finetune(early_stopping_patience=1, blr=1e-9, eval_every_epochs=1)
    first = train(config, memory_run(), tmp_path)
    assert first.step < STEPS and "stopped early" in str(first.reason)
    again = train(config, memory_run(), tmp_path)
    assert (again.outcome, again.step, again.reason) == (first.outcome, first.step, first.reason)
