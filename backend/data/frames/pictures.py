"""JPEG, PNG, TIFF, WEBP and BMP to arrays, upright and the right way round, as a viewer shows them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError

from backend.data.frames.header import Frame, FrameHeader, FrameNote
from backend.data.frames.limits import MAX_PIXELS, READ_ERRORS, UnreadableImageError
from backend.errors import DataError

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")
GREY_MODES = frozenset({"1", "L", "LA", "La"})
COLOUR_MODES = frozenset({"RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV"})
DEEP_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
WIDE_MODES = frozenset({"I", "F"})
MODES = GREY_MODES | COLOUR_MODES | DEEP_MODES | WIDE_MODES
WITH_ALPHA = frozenset({"LA", "La", "RGBA", "RGBa", "PA"})
SIDEWAYS = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""
BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
"""Tags of TIFF."""
WHITE_IS_ZERO = 0
UNSIGNED = 1
UPRIGHT = FrameNote("turned upright by EXIF orientation")

for _category in (UserWarning, Image.DecompressionBombWarning):  # not per picture: threads share the filters
    warnings.filterwarnings("ignore", category=_category, module="PIL")


def picture_header(stream: BinaryIO, name: str) -> FrameHeader:
    with opened_picture(stream, name) as image:
        return header_of(image, stream)


def read_picture(stream: BinaryIO, name: str) -> Frame:
    """Grey pictures have one band, other pictures three: alpha is dropped, CMYK and palettes become RGB."""
    with opened_picture(stream, name) as image:
        return pixels_of(image)


@contextmanager
def opened_picture(stream: BinaryIO, name: str) -> Iterator[Image.Image]:
    """The picture, header read and limits checked, pixels not yet decoded."""
    try:
        with Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > min(MAX_PIXELS, Image.MAX_IMAGE_PIXELS or MAX_PIXELS):
                raise UnreadableImageError(f"{image.width} × {image.height} pixels are too many")
            _check_mode(image, name)
            yield image
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError("too many pixels") from error
    except READ_ERRORS as error:
        raise UnreadableImageError(str(error) or f"damaged ({type(error).__name__})") from error


def header_of(image: Image.Image, stream: BinaryIO) -> FrameHeader:
    """What is known of an opened picture; `stream` is where it was opened."""
    orientation = _orientation(image, stream)
    width, height = image.size
    if orientation in SIDEWAYS and image.format != "TIFF":  # Pillow swaps the size of a TIFF itself
        width, height = height, width
    wide = "uint16" if image.mode in DEEP_MODES else "float32" if image.mode in WIDE_MODES else "uint8"
    pages = getattr(image, "n_frames", 1) - 1
    return FrameHeader(
        width,
        height,
        3 if image.mode in COLOUR_MODES else 1,
        wide,
        (),
        left_out=tuple(
            what
            for what, there in (("further pages", pages > 0), ("alpha", image.mode in WITH_ALPHA))
            if there
        ),
        notes=(UPRIGHT,) if orientation > 1 else (),
    )


def pixels_of(image: Image.Image) -> Frame:
    """The pixels of an opened picture, as read_picture."""
    inverted, unsigned = _white_is_zero(image), _tag(image, SAMPLE_FORMAT, UNSIGNED) == UNSIGNED
    image.load()
    if image.format != "TIFF" and image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        image = ImageOps.exif_transpose(image)  # Pillow has turned a TIFF
    mode = image.mode
    if mode in DEEP_MODES:
        deep = np.asarray(image).astype(np.uint16)
        return (np.iinfo(np.uint16).max - deep if inverted else deep)[..., None]
    if mode in WIDE_MODES:
        wide = np.asarray(image)
        if mode == "I" and unsigned and _tag(image, BITS, 0) == 32:
            wide = wide.view(np.uint32)
        return wide.astype(np.float32)[..., None]
    if mode in ("La", "RGBa"):
        image = image.convert("LA" if mode == "La" else "RGBA")
    if mode in ("PA", "P") and "transparency" in image.info:
        image = image.convert("RGBA")  # alpha is dropped, not blended: colours stay as stored
    grey = mode in GREY_MODES
    pixels = np.asarray(image.convert("L" if grey else "RGB"), np.uint8)
    return pixels[..., None] if grey else pixels


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a TIFF counts down from white. Pillow turns it round for up to 8 bits only."""
    return _tag(image, PHOTOMETRIC, None) == WHITE_IS_ZERO


def _tag(image: Image.Image, tag: int, default: int | None) -> int | None:
    """A tag of TIFF; the first of several values."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return default
    value = image.tag_v2.get(tag, default)
    first = value[0] if isinstance(value, tuple) and value else value
    return first if isinstance(first, int) else default


def _ends_in_exif(stream: BinaryIO) -> bool:
    """Whether a PNG may have its EXIF behind its pixels, where Pillow finds it only once they are decoded."""
    place = stream.tell()
    stream.seek(0)
    found = b"eXIf" in stream.read()
    stream.seek(place)
    return found


def _orientation(image: Image.Image, stream: BinaryIO) -> int:
    """1 to 8 by EXIF; 1 if it says nothing."""
    if (
        isinstance(image, PngImagePlugin.PngImageFile)
        and "exif" not in image.info
        and not _ends_in_exif(stream)
    ):
        return 1
    found = image.getexif().get(ExifTags.Base.Orientation, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _check_mode(image: Image.Image, name: str) -> None:
    if image.mode not in MODES:
        raise UnreadableImageError(f"its mode {image.mode} is not supported")
    if image.mode in COLOUR_MODES | GREY_MODES and any(";16" in layout for layout in _stored_layouts(image)):
        # The decoder would silently keep the upper 8 bits.
        why = f"{name} has several bands of 16 bits, of which 8 would be lost; save them as FITS or .npy."
        raise DataError("deep_colour", why, "path")
    if image.mode in WIDE_MODES and _white_is_zero(image):
        raise UnreadableImageError("white is zero in its numbers of 32 bits; invert them first")


def _stored_layouts(image: Image.Image) -> list[str]:
    """How the file stores its pixels, such as `RGB;16B`, one entry per tile."""
    if not isinstance(image, ImageFile.ImageFile):
        return []
    arguments = [tile.args for tile in image.tile if tile.args]
    return [args if isinstance(args, str) else str(args[0]) for args in arguments]
