"""The viewer shows what the training model predicts, and honest modes never look at what is hidden."""

import io
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
import torch
from PIL import Image

from backend.ml.checkpoints.store import model_from_config
from backend.ml.explore.drawing import VIRIDIS, colour_errors, png_file, webp_file
from backend.ml.explore.filling import Ladder, ReconstructionResult, ratio_ladder, reconstruct_masked
from backend.ml.explore.masks import mask_at, patch_ranks
from backend.ml.explore.reconstruct import Galaxy, error_scale
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.mae.patches import patchify, unpatchify
from backend.ml.pretraining.samples import denormalise
from shared.configs import PretrainConfig
from shared.contract.reconstruction import LADDER, PixelMode
from tests.ml.conftest import blobs

MODES = get_args(PixelMode)
MEAN, STD = torch.tensor([0.3, 0.2, 0.4]), torch.tensor([0.2, 0.1, 0.3])


def restless(model: MaskedAutoencoderViT) -> MaskedAutoencoderViT:
    """The model with weights large enough that its predictions differ from patch to patch."""
    generator = torch.Generator().manual_seed(4)
    for parameter in model.parameters():
        parameter.data = (
            torch.randn(parameter.shape, generator=generator) / max(parameter.shape[-1], 4) ** 0.5
        )
    return model.eval().requires_grad_(False)


@pytest.fixture
def model(tiny_config: Callable[..., PretrainConfig]) -> MaskedAutoencoderViT:
    return restless(model_from_config(tiny_config(variance_floor=0.05), 3))


@pytest.fixture
def raw_model(tiny_config: Callable[..., PretrainConfig]) -> MaskedAutoencoderViT:
    return restless(model_from_config(tiny_config(norm_pix_loss=False), 3))


def galaxy_of(model: MaskedAutoencoderViT, seed: int = 0) -> Galaxy:
    return Galaxy(model, blobs(2, 16, 3, seed)[0][1], MEAN, STD)


def imgs_of(galaxy: Galaxy) -> torch.Tensor:
    pixels = torch.from_numpy(galaxy.image).float().permute(2, 0, 1) / 255
    return ((pixels - MEAN[:, None, None]) / STD[:, None, None]).unsqueeze(0)


def filled(galaxy: Galaxy, mask: torch.Tensor, mode: PixelMode = "interpolated") -> ReconstructionResult:
    return reconstruct_masked(galaxy, [mask], mode, lambda pixels: pixels)


@pytest.mark.parametrize("ratio", [0.25, 0.75, 0.9])
def test_predictions_and_loss_are_those_of_the_training_forward_on_the_same_noise(
    model: MaskedAutoencoderViT, ratio: float
) -> None:
    galaxy = galaxy_of(model)
    noise = torch.rand(1, 16, generator=torch.Generator().manual_seed(9))
    loss, pred, mask = model(imgs_of(galaxy), ratio, noise)
    seen = galaxy.predict(mask_at(patch_ranks("uniform", 9, 4), ratio))
    assert torch.equal(seen.mask, mask[0])
    assert seen.ids_keep.tolist() == (mask[0] == 0).nonzero().flatten().tolist()
    torch.testing.assert_close(seen.pred[seen.mask.bool()], pred[0], rtol=0, atol=1e-5)
    assert seen.loss == pytest.approx(float(loss), abs=1e-5)


def test_the_interpolated_picture_is_that_of_the_samples_of_a_run(model: MaskedAutoencoderViT) -> None:
    galaxy, mask = galaxy_of(model), mask_at(patch_ranks("uniform", 2, 4), 0.75)
    pred, _ = model.predict(imgs_of(galaxy), 0.75, mask.unsqueeze(0))
    pixels = denormalise(pred, patchify(imgs_of(galaxy), 4), mask.unsqueeze(0), 0.05)
    image = unpatchify(pixels, 4)[0].permute(1, 2, 0) * STD + MEAN
    expected = (image * 255).round().clamp(0, 255).numpy()
    picture = galaxy.to_picture(galaxy.predict(mask), "interpolated").astype(float)
    assert np.abs(picture - expected).max() <= 1  # of 255: a rounding apart


def last(rungs: Any) -> Ladder:
    ladder = [rung for rung in rungs if rung is not None]
    assert len(ladder) == 1
    return ladder[0]


@pytest.mark.parametrize("mode", MODES)
def test_each_rung_of_the_ladder_is_the_single_picture_of_its_ratio(
    model: MaskedAutoencoderViT, mode: PixelMode
) -> None:
    galaxy, ranks = galaxy_of(model), patch_ranks("block", 1, 4)
    ladder = last(ratio_ladder(galaxy, ranks, mode, lambda pixels: pixels))
    assert ladder.sprite.shape == (32, 19 * 16, 3)
    for place, ratio in enumerate(LADDER):
        single = filled(galaxy, mask_at(ranks, ratio), mode)
        columns = slice(16 * place, 16 * place + 16)
        assert np.array_equal(ladder.sprite[:16, columns], single.reconstruction)
        assert ladder.curve.losses[place] == pytest.approx(single.loss, abs=1e-5)
        removed = galaxy.removed_pixels(single.mask)
        assert np.array_equal(ladder.sprite[16:, columns][removed], single.error[removed])


@pytest.mark.parametrize("mode", ["interpolated", "normalised"])
@pytest.mark.parametrize("ratio", [0.3, 0.75, 1.0])
def test_honest_pictures_never_read_a_hidden_pixel(
    model: MaskedAutoencoderViT, mode: PixelMode, ratio: float
) -> None:
    galaxy, mask = galaxy_of(model), mask_at(patch_ranks("uniform", 3, 4), ratio)
    changed = galaxy.image.copy()
    removed = galaxy.removed_pixels(mask)
    changed[removed] = np.random.default_rng(0).integers(0, 256, (int(removed.sum()), 3))
    before, after = filled(galaxy, mask, mode), filled(Galaxy(model, changed, MEAN, STD), mask, mode)
    assert not np.array_equal(before.original, after.original)
    assert np.array_equal(before.reconstruction, after.reconstruction)
    assert np.array_equal(before.composite, after.composite)
    assert np.array_equal(before.masked, after.masked)


def test_true_statistics_do_read_hidden_pixels_and_say_so(model: MaskedAutoencoderViT) -> None:
    galaxy, mask = galaxy_of(model), mask_at(patch_ranks("uniform", 3, 4), 0.75)
    removed = galaxy.removed_pixels(mask)
    brighter = np.where(removed[..., None], galaxy.image // 2 + 100, galaxy.image).astype(np.uint8)
    before = filled(galaxy, mask, "true")
    after = filled(Galaxy(model, brighter, MEAN, STD), mask, "true")
    assert not np.array_equal(before.composite, after.composite)
    assert "true patch statistics" in before.note


def test_a_perfect_prediction_with_true_statistics_is_the_image(model: MaskedAutoencoderViT) -> None:
    galaxy, mask = galaxy_of(model), mask_at(patch_ranks("uniform", 3, 4), 0.75)
    prediction = galaxy.predict(mask)
    perfect = type(prediction)(
        mask, model.forward_target(galaxy.patches)[0], prediction.ids_keep, torch.zeros(16)
    )
    assert np.array_equal(galaxy.to_picture(perfect, "true"), galaxy.image)
    assert np.array_equal(galaxy.to_picture(perfect, "normalised"), galaxy.reference("normalised"))


def test_the_composite_keeps_visible_pixels_and_the_error_map_is_dark_there(
    model: MaskedAutoencoderViT,
) -> None:
    galaxy, mask = galaxy_of(model), mask_at(patch_ranks("uniform", 5, 4), 0.5)
    view, visible = filled(galaxy, mask), ~galaxy.removed_pixels(mask)
    assert np.array_equal(view.composite[visible], galaxy.image[visible])
    assert np.array_equal(view.composite[~visible], view.reconstruction[~visible])
    assert (view.error[visible] == VIRIDIS[0]).all()
    error = np.abs(view.composite / 255 - galaxy.image / 255).mean(axis=2)
    assert np.array_equal(view.error, colour_errors(error, view.error_max))


def test_figures_can_be_worked_out_again_from_the_saved_pictures(model: MaskedAutoencoderViT) -> None:
    galaxy, mask = galaxy_of(model), mask_at(patch_ranks("uniform", 5, 4), 0.5)
    view, removed = filled(galaxy, mask), galaxy.removed_pixels(mask)
    composite = np.asarray(Image.open(io.BytesIO(png_file(view.composite))))
    error = (composite[removed] / 255 - galaxy.image[removed] / 255) ** 2
    assert view.psnr_db == pytest.approx(10 * np.log10(1 / error.mean()))


def test_nothing_hidden_has_no_figures_and_says_why(model: MaskedAutoencoderViT) -> None:
    galaxy = galaxy_of(model)
    view = filled(galaxy, torch.zeros(16))
    assert (view.loss, view.psnr_db, view.ssim, view.seam) == (None, None, None, None)
    assert view.ids_keep == list(range(16))
    assert "Nothing is hidden" in view.note
    assert np.array_equal(view.composite, galaxy.image)


def test_everything_hidden_is_what_the_model_expects_of_any_galaxy(model: MaskedAutoencoderViT) -> None:
    one, other = galaxy_of(model, 0), galaxy_of(model, 7)
    views = [filled(galaxy, torch.ones(16)) for galaxy in (one, other)]
    assert np.array_equal(views[0].composite, views[1].composite)
    assert views[0].ids_keep == []
    assert views[0].loss is not None
    assert np.isfinite(views[0].loss)
    assert "No patch is visible" in views[0].note


def test_a_model_of_raw_pixels_shows_its_prediction_in_every_mode(raw_model: MaskedAutoencoderViT) -> None:
    galaxy, mask = galaxy_of(raw_model), mask_at(patch_ranks("uniform", 5, 4), 0.5)
    views = [filled(galaxy, mask, mode) for mode in MODES]
    assert all(np.array_equal(view.reconstruction, views[0].reconstruction) for view in views)
    assert all("norm_pix_loss off" in view.note for view in views)
    image = unpatchify(galaxy.predict(mask).pred.unsqueeze(0), 4)[0].permute(1, 2, 0) * STD + MEAN
    assert np.array_equal(views[0].reconstruction, (image * 255).round().clamp(0, 255).byte().numpy())


def test_an_average_takes_each_patch_from_the_masks_that_hid_it(model: MaskedAutoencoderViT) -> None:
    galaxy = galaxy_of(model)
    first, second = torch.zeros(16), torch.zeros(16)
    first[[0, 1]], second[[1, 2]] = 1.0, 1.0
    average = reconstruct_masked(galaxy, [first, second], "interpolated", lambda pixels: pixels)
    one, two = (filled(galaxy, mask).reconstruction.astype(float) for mask in (first, second))
    patch = [np.s_[0:4, 4 * index : 4 * index + 4] for index in range(4)]
    assert np.array_equal(average.reconstruction[patch[0]], one[patch[0]])
    assert np.array_equal(average.reconstruction[patch[1]], ((one + two) / 2).round()[patch[1]])
    assert np.array_equal(average.reconstruction[patch[2]], two[patch[2]])
    assert np.array_equal(average.reconstruction[patch[3]], ((one + two) / 2).round()[patch[3]])
    losses = [filled(galaxy, mask).loss or 0.0 for mask in (first, second)]
    assert average.loss == pytest.approx(sum(losses) / 2)
    assert "Averaged over 2 masks" in average.note


def test_the_error_scale_depends_on_the_galaxy_and_not_on_the_mask(model: MaskedAutoencoderViT) -> None:
    galaxy = galaxy_of(model)
    scales = {filled(galaxy, mask_at(patch_ranks("uniform", 5, 4), ratio)).error_max for ratio in (0.2, 0.8)}
    assert scales == {error_scale(galaxy.image)}
    even = np.full((16, 16, 3), 90, np.uint8)
    assert error_scale(even) == 0.05
    even[:4] = 90 + 51  # a fifth of the range above the median
    assert error_scale(even) == pytest.approx(0.1)


def test_a_lossless_sprite_keeps_every_pixel() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 304, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(webp_file(picture))).convert("RGB")), picture)
