"""The image of a FITS file: which of its HDUs are bands, and which masks, weights or errors; their pixels."""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.fits_hdus import MAX_DATA_BYTES, Hdu, data_of, opened, read_hdus
from backend.data.frames.fits_pixels import fits_values, is_asinh, stored_dtype
from backend.data.frames.header import FrameHeader, FrameNote
from backend.data.frames.limits import MAX_BANDS, UnreadableImageError, split_axes

PLANES_BESIDE = frozenset(
    "mask msk masks bitmask maskbits flags flag dq quality stat var variance ivar invvar inverse weight"
    " weights wht wgt wt err error errors sigma rms unc uncert uncertainty noise std stddev psf psfmodel"
    " psfex exp expmap exposure nexp nimage ctx con coverage cov segmentation seg segm segmap bkg"
    " background model residual chi chi2".split()
)
"""Words in EXTNAME of planes that are no picture of the sky."""
CELESTIAL = re.compile(r"^(RA--|DEC-|[A-Z]LON|[A-Z]LAT|[A-Z]{2}LN|[A-Z]{2}LT)")
ASINH = FrameNote("asinh magnitudes (BSOFTEN, BOFFSET) are made linear")


@dataclass(frozen=True)
class _Choice:
    """The HDUs that are read, band by band or one cube, and what the receipt says."""

    hdus: list[Hdu]
    bands: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[FrameNote, ...]


def fits_header(stream: BinaryIO, hdus: str | None = None) -> FrameHeader:
    """The header of the image that read_fits reads."""
    found, stopped = read_hdus(opened(stream), keep_data=False)
    choice = _choose(found, stopped, hdus)
    first = choice.hdus[0]
    bands_first, (height, width, channels) = split_axes(first.shape, prefer_first=True)
    dtypes = {stored_dtype(hdu) for hdu in choice.hdus}
    celestial = CELESTIAL.match(first.cards.get("CTYPE1", "")) and (len(first.shape) == 2 or bands_first)
    return FrameHeader(
        width,
        height,
        channels if len(choice.hdus) == 1 else len(choice.hdus),
        dtypes.pop() if len(dtypes) == 1 else "float32",
        choice.bands,
        choice.left_out,
        choice.notes,
        first.header.decode("ascii", "replace") if celestial else "",
    )


def read_fits(stream: BinaryIO, hdus: str | None = None) -> NDArray[Any]:
    """(H, W, C) pixels, the file's last row on top; blank pixels are NaN.

    Images of one shape are bands, in order; `hdus` names or numbers them instead, separated by commas. FITS
    counts rows upwards: unflipped, each galaxy would be mirrored. Unscaled uint8 and uint16 are kept;
    everything else becomes float32.
    """
    source = opened(stream)
    choice = _choose(*read_hdus(source, keep_data=True), hdus)
    bands_first, (height, width, _) = split_axes(choice.hdus[0].shape, prefer_first=True)
    if sum(hdu.data_bytes for hdu in choice.hdus) > MAX_DATA_BYTES:
        raise UnreadableImageError("its bands together are too large")
    planes = [fits_values(hdu, data_of(source, hdu)) for hdu in choice.hdus]
    if len(planes) > 1:
        dtypes = {plane.dtype for plane in planes}
        values = np.stack([plane.reshape(height, width) for plane in planes], axis=2)
        return np.ascontiguousarray(values.astype(dtypes.pop() if len(dtypes) == 1 else np.float32)[::-1])
    values = planes[0]
    if values.ndim == 2:
        values = values[..., None]
    elif bands_first:
        values = np.moveaxis(values, 0, 2)
    return np.ascontiguousarray(values[::-1])


def _choose(found: list[Hdu], stopped: str, wanted: str | None) -> _Choice:
    images = [hdu for hdu in found if hdu.is_image]
    if not images:
        raise UnreadableImageError("it has no image HDU with two or three axes")
    chosen = _named(images, wanted) if wanted is not None else _guessed(images)
    left = [_described(hdu) for hdu in found if hdu not in chosen and hdu.data_bytes]
    if stopped:
        left.append(f"what follows HDU {found[-1].index} ({stopped})")
    notes = [ASINH] if any(map(is_asinh, chosen)) else []
    bands = _band_names(chosen)
    if len(chosen) > 1 and wanted is None:
        words = ", ".join(bands or [hdu.name for hdu in chosen])
        notes.append(FrameNote(f"{len(chosen)} extensions of one shape are its bands: {words}", "hdus"))
    return _Choice(chosen, bands, tuple(left), tuple(notes))


def _guessed(images: list[Hdu]) -> list[Hdu]:
    """All planes of the shape of the first that is no mask, weight or error; or that one cube."""
    sky = [hdu for hdu in images if not _is_beside(hdu)]
    if not sky:
        names = ", ".join(hdu.name for hdu in images[:8])
        raise UnreadableImageError(f"its images are only {names}; name one in hdus to read it all the same")
    first = sky[0]
    if split_axes(first.shape, prefer_first=True)[1][2] > 1:
        return [first]
    alike = [hdu for hdu in sky if _plane(hdu) == _plane(first)]
    if len(alike) > MAX_BANDS:
        why = f"it has {len(alike)} images of one shape, more than {MAX_BANDS} bands"
        raise UnreadableImageError(f"{why}; name those to read in hdus, as {first.name}")
    return alike


def _named(images: list[Hdu], wanted: str) -> list[Hdu]:
    """The images that `wanted` names or numbers."""
    chosen = []
    for word in wanted.split(","):
        match = [hdu for hdu in images if str(hdu.index) == word or hdu.name.lower() == word.lower()]
        if not match:
            names = ", ".join(f"{hdu.index} {hdu.cards.get('EXTNAME', '')}".strip() for hdu in images[:12])
            raise UnreadableImageError(f"it has no image '{word}', but {names}")
        chosen.append(match[0])
    if len(chosen) > 1 and (len({_plane(hdu) for hdu in chosen}) > 1 or None in map(_plane, chosen)):
        shapes = ", ".join(f"{hdu.name} {hdu.shape}" for hdu in chosen[:8])
        raise UnreadableImageError(f"its images {shapes} are not planes of one shape")
    if len(chosen) > MAX_BANDS:
        raise UnreadableImageError(f"hdus names {len(chosen)} images, more than {MAX_BANDS} bands")
    return chosen


def _plane(hdu: Hdu) -> tuple[int, ...] | None:
    """(H, W) of an image of one band; None for a cube."""
    try:
        _, (height, width, channels) = split_axes(hdu.shape, prefer_first=True)
    except UnreadableImageError:
        return None
    return (height, width) if channels == 1 else None


def _is_beside(hdu: Hdu) -> bool:
    words = re.split(r"[^a-z0-9]+", hdu.cards.get("EXTNAME", "").lower())
    return any(word in PLANES_BESIDE or word.rstrip("0123456789") in PLANES_BESIDE for word in words)


def _described(hdu: Hdu) -> str:
    kind = "image" if hdu.shape else "table" if "XTENSION" in hdu.cards else "data"
    return f"{hdu.name} ({kind})"


def _band_names(chosen: list[Hdu]) -> tuple[str, ...]:
    """From BAND0, BAND1 … or BANDS of a cube, as in the Legacy Surveys; from FILTER, BAND or EXTNAME of
    planes, the first that tells them apart."""
    if len(chosen) == 1:
        return _cube_names(chosen[0], split_axes(chosen[0].shape, prefer_first=True)[1][2])
    for key in ("FILTER", "BAND", "EXTNAME"):
        names = tuple(hdu.cards.get(key, "") for hdu in chosen)
        if all(names) and len(set(names)) == len(names):
            return names
    numbered = tuple(f"{hdu.name}_{hdu.cards.get('EXTVER', hdu.index)}" for hdu in chosen)
    return numbered if len(set(numbered)) == len(numbered) and "EXTNAME" in chosen[0].cards else ()


def _cube_names(hdu: Hdu, channels: int) -> tuple[str, ...]:
    named = [hdu.cards.get(f"BAND{band}", "") for band in range(MAX_BANDS + 1)]
    together = hdu.cards.get("BANDS", "").replace(",", "").replace(" ", "")
    if all(named[:channels]) and not named[channels]:
        return tuple(named[:channels])
    if len(together) == channels:
        return tuple(together)
    single = hdu.cards.get("FILTER", "")
    return (single,) if channels == 1 and single else ()
