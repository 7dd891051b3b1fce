"""Loss against the masking ratio: hand-computed means, errors and shares, and the training loss itself."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from backend.ml.checkpoints.store import model_from_config
from backend.ml.explore.loading import Checkpoint
from backend.ml.explore.masks import mask_at, patch_ranks
from backend.ml.explore.ratio_curves import CHUNK, loss_curve, sample_curve
from shared.configs import PretrainConfig
from shared.contract.reconstruction import LADDER
from tests.ml.conftest import blobs

ALL = torch.ones(1, 16)


def test_the_mean_is_over_removed_patches_of_each_galaxy_and_then_over_galaxies() -> None:
    losses = torch.zeros(2, 16)
    mask = torch.zeros(2, 16)
    mask[0, :2], losses[0, :2] = 1, torch.tensor([1.0, 3.0])  # mean 2
    mask[1, :4], losses[1, :4] = 1, 5.0  # mean 5, of twice as many patches
    curve = loss_curve([(losses, mask)])
    assert curve.losses == [pytest.approx(3.5)]
    assert curve.errors == [pytest.approx(1.5)]  # std of 2 and 5 is 3/√2, over √2


def test_one_galaxy_has_no_standard_error_and_a_ratio_that_hides_nothing_no_loss() -> None:
    curve = loss_curve([(torch.ones(1, 16), ALL), (torch.zeros(1, 16), torch.zeros(1, 16))])
    assert curve.errors == [None, None]
    assert (curve.losses, curve.centre_shares, curve.sky_shares) == ([1.0, None], [0.25, None], [0.75, None])


def test_shares_are_of_the_summed_loss_in_the_central_half_and_along_the_edge() -> None:
    losses = torch.zeros(4, 4)
    losses[1:3, 1:3] = 3.0  # the centre: 12
    losses[0, 0] = 4.0  # the edge
    curve = loss_curve([(losses.reshape(1, 16), ALL)])
    assert curve.centre_shares == [pytest.approx(0.75)]
    assert curve.sky_shares == [pytest.approx(0.25)]


def test_a_visible_patch_counts_for_nothing_whatever_stands_there() -> None:
    mask = torch.ones(1, 16)
    mask[0, 5] = 0
    losses = torch.ones(1, 16)
    losses[0, 5] = 1000
    assert loss_curve([(losses, mask)]).losses == [1.0]


@pytest.mark.parametrize("kind", ["uniform", "core"])
def test_the_curve_of_a_sample_is_the_training_loss_of_each_galaxy_under_its_own_mask(
    tiny_config: Callable[..., PretrainConfig], kind: str
) -> None:
    torch.manual_seed(0)
    model = model_from_config(tiny_config(), 3).eval().requires_grad_(False)
    mean, std = torch.full((3,), 0.3), torch.full((3,), 0.2)
    checkpoint = Checkpoint(1, model, tiny_config(), mean, std)
    images, _ = blobs(CHUNK + 3, 16, 3, 0)  # more than one forward pass
    steps = list(sample_curve(checkpoint, images, kind, seed=7))  # type: ignore[arg-type]
    assert all(step is None for step in steps[:-1])
    curve = steps[-1]
    assert curve is not None
    imgs = (torch.from_numpy(images).float().permute(0, 3, 1, 2) / 255 - 0.3) / 0.2
    for place in (0, 9, 18):
        alone = []
        for n, img in enumerate(imgs):
            mask = mask_at(patch_ranks(kind, 7 + n, 4), LADDER[place])  # type: ignore[arg-type]
            loss, _, seen = model(img[None], LADDER[place], mask[None])
            assert torch.equal(seen[0], mask)
            alone.append(float(loss))
        assert curve.losses[place] == pytest.approx(np.mean(alone), abs=1e-5)
        assert curve.errors[place] == pytest.approx(np.std(alone, ddof=1) / len(alone) ** 0.5, abs=1e-5)
