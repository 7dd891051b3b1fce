"""Checkpoints: whole or absent, thinned in log step, and enough to rebuild a model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from backend.ml.checkpoints.store import CheckpointStore, build_model, model_from_config, thin
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.pretraining.pretrain import build_optimizer
from shared.configs import PretrainConfig


@pytest.fixture
def model(tiny_config: Callable[..., PretrainConfig]) -> MaskedAutoencoderViT:
    return model_from_config(tiny_config(), 3)


@pytest.fixture
def meta(tiny_config: Callable[..., PretrainConfig]) -> dict[str, Any]:
    return {"config": tiny_config().model_dump(mode="json"), "channels": 3}


def trained_optimizer(model: MaskedAutoencoderViT, config: PretrainConfig) -> torch.optim.Optimizer:
    optimizer = build_optimizer(model, config)
    model(torch.randn(2, 3, 16, 16))[0].backward()
    optimizer.step()
    return optimizer


def test_a_checkpoint_rebuilds_its_model_from_its_folder_alone(
    tmp_path: Path, model: MaskedAutoencoderViT, meta: dict[str, Any]
) -> None:
    CheckpointStore(tmp_path, 3).save(7, model, meta)
    store = CheckpointStore(tmp_path, 3)
    rebuilt = build_model(store.meta(7))
    assert store.load(7, rebuilt)["step"] == 7
    imgs, noise = torch.randn(2, 3, 16, 16), torch.rand(2, 16)
    assert torch.equal(rebuilt(imgs, 0.75, noise)[1], model(imgs, 0.75, noise)[1])


def test_the_optimizer_stands_only_where_last_points(
    tmp_path: Path,
    model: MaskedAutoencoderViT,
    meta: dict[str, Any],
    tiny_config: Callable[..., PretrainConfig],
) -> None:
    store, optimizer = CheckpointStore(tmp_path, 3), trained_optimizer(model, tiny_config())
    for step in (1, 2):
        store.save(step, model, meta, optimizer)
    assert [path.parent.name for path in tmp_path.glob("step_*/optimizer.pt")] == ["step_00000002"]
    assert store.last_step() == 2
    fresh = build_optimizer(model, tiny_config())
    store.load_optimizer(2, fresh, torch.device("cpu"))
    saved, loaded = optimizer.state_dict()["state"], fresh.state_dict()["state"]
    assert all(torch.equal(saved[i]["exp_avg"], loaded[i]["exp_avg"]) for i in saved)


def test_saving_the_same_step_again_replaces_it(
    tmp_path: Path, model: MaskedAutoencoderViT, meta: dict[str, Any]
) -> None:
    store = CheckpointStore(tmp_path, 3)
    store.save(5, model, {**meta, "selection": 1})
    store.save(5, model, {**meta, "selection": 2})
    assert (store.steps(), store.meta(5)["selection"]) == ([5], 2)


@pytest.mark.parametrize("damage", ["no meta", "no weights", "cut weights", "unfinished"])
def test_a_torn_folder_is_ignored(
    tmp_path: Path,
    model: MaskedAutoencoderViT,
    meta: dict[str, Any],
    tiny_config: Callable[..., PretrainConfig],
    damage: str,
) -> None:
    store, optimizer = CheckpointStore(tmp_path, 3), trained_optimizer(model, tiny_config())
    store.save(1, model, meta, optimizer)
    optimizer_bytes = (store.folder(1) / "optimizer.pt").read_bytes()
    store.save(2, model, meta, optimizer)
    (store.folder(1) / "optimizer.pt").write_bytes(optimizer_bytes)
    weights = store.folder(2) / "model.safetensors"
    match damage:
        case "no meta":
            (store.folder(2) / "meta.json").unlink()
        case "no weights":
            weights.unlink()
        case "cut weights":
            weights.write_bytes(weights.read_bytes()[:-100])
        case "unfinished":
            store.folder(2).rename(tmp_path / ".step_00000002")
    assert store.steps() == [1]
    assert store.last_step() == 1
    store.save(3, model, meta, optimizer)
    assert store.last_step() == 3
    assert not list(tmp_path.glob(".*"))


def test_an_empty_folder_has_nothing_to_resume_from(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "absent", 3)
    assert (store.steps(), store.last_step(), store.best_step()) == ([], None, None)


def test_a_missing_checkpoint_is_named_with_those_that_exist(
    tmp_path: Path, model: MaskedAutoencoderViT, meta: dict[str, Any]
) -> None:
    store = CheckpointStore(tmp_path, 3)
    store.save(4, model, meta)
    with pytest.raises(FileNotFoundError, match=r"9 .*\[4\]"):
        store.meta(9)


def test_thinning_keeps_the_ends_and_spaces_the_rest_in_log_step() -> None:
    assert thin([1, 2, 3, 4, 5, 6, 7, 8], 4)[0::3] == [1, 8]
    assert thin([0, 1, 3, 7, 15, 16], 5) == [0, 1, 3, 7, 16]  # 15 and 16 are nearest to each other
    assert thin([3, 1, 2], 5) == [1, 2, 3]
    assert thin([3, 1, 2], 1) == [1]
    assert thin([3, 1, 2], 0) == []


def test_pruning_leaves_last_best_and_at_most_keep_others(
    tmp_path: Path,
    model: MaskedAutoencoderViT,
    meta: dict[str, Any],
    tiny_config: Callable[..., PretrainConfig],
) -> None:
    store, optimizer = CheckpointStore(tmp_path, 2), trained_optimizer(model, tiny_config())
    for step in range(0, 80, 10):
        store.save(step, model, meta, optimizer)
        if step == 40:
            store.mark_best(step)
        store.prune()
    kept = store.steps()
    assert len(kept) == 4
    assert {40, 70} <= set(kept)
    assert (store.best_step(), store.last_step()) == (40, 70)
    assert json.loads((tmp_path / "best").read_text()) == {"step": 40}
