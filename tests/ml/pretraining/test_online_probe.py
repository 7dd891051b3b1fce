"""The linear probe that learns by SGD beside the encoder: it leaves the encoder alone, and can be resumed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from backend.ml.checkpoints.store import CheckpointStore, model_from_config
from backend.ml.pretraining.online_probe import OnlineProbe
from backend.ml.pretraining.pretrain import pretrain

Make = Callable[..., Any]
STEPS = 12  # 48 images in batches of 16, 4 epochs
LINEAR, KNN = "val/linear_accuracy", "val/knn_accuracy"


def last_state(folder: Path) -> dict[str, Any]:
    """What `last` keeps besides the weights."""
    store = CheckpointStore(folder / "checkpoints", 12)
    path = store.folder(store.last_step() or 0) / "optimizer.pt"
    state: dict[str, Any] = torch.load(path, weights_only=True)
    return state


def weights(folder: Path, config: Any) -> dict[str, Tensor]:
    model = model_from_config(config, 3)
    CheckpointStore(folder / "checkpoints", 12).load(STEPS, model)
    return model.state_dict()


def same(a: Any, b: Any) -> bool:
    """Whether two nested states are equal, bit for bit."""
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_encoder_learns_bit_for_bit_as_without_it(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path, pooling: str
) -> None:
    runs = {}
    for probe in ("off", "sgd"):
        config, io = tiny_config(online_probe=probe, pooling=pooling), memory_run()
        pretrain(config, tiny_data(), io, tmp_path / probe)
        runs[probe] = weights(tmp_path / probe, config), io.series("train/loss"), io.series(KNN)
    assert same(runs["off"][0], runs["sgd"][0])
    assert runs["off"][1:] == runs["sgd"][1:]
    probe_state = last_state(tmp_path / "sgd")["online_probe"]["head"]
    assert probe_state["1.weight"].abs().sum() > 0


@pytest.mark.parametrize("request_at", [1, 6, 7])
def test_a_resumed_probe_equals_the_uninterrupted_one_bit_for_bit(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path, request_at: int
) -> None:
    config, data = tiny_config(online_probe="sgd"), tiny_data()
    whole, first, second = memory_run(), memory_run({request_at: "pause"}), memory_run()
    pretrain(config, data, whole, tmp_path / "whole")
    pretrain(config, data, first, tmp_path / "parts")
    pretrain(config, data, second, tmp_path / "parts")
    assert second.events == [("resumed", {"from_step": request_at})]
    assert same(last_state(tmp_path / "whole"), last_state(tmp_path / "parts"))
    for key in (LINEAR, "val/linear_balanced_accuracy", KNN, "train/loss"):
        assert {**first.series(key), **second.series(key)} == whole.series(key), key


def test_before_it_has_learned_the_reference_is_by_lbfgs_and_no_point_of_its_curve(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    beside, fitted = memory_run(), memory_run()
    pretrain(tiny_config(online_probe="sgd"), tiny_data(), beside, tmp_path / "sgd")
    pretrain(tiny_config(epochs=1), tiny_data(), fitted, tmp_path / "lbfgs")
    assert sorted(beside.series(LINEAR)) == [6, 12]
    for name in ("linear_accuracy", "linear_balanced_accuracy"):
        assert beside.series(f"random_init/{name}") == {0: fitted.series(f"val/{name}")[0]}


def test_it_learns_what_the_features_hold(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io = memory_run()
    config = tiny_config(online_probe="sgd", epochs=60, eval_every_epochs=60, mask_ratio=0.5)
    pretrain(config, tiny_data(), io, tmp_path)
    assert io.series(LINEAR)[180] >= 0.8  # of round and elongated blobs, half and half


def test_best_is_chosen_among_its_own_accuracies_not_by_the_neighbours_of_step_0(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io = memory_run()
    pretrain(tiny_config(online_probe="sgd", eval_every_epochs=1), tiny_data(), io, tmp_path)
    accuracies = io.series(LINEAR)
    best = max(filter(None, accuracies), key=lambda step: (accuracies[step], step))
    assert CheckpointStore(tmp_path / "checkpoints", 12).best_step() == best > 0


def test_without_labels_it_is_off_as_the_other_is(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io = memory_run()
    outcome = pretrain(tiny_config(online_probe="sgd"), tiny_data(labelled=False), io, tmp_path)
    assert outcome.outcome == "succeeded"
    assert not any("accuracy" in key for _, _, values in io.lines for key in values)
    data = tiny_data()
    model = model_from_config(tiny_config(), 3)
    assert OnlineProbe.beside(model, replace(data, labels=None), tiny_config(online_probe="sgd")) is None
    assert OnlineProbe.beside(model, data, tiny_config()) is None


def probe_after(config: Any, labels: list[int]) -> OnlineProbe:
    """A probe that has taken a step at the full rate on latents of noise of so many images."""
    model = model_from_config(config, 3)
    probe = OnlineProbe(model, np.array(labels), 2, config)
    model.norm(torch.randn(len(labels), 5, 32, generator=torch.Generator().manual_seed(0)))
    probe.learn(torch.arange(len(labels)), 1.0)
    return probe


def test_a_first_step_is_that_of_labelled_rows_alone(tiny_config: Make) -> None:
    probe = probe_after(tiny_config(), [0, 0, 1, -1])
    # Both classes have probability ½: the gradient of the bias of class 0 is the mean of −½, −½, +½ over the
    # three labelled rows, and the rate 0.1 · 16 / 256.
    bias = probe.state_dict()["head"]["1.bias"]
    assert bias.tolist() == pytest.approx([0.00625 / 6, -0.00625 / 6])


def test_a_batch_without_labels_teaches_nothing_and_breaks_nothing(tiny_config: Make) -> None:
    head = probe_after(tiny_config(), [-1, -1, -1])
    assert head.state_dict()["head"]["1.weight"].abs().sum() == 0
    assert not head.untrained


def test_it_wants_the_labels_of_its_own_batches(tiny_config: Make) -> None:
    with pytest.raises(ValidationError, match="eval_dataset judged"):
        tiny_config(online_probe="sgd", eval_dataset="judged")
