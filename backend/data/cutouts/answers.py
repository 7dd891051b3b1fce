"""The answer of a cut-out service, taken for an image only once it is one."""

import re
import warnings
from io import BytesIO

import numpy as np

from backend.data.cutouts.requests import Part
from backend.data.frames.limits import READ_ERRORS, UnreadableImageError
from backend.data.frames.reading import Frame, frame_header, read_frame
from backend.data.splits import chord_of, unit_vectors

MAGIC = {"jpg": b"\xff\xd8\xff", "fits": b"SIMPLE  ="}
MAX_EMPTY = 0.05
"""Share of a picture that solid black or white may have, as beyond the edge of a survey."""
SOLID = 5
PLACE_PIXELS, SCALE_SHARE = 3.0, 0.05
"""How far the WCS of a FITS image may be from the request: its centre, and its pixel scale."""


class EmptyCutoutError(UnreadableImageError):
    """An image as requested, on which there is nothing: the survey ends there. The answer is final."""


def read_cutout(answer: bytes, part: Part, side: int) -> Frame:
    """(side, side, C) of one answer: uint8 and C 3 for a picture, else float32 and a channel a band, NaN for
    blank pixels. Raises UnreadableImageError for anything else, EmptyCutoutError for a blank image."""
    kind = "fits" if part.bands else "jpg"
    if not answer.startswith(MAGIC[kind]):
        raise UnreadableImageError(f"not a {kind.upper()} image: {_shown(answer)}")
    name = part.file.name
    header = frame_header(BytesIO(answer), name)
    if (header.width, header.height) != (side, side):
        raise UnreadableImageError(f"{header.width} × {header.height} pixels, not {side} × {side}")
    frame = read_frame(BytesIO(answer), name)
    if part.bands:
        _check_place(answer, part, side)
        return _checked_bands(frame.astype(np.float32), part)
    if frame.dtype != np.uint8:
        raise UnreadableImageError(f"a picture of {frame.dtype}, not of 8 bits")
    picture = np.repeat(frame, 3, axis=2) if frame.shape[2] == 1 else frame
    _check_picture(picture)
    return picture


def _check_place(answer: bytes, part: Part, side: int) -> None:
    """UnreadableImageError if the WCS, where there is one, is not that of the request."""
    from astropy.io import fits  # on first use
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            wcs = WCS(fits.getheader(BytesIO(answer)), naxis=2)
            if not wcs.has_celestial:
                return
            ra, dec = map(float, wcs.pixel_to_world_values((side - 1) / 2, (side - 1) / 2))
            scale = float(np.mean(proj_plane_pixel_scales(wcs))) * 3600
    except (*READ_ERRORS, fits.VerifyError) as error:
        raise UnreadableImageError(f"its WCS cannot be read ({error})") from error
    known, wanted = unit_vectors(np.array([ra, part.ra]), np.array([dec, part.dec]))
    if not np.linalg.norm(known - wanted) <= chord_of(np.array(PLACE_PIXELS * part.pxscale)):
        raise UnreadableImageError(f"it shows RA {ra:.5f} Dec {dec:+.5f}, another place")
    if not abs(scale / part.pxscale - 1) <= SCALE_SHARE:
        raise UnreadableImageError(f"it has {scale:.4g} arcsec per pixel, not {part.pxscale:.4g}")


def _checked_bands(frame: Frame, part: Part) -> Frame:
    if frame.shape[2] != len(part.bands):
        raise UnreadableImageError(f"{frame.shape[2]} bands, not {len(part.bands)} ({','.join(part.bands)})")
    for place, band in enumerate(part.bands):
        values = frame[..., place][np.isfinite(frame[..., place])]
        if not len(values) or values.min() == values.max():
            raise EmptyCutoutError(f"nothing in band {band}: outside the survey")
    return frame


def _check_picture(picture: Frame) -> None:
    if (picture == picture[:1, :1]).all():
        raise EmptyCutoutError("nothing on it: outside the survey")
    empty = max(empty_share(picture, value) for value in (0, 255))
    if empty > MAX_EMPTY:
        raise EmptyCutoutError(f"{100 * empty:.0f} % of it is empty: the survey ends there")


def empty_share(picture: Frame, value: int) -> float:
    """The share of (H, W, C) in areas of `value` at least SOLID pixels wide; 0 if all four corners
    have it, as a dark sky."""
    from scipy.ndimage import binary_opening  # on first use: it loads slowly

    blank = (picture == value).all(axis=2)
    corners = (blank[:SOLID, :SOLID], blank[:SOLID, -SOLID:], blank[-SOLID:, :SOLID], blank[-SOLID:, -SOLID:])
    if blank.mean() <= MAX_EMPTY or all(corner.all() for corner in corners):
        return 0.0
    return float(binary_opening(blank, np.ones((SOLID, SOLID))).mean())


def _shown(answer: bytes) -> str:
    """The beginning of an answer in words: the title of a page, or its first characters."""
    if not answer:
        return "the answer is empty"
    text = answer[:4000].decode("utf-8", "replace")
    title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    words = " ".join((title[1] if title else text).split())
    plain = "".join(mark for mark in words if mark.isprintable())
    return f"it begins with '{plain[:60]}'"
