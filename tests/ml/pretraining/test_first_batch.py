"""The first batch of the launch form is the first batch of the run."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from backend.data.importers import simulate_dataset
from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.ml.mae.patches import mask_ids
from backend.ml.pretraining.first_batch import first_batch, first_batch_png
from backend.ml.pretraining.pictures import REMOVED_GREY
from backend.ml.pretraining.pretrain import Pretraining, read_pretrain_data
from shared.configs import PretrainConfig, SimulateConfig


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SimulateConfig(name="sky", n=80, img_size=48)
    return simulate_dataset(config, tmp_path_factory.mktemp("sky"), "t", lambda *_: None, lambda: False)


def config(**values: Any) -> PretrainConfig:
    small = {"dataset": "sky", "img_size": 32, "batch_size": 16, "embed_dim": 32, "depth": 1, "num_heads": 1}
    return PretrainConfig.model_validate(small | values)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"seed": 5, "flip": False},
        {"crop_size": 40, "rotate90": False, "mask_ratio": 0.5},
        {"crop_scale_min": 0.5, "colour_jitter": 0.3},
        {"pretrain_rows": "all", "colour_jitter": 0.2},
    ],
)
def test_it_is_that_of_the_training_bit_for_bit(sky: Path, changes: dict[str, Any]) -> None:
    asked = config(**changes)
    with GalaxyStore.open(sky) as store:
        shown = first_batch(store, asked, count=6)
        data = read_pretrain_data(store, asked)
    trainee = Pretraining(asked, data, sky.parent)
    assert torch.equal(shown.augmented, trainee.schedule.batch(0)[:6])
    assert torch.equal(shown.mask, mask_ids(trainee.noise(0), asked.mask_ratio)[2][:6])


def test_only_the_rows_that_are_shown_are_read_and_they_are_of_the_train_split(sky: Path) -> None:
    read: list[np.ndarray] = []
    with GalaxyStore.open(sky, on_read=read.append) as store:
        shown = first_batch(store, config(), count=5)
        assert np.array_equal(np.concatenate(read), shown.rows)
        assert set(store.splits[shown.rows].tolist()) == {0}


def test_the_picture_has_a_row_each_for_original_augmented_and_masked(sky: Path) -> None:
    asked = config(patch_size=8, mask_ratio=0.75)
    with GalaxyStore.open(sky) as store:
        shown = first_batch(store, asked, count=4)
        picture = np.asarray(Image.open(io.BytesIO(first_batch_png(store, asked, count=4))))
    assert picture.shape == (3 * 32, 4 * 32, 3)
    tiles = picture.reshape(3, 32, 4, 32, 3).transpose(0, 2, 1, 3, 4)  # (row, galaxy, H, W, 3)
    assert np.array_equal(tiles[0], shown.original)
    assert np.array_equal(tiles[1], shown.augmented.numpy())
    hidden = np.kron(shown.mask.numpy().reshape(4, 4, 4), np.ones((1, 8, 8))).astype(bool)
    assert hidden.mean() == 0.75
    assert (tiles[2][hidden] == REMOVED_GREY).all()
    assert np.array_equal(tiles[2][~hidden], tiles[1][~hidden])


def test_a_batch_that_the_rows_do_not_fill_is_refused_with_one_that_they_do(sky: Path) -> None:
    with GalaxyStore.open(sky) as store, pytest.raises(InvalidInputError, match="15") as refused:
        first_batch(store, config(batch_size=100))
    assert refused.value.field == "batch_size"


def test_the_view_loads_no_model_library() -> None:
    code = "import sys, backend.ml.pretraining.first_batch; print({'timm', 'torchvision'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert loaded.stdout.strip() == "set()", loaded.stderr
