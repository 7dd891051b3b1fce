"""Probing on another dataset than the one that is learned from."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.data.importers import simulate_dataset
from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.ml.checkpoints.store import model_from_config
from backend.ml.pretraining.evaluation import evaluate
from backend.ml.pretraining.pretrain import check_same_bands, pretrain, read_pretrain_data
from shared.configs import PretrainConfig, SimulateConfig

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("skies")
    made = []
    for name, side, seed in (("learned", 32, 0), ("judged", 48, 1)):
        config = SimulateConfig(name=name, n=80, img_size=side, seed=seed)
        path = simulate_dataset(config, folder, name, lambda *_: None, lambda: False)
        made.append(GalaxyStore.open(path))
    return made


def test_it_is_brought_to_the_models_size_and_standardised_as_the_training_is(stores: Any) -> None:
    learned, judged = stores
    config = PretrainConfig(dataset="learned", eval_dataset="judged", img_size=32)
    alone, data = read_pretrain_data(learned, config), read_pretrain_data(learned, config, judged)
    assert data.probe.train_images.shape[1:] == (32, 32, 3)
    assert data.probe.dataset_digest == judged.digest
    assert data.probe.train_labels.tolist() == judged.labels[judged.splits == 0].tolist()
    assert data.probe.class_names == judged.class_names
    for field in ("channel_mean", "channel_std", "dataset_digest"):
        assert getattr(data, field) == getattr(alone, field)
    assert np.array_equal(data.images, alone.images)
    assert np.array_equal(data.val_images, alone.val_images)


def test_without_it_the_probe_holds_no_second_copy_of_the_images(stores: Any) -> None:
    data = read_pretrain_data(stores[0], PretrainConfig(dataset="learned", img_size=32))
    assert data.probe.train_images is data.images
    assert data.probe.val_images is data.val_images


def test_labels_of_rows_that_are_only_looked_at_are_hidden(stores: Any) -> None:
    learned, judged = stores
    seen = read_pretrain_data(learned, PretrainConfig(dataset="learned", img_size=32, pretrain_rows="all"))
    assert seen.labels is not None and len(seen.labels) == len(seen.images) == 80
    train = learned.splits == 0
    assert seen.labels[train].tolist() == learned.labels[train].tolist()
    assert set(seen.labels[~train]) == {-1}
    elsewhere = PretrainConfig(dataset="learned", eval_dataset="judged", img_size=32)
    assert read_pretrain_data(learned, elsewhere, judged).labels is None


def test_other_bands_are_refused(stores: Any) -> None:
    learned, judged = stores
    check_same_bands(learned, judged)
    one_band = GalaxyStore.__new__(GalaxyStore)
    one_band.channels, one_band.bands = 1, ["r"]
    with pytest.raises(DataError, match=r"1 bands \(r\) .* 3") as refused:
        check_same_bands(learned, one_band)
    assert refused.value.field == "eval_dataset"


def test_accuracies_and_rank_are_of_it_and_the_loss_is_not(tiny_config: Make, tiny_data: Make) -> None:
    config, data, other = tiny_config(), tiny_data(labelled=False), tiny_data(n=64)
    model = model_from_config(config, 3)
    blind = evaluate(model, data, config)
    judged = evaluate(model, replace(data, probe=other.probe), config)
    assert "val/linear_accuracy" not in blind
    assert judged["val/linear_accuracy"] == evaluate(model, replace(other, channel_mean=data.channel_mean,
        channel_std=data.channel_std), config)["val/linear_accuracy"]  # fmt: skip
    assert judged["val/loss"] == blind["val/loss"]


def test_an_unlabelled_pretraining_selects_its_best_by_it(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io, data = memory_run(), tiny_data(labelled=False)
    pretrain(tiny_config(), replace(data, probe=tiny_data().probe), io, tmp_path)
    assert set(io.series("val/linear_accuracy")) == {0, 6, 12}
