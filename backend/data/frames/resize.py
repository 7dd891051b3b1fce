"""Crop and resize of uint8 images with any number of bands, antialiased."""

import numpy as np
from PIL import Image

from backend.data.layout import Pixels


def centre_crop(images: Pixels, crop_size: int) -> Pixels:
    """(n, S, S, C) centres of images (n, H, W, C); S is crop_size, or the shorter side if that is less."""
    height, width = images.shape[1:3]
    side = min(crop_size, height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[:, top : top + side, left : left + side]


def resize(images: Pixels, img_size: int) -> Pixels:
    """(n, img_size, img_size, C) of square images; the same array if nothing changes.

    Bilinear with antialiasing: shrinking averages all pixels.
    """
    if images.shape[1] == images.shape[2] == img_size:
        return images
    out = np.empty((len(images), img_size, img_size, images.shape[3]), np.uint8)
    for index, image in enumerate(images):
        out[index] = _resize_one(np.ascontiguousarray(image), img_size)
    return out


def _resize_one(image: Pixels, img_size: int) -> Pixels:
    size = (img_size, img_size)
    if image.shape[2] == 3:
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    bands = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(image[..., band])).resize(size, Image.Resampling.BILINEAR)
        )
        for band in range(image.shape[2])
    ]
    return np.stack(bands, axis=2)
