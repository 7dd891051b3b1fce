"""Augmentation of a batch on its device, with random draws for each image.

Flips and quarter turns only move pixels; a resized crop and colour jitter interpolate and scale.
"""

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


def augment(
    images: Tensor,
    generator: torch.Generator,
    *,
    flip: bool,
    rotate90: bool,
    crop_scale_min: float,
    colour_jitter: float,
    batch_size: int | None = None,
) -> Tensor:
    """(N, H, W, C) square images, augmented; uint8, or float32 on the scale 0 to 255 after a crop or jitter.

    The draws come from `generator` in a fixed order, on its own device: equal generator states give equal
    batches on any device. The images may be the first of `batch_size`; they are then augmented as in the
    whole batch. With crop_scale_min 1, colour_jitter 0 and both switches off the input itself is returned.
    """
    n, whole = len(images), batch_size or len(images)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, device=generator.device)

    if flip or rotate90:
        draw = torch.randint(0, 16, (whole,), generator=generator, device=generator.device)
        draw = draw[:n].to(images.device, non_blocking=True)
        none = torch.zeros_like(draw)
        images = dihedral(
            images,
            (draw & 1 if flip else none).bool(),
            (draw >> 1 & 1 if flip else none).bool(),
            draw >> 2 if rotate90 else none,
        )
    if crop_scale_min < 1:
        area, centre = uniform(whole), uniform(whole, 2)
        images = _resized_crop(images, area[:n], centre[:n], crop_scale_min)
    if colour_jitter > 0:
        images = _jitter(images, uniform(2, whole)[:, :n], colour_jitter)
    return images


def dihedral(images: Tensor, flip_h: Tensor, flip_v: Tensor, quarter_turns: Tensor) -> Tensor:
    """(N, H, W, C) images mirrored left-right, then top-bottom, then turned counter-clockwise; exact copies.

    flip_h and flip_v (N,) bool, quarter_turns (N,) integers 0 to 3; H = W.
    """
    # A vertical flip is a horizontal one and half a turn: a flip and a turn give all eight states.
    mirrored = flip_h ^ flip_v
    state = (quarter_turns + 2 * flip_v.long()) % 4 + 4 * mirrored.long()
    return _move_by_group(images, state) if images.device.type == "cpu" else _gather(images, state)


def _turned(planes: Tensor, state: int) -> Tensor:
    """A view of planes (n, H, W) in one of the eight states."""
    return torch.rot90(planes.flip(2) if state >= 4 else planes, state % 4, (1, 2))


def _move_by_group(images: Tensor, state: Tensor) -> Tensor:
    """Sort images by state and move them by group and band: long strided copies suit a CPU."""
    order = torch.argsort(state)
    groups = torch.bincount(state, minlength=8).tolist()
    before = images.index_select(0, order)
    after = torch.empty_like(before)
    start = 0
    for code, size in enumerate(groups):
        rows = slice(start, start + size)
        for band in range(images.shape[3]):
            after[rows, ..., band] = _turned(before[rows, ..., band], code)
        start += size
    return after.index_select(0, torch.argsort(order))


def _gather(images: Tensor, state: Tensor) -> Tensor:
    """Gather each image by a table of pixels: one kernel, without synchronisation."""
    n, side, _, bands = images.shape
    place = torch.arange(side * side, device=images.device).view(1, side, side)
    tables = torch.stack([_turned(place, code).reshape(-1) for code in range(8)])  # (8, H·W)
    index = tables[state][:, :, None].expand(n, side * side, bands)
    return images.reshape(n, side * side, bands).gather(1, index).view_as(images)


def _resized_crop(images: Tensor, area: Tensor, centre: Tensor, scale_min: float) -> Tensor:
    """Square crops of a random share of the area, at random places, back at full size; bilinear.

    Draws from [0, 1): area (n,) and centre (n, 2).
    """
    side = (scale_min + (1 - scale_min) * area).sqrt()  # (n,) of the frame
    theta = torch.zeros(len(images), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = side
    theta[:, :, 2] = (centre * 2 - 1) * (1 - side)[:, None]
    theta = theta.to(images.device, non_blocking=True)
    planes = images.permute(0, 3, 1, 2).float().contiguous()  # (n, C, H, W)
    points = affine_grid(theta, list(planes.shape), align_corners=False)
    return grid_sample(planes, points, padding_mode="border", align_corners=False).permute(0, 2, 3, 1)


def _jitter(images: Tensor, draw: Tensor, strength: float) -> Tensor:
    """Brightness and contrast (about the image's mean) scaled by 1 ± strength, within 0 to 255; draw (2, n)
    from [0, 1)."""
    draw = draw[:, :, None, None, None].to(images.device, non_blocking=True)
    brightness, contrast = 1 + strength * (2 * draw - 1)
    bright = images.float() * brightness
    mean = bright.mean(dim=(1, 2, 3), keepdim=True)
    jittered: Tensor = ((bright - mean) * contrast + mean).clamp(0, 255)
    return jittered
