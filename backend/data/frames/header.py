"""What is known of a frame before its pixels are read."""

from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

Frame = NDArray[Any]
"""(H, W, C) uint8, uint16 or float32 with NaN for blank pixels; C 1 to 5; row 0 on top."""


@dataclass(frozen=True)
class FrameNote:
    """How one file is read, for the receipt; `field` is the setting that changes it, if it was assumed."""

    text: str
    field: str | None = None

    @property
    def kind(self) -> Literal["read", "assumed"]:
        return "read" if self.field is None else "assumed"


@dataclass(frozen=True)
class FrameHeader:
    """A frame before its pixels are read. `dtype` is that of read_frame's array; `bands` are named by the
    file, or empty; `left_out` names what else the file holds; `wcs` is the text of a FITS header with
    celestial axes, or empty."""

    width: int
    height: int
    channels: int
    dtype: str
    bands: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[FrameNote, ...] = ()
    wcs: str = field(default="", repr=False, compare=False)
