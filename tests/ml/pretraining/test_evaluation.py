"""What an evaluation measures, and how the fixed galaxies are drawn."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from backend.ml.checkpoints.store import model_from_config
from backend.ml.pretraining.evaluation import evaluate, extract_features, region_masks, validation_loss
from backend.ml.pretraining.pictures import REMOVED_GREY
from backend.ml.pretraining.samples import FixedSamples, denormalise, interpolate_statistics, reconstruct

Make = Callable[..., Any]


def test_an_evaluation_gives_every_figure_and_repeats_itself(tiny_config: Make, tiny_data: Make) -> None:
    config, data = tiny_config(), tiny_data()
    model = model_from_config(config, 3)
    figures = evaluate(model, data, config)
    assert set(figures) == {
        "val/loss", "val/centre_loss_share", "val/sky_loss_share", "val/rankme",
        "val/knn_accuracy", "val/knn_balanced_accuracy",
        "val/linear_accuracy", "val/linear_balanced_accuracy",
    }  # fmt: skip
    assert evaluate(model, data, config) == figures
    assert model.training


def test_the_linear_probe_can_be_left_out(tiny_config: Make, tiny_data: Make) -> None:
    config = tiny_config(online_probe="off")
    figures = evaluate(model_from_config(config, 3), tiny_data(), config)
    assert "val/knn_accuracy" in figures and "val/linear_accuracy" not in figures


def test_rows_without_a_label_are_left_to_the_loss(tiny_config: Make, tiny_data: Make) -> None:
    config, data = tiny_config(), tiny_data()
    data.probe.train_labels[:10] = -1
    data.probe.val_labels[:4] = -1
    figures = evaluate(model_from_config(config, 3), data, config)
    assert figures["val/knn_accuracy"] * 12 == pytest.approx(round(figures["val/knn_accuracy"] * 12))


def test_validation_loss_is_the_mean_over_removed_patches_whatever_the_batch(
    tiny_config: Make, tiny_data: Make
) -> None:
    config, data = tiny_config(), tiny_data()
    model = model_from_config(config, 3).eval()
    figures = validation_loss(model, data, config)
    assert 0.2 < figures["val/loss"] < 5
    # A quarter of the patches is central, three quarters lie along the edge of a grid of 4: each loss alike
    # would give these shares.
    assert figures["val/centre_loss_share"] == pytest.approx(0.25, abs=0.15)
    assert figures["val/sky_loss_share"] == pytest.approx(0.75, abs=0.15)


def test_centre_and_edge_of_a_grid() -> None:
    centre, edge = (region.reshape(6, 6) for region in region_masks(6))
    # Middles of six patches lie at 1/12, 3/12 … 11/12 of the side: those from 3/12 to 9/12 are central.
    assert centre.nonzero().tolist() == [[row, column] for row in range(1, 5) for column in range(1, 5)]
    assert edge.sum() == 20
    assert not bool((centre & edge).any())


def test_features_of_an_image_do_not_depend_on_its_neighbours(tiny_config: Make, tiny_data: Make) -> None:
    config, data = tiny_config(precision="float32"), tiny_data()
    model = model_from_config(config, 3).eval()
    together = extract_features(model, data.val_images, data, config)
    alone = extract_features(model, data.val_images[3:4], data, config)
    assert torch.allclose(together[3:4], alone, atol=1e-5)
    assert together.shape == (16, 32)


def test_statistics_of_a_removed_patch_come_from_its_visible_neighbours() -> None:
    statistics = torch.tensor([1.0, 3.0, 50.0, 5.0]).reshape(1, 4, 1)  # a grid of 2 × 2
    mask = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    guessed = interpolate_statistics(statistics, mask).flatten()
    # From (1, 0): (0, 0) at d² = 1, (0, 1) at d² = 2, (1, 1) at d² = 1.
    near, far = np.exp(-0.5), np.exp(-1.0)
    assert guessed[2].item() == pytest.approx((near * 1 + far * 3 + near * 5) / (2 * near + far), rel=1e-5)
    assert guessed[[0, 1, 3]].tolist() == [1.0, 3.0, 5.0]


def test_what_is_drawn_does_not_depend_on_hidden_pixels() -> None:
    patches, pred, mask = torch.randn(2, 16, 12), torch.randn(2, 16, 12), torch.zeros(2, 16)
    mask[:, 3:9] = 1
    disturbed = patches + 10 * torch.randn_like(patches) * mask.unsqueeze(-1)
    torch.testing.assert_close(
        denormalise(pred, patches, mask, 0.0), denormalise(pred, disturbed, mask, 0.0), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("norm_pix_loss", [True, False])
def test_a_reconstruction_keeps_visible_patches_as_they_are(tiny_config: Make, norm_pix_loss: bool) -> None:
    config = tiny_config(norm_pix_loss=norm_pix_loss)
    model, imgs = model_from_config(config, 3).eval(), torch.randn(2, 3, 16, 16)
    rebuilt, mask = reconstruct(model, imgs, config, torch.rand(2, 16))
    removed = mask.reshape(2, 1, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3).bool()
    removed = removed.expand_as(imgs)
    assert torch.equal(rebuilt[~removed], imgs[~removed])
    assert not torch.equal(rebuilt[removed], imgs[removed])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sprite_shows_original_masked_and_reconstruction_of_the_same_galaxies(
    tiny_config: Make, tiny_data: Make, tmp_path: Path, channels: int
) -> None:
    config, data = tiny_config(), tiny_data(channels=channels)
    model = model_from_config(config, channels)
    samples = FixedSamples(config, data, tmp_path)
    samples.write(model, 3)
    samples.write(model, 7)
    first, later = (np.asarray(Image.open(tmp_path / f"step_{s:08d}.png")) for s in (3, 7))
    assert first.shape == (3 * 16, 3 * 16, 3)
    assert np.array_equal(first, later)  # same galaxies, same masks, same weights
    original, masked, rebuilt = first[:16], first[16:32], first[32:]
    assert np.array_equal(original[:, :16], data.to_rgb(data.val_images[:1])[0])
    hidden = (masked == REMOVED_GREY).all(axis=-1)
    assert hidden.mean() == pytest.approx(0.75, abs=0.01)
    assert np.abs(rebuilt[~hidden].astype(int) - original[~hidden]).max() <= 1
    assert json.loads((tmp_path / "layout.json").read_text()) == {
        "rows": ["original", "masked", "reconstruction"],
        "count": 3,
        "tile_px": 16,
        "mask_ratio": 0.75,
        "galaxies": [100, 108, 115],
    }
