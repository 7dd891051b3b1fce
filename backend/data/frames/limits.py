"""Limits of one frame: how many values, which axes; and the error of an unreadable one."""

import math
import struct
import tokenize
import zipfile
import zlib

MAX_PIXELS = 50_000_000
"""Of a picture; of any other frame, values (pixels × bands)."""
MAX_BANDS = 5

READ_ERRORS = (
    OSError, EOFError, ValueError, TypeError, SyntaxError, LookupError, ArithmeticError, AttributeError,
    RuntimeError, MemoryError, struct.error, tokenize.TokenError, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
"""What third-party decoders raise on damaged bytes, found by fuzzing; never our own errors."""


class UnreadableImageError(Exception):
    """A frame that cannot be decoded or used; its text says why."""


def split_axes(shape: tuple[int, ...], *, prefer_first: bool) -> tuple[bool, tuple[int, int, int]]:
    """Whether the bands are the first axis, and (H, W, C), of an array of two axes, or of three with up to
    five bands first or last (`prefer_first` if both could be); UnreadableImageError for any other."""
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise UnreadableImageError(f"its shape {shape} is neither (H, W) nor (C, H, W) with pixels")
    if math.prod(map(int, shape)) > MAX_PIXELS:
        raise UnreadableImageError(f"{' × '.join(map(str, shape))} pixels are too many")
    if len(shape) == 2:
        return False, (shape[0], shape[1], 1)
    first, last = shape[0] <= MAX_BANDS, shape[2] <= MAX_BANDS
    if not first and not last:
        raise UnreadableImageError(f"its shape {shape} has more than {MAX_BANDS} bands")
    if first and (prefer_first or not last):
        return True, (shape[1], shape[2], shape[0])
    return False, (shape[0], shape[1], shape[2])
