"""Augmentation: exact moves, per-image draws, and nothing at all when all is off."""

import itertools

import pytest
import torch

from backend.data.augment import _gather, _move_by_group, augment, dihedral


def batch(n: int = 64, side: int = 8, channels: int = 3) -> torch.Tensor:
    return (
        torch.arange(n * side * side * channels).remainder(251).to(torch.uint8).view(n, side, side, channels)
    )


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flags(n: int, value: bool) -> torch.Tensor:
    return torch.full((n,), value)


OFF = {"flip": False, "rotate90": False, "crop_scale_min": 1.0, "colour_jitter": 0.0}


def test_all_off_gives_the_input_bit_for_bit() -> None:
    images = batch()
    assert torch.equal(augment(images, seeded(), **OFF), images)


@pytest.mark.parametrize(
    ("flip_h", "flip_v", "turns"), list(itertools.product((False, True), (False, True), range(4)))
)
def test_each_state_is_mirror_mirror_turn(flip_h: bool, flip_v: bool, turns: int) -> None:
    images = batch(3)
    expected = images.flip(2) if flip_h else images
    expected = expected.flip(1) if flip_v else expected
    expected = torch.rot90(expected, turns, (1, 2))
    moved = dihedral(images, flags(3, flip_h), flags(3, flip_v), torch.full((3,), turns))
    assert torch.equal(moved, expected)


def test_a_quarter_turn_worked_out_by_hand() -> None:
    image = torch.tensor([[1, 2], [3, 4]], dtype=torch.uint8).view(1, 2, 2, 1)
    turned = dihedral(image, flags(1, False), flags(1, False), torch.tensor([1]))
    assert turned.view(2, 2).tolist() == [[2, 4], [1, 3]]


def test_inverses_compose_to_the_identity() -> None:
    images, generator = batch(128), seeded(3)
    flip_h, flip_v = (torch.randint(0, 2, (2, 128), generator=generator)).bool()
    turns = torch.randint(0, 4, (128,), generator=generator)
    none = flags(128, False)
    moved = dihedral(images, flip_h, flip_v, turns)
    back = dihedral(dihedral(moved, none, none, -turns % 4), flip_h, flip_v, torch.zeros_like(turns))
    assert torch.equal(back, images)


def test_the_way_of_the_gpu_and_the_way_of_the_cpu_agree() -> None:
    images, state = batch(channels=5), torch.arange(64) % 8
    assert torch.equal(_gather(images, state), _move_by_group(images, state))


def test_flips_and_turns_move_values_and_change_none() -> None:
    images = batch(200)
    moved = augment(images, seeded(), **{**OFF, "flip": True, "rotate90": True})
    assert moved.dtype == torch.uint8
    assert torch.equal(moved.flatten(1).sort().values, images.flatten(1).sort().values)
    same = (moved == images).flatten(1).all(1).float().mean()
    assert 0.02 < same < 0.35  # an eighth stays by chance


def test_flips_alone_and_turns_alone_give_four_states_each() -> None:
    image = batch(1).expand(200, -1, -1, -1).contiguous()
    for chosen in ({"flip": True}, {"rotate90": True}):
        moved = augment(image, seeded(), **{**OFF, **chosen})
        assert len(torch.unique(moved.flatten(1), dim=0)) == 4


def test_the_generator_decides() -> None:
    images = batch()
    full = {"flip": True, "rotate90": True, "crop_scale_min": 0.6, "colour_jitter": 0.3}
    assert torch.equal(augment(images, seeded(1), **full), augment(images, seeded(1), **full))
    assert not torch.equal(augment(images, seeded(1), **full), augment(images, seeded(2), **full))


def test_a_resized_crop_stays_inside_the_image() -> None:
    ramp = torch.linspace(0, 255, 32).expand(50, 32, 32)[..., None].contiguous()
    cropped = augment(ramp, seeded(), **{**OFF, "crop_scale_min": 0.5})
    assert cropped.shape == ramp.shape
    span = cropped[:, 0, -1, 0] - cropped[:, 0, 0, 0]
    assert (span >= 255 * 0.5**0.5 * 0.95).all()
    assert (span <= 255).all()
    assert len(span.round().unique()) > 10


def test_jitter_scales_brightness_by_at_most_its_strength() -> None:
    images = torch.full((100, 8, 8, 3), 100, dtype=torch.uint8)
    jittered = augment(images, seeded(), **{**OFF, "colour_jitter": 0.2})
    assert jittered.min() >= 80 - 1e-3
    assert jittered.max() <= 120 + 1e-3
    assert len(jittered[:, 0, 0, 0].unique()) > 50
