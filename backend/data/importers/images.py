"""One image file to pixels, with limits: known formats, few enough pixels, 8 bits."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from backend.data.layout import Pixels
from backend.errors import DataError

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
MAX_PIXELS = 50_000_000
GREY_MODES = frozenset({"1", "L", "LA", "La"})
COLOUR_MODES = frozenset({"RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV"})


class UnreadableImageError(Exception):
    """An image that cannot be decoded; its text says why."""


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """The image with its header read and its limits checked, pixels not yet decoded.

    UnreadableImageError where it cannot be read; DataError where it is read but has more than 8 bits.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UnreadableImageError(f"{image.width} × {image.height} pixels are too many")
                _check_mode(image, path)
                yield image
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError("too many pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UnreadableImageError(str(error).replace(str(path), path.name)) from error


def _check_mode(image: Image.Image, path: Path) -> None:
    if image.mode not in GREY_MODES | COLOUR_MODES:
        raise DataError(
            "bad_mode",
            f"{path.name} has mode {image.mode}, more than 8 bits a value; stretch it to 8 bits first, since "
            "the stretch decides what a model sees.",
            "path",
        )


def decode(image: Image.Image, channels: int, img_size: int | None) -> Pixels:
    """(H, W, C) pixels; with `img_size` the centre square, resized with antialiasing."""
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")  # colours stay as stored: alpha is dropped, not painted
    converted = image.convert("RGB" if channels == 3 else "L")
    if img_size is not None:
        side = min(converted.size)
        left, top = (converted.width - side) // 2, (converted.height - side) // 2
        converted = converted.crop((left, top, left + side, top + side))
        if side != img_size:
            converted = converted.resize((img_size, img_size), Image.Resampling.BILINEAR)
    pixels: Pixels = np.asarray(converted, np.uint8)
    return pixels.reshape(converted.height, converted.width, channels)
