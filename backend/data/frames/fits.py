"""The image of a FITS file (FITS standard 4.0), read with bounds on every size it declares.

Headers are parsed here: a few cards each, in microseconds, without reading data. astropy, imported on first
use, reads the pixels: it knows BSCALE, BZERO, BLANK and the compression of tiles.

The image is the first image HDU; where further image HDUs have its shape, each is a band. Planes that say
more about an image than they are one (masks, weights, variances, PSFs) are told by their EXTNAME and left
out; `FitsImage.left_out` names all that is not read.
"""

import bz2
import gzip
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import MAX_BANDS, MAX_PIXELS, READ_ERRORS, UnreadableImageError, split_axes
from backend.data.frames.wcs import SkyFrame, sky_frame

FITS_MAGIC = b"SIMPLE  ="
GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC = b"BZh"
BLOCK = 2880
CARD = 80
MAX_HEADER_BLOCKS = 200
MAX_HDUS = 50
MAX_SKIP_BYTES = 512 * 2**20
SKIP_PIECE = 2**20
BITS = (8, 16, 32, 64, -32, -64)
_CARD = re.compile(r"^([A-Z0-9_-]{1,8}) *= *('(?:[^']|'')*'|[^/]*)")
_AUXILIARY = re.compile(
    r"(^|[^a-z])(mask|maskbits|dq|dqi|flags?|quality|bitmask|bit_mask|var|variance|ivar|invvar|inverse_variance"
    r"|err|error|sigma|rms|stddev|unc|uncertainty|wht|wt|weight|exp|expmap|nexp|exposure|psf|psfex|psfsize|ctx"
    r"|con|context|model|resid|residual|background|bkg|sky|samp|time|depth|galdepth|chi2?|num)([^a-z]|$)",
    re.I,
)
"""EXTNAMEs of planes that describe an image; words of HST, Pan-STARRS, DES, HSC and the Legacy Surveys."""
_LUPTITUDE = 2.5 * math.log10(math.e)


@dataclass(frozen=True)
class FitsImage:
    """A FITS image before its pixels are read: shape (H, W, C), the dtype of read_fits, names of bands, the
    HDUs left out, what is undone to get linear values, and where on the sky it is, if its WCS says."""

    shape: tuple[int, int, int]
    dtype: str
    bands: tuple[str, ...]
    left_out: tuple[str, ...]
    undone: str
    sky: SkyFrame | None


@dataclass(frozen=True)
class _Hdu:
    index: int
    header: bytes
    cards: dict[str, str]
    axes: tuple[int, ...]  # in NumPy's order, as stored
    data_bytes: int
    tiles: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes without those of length 1 beyond two: (C, H, W) or (H, W)."""
        longer = tuple(length for length in self.axes if length != 1)
        return longer if len(self.axes) > 2 and len(longer) >= 2 else self.axes

    @property
    def name(self) -> str:
        return self.cards.get("EXTNAME", "") or f"HDU {self.index}"

    @property
    def bits(self) -> int:
        return int(self.number("ZBITPIX" if self.tiles else "BITPIX", 0))

    def number(self, key: str, default: float) -> float:
        try:
            return float(self.cards.get(key, str(default)).upper().replace("D", "E"))  # 1.0D-02
        except ValueError:
            raise UnreadableImageError(f"its card {key} is {self.cards[key]!r}, not a number") from None


def fits_header(stream: BinaryIO) -> FitsImage:
    """The image of a FITS file, from its headers alone."""
    planes, left_out = _planes(_all_hdus(_opened(stream)))
    shape = _shape(planes)
    first = planes[0]
    return FitsImage(
        shape=shape,
        dtype=_dtype(planes),
        bands=_bands(planes, shape[2]),
        left_out=tuple(left_out),
        undone="asinh magnitudes (BSOFTEN, BOFFSET)" if "BSOFTEN" in first.cards else "",
        sky=sky_frame(first.header, shape[1], shape[0]),
    )


def read_fits(stream: BinaryIO) -> NDArray[Any]:
    """(H, W, C) pixels, the file's last row on top; blank pixels are NaN.

    FITS counts rows upwards: unflipped, each galaxy would be mirrored. Unscaled uint8 and uint16 are kept;
    everything else becomes float32, from the exact values.
    """
    hdus = list(_all_hdus(_opened(stream)))
    planes, _ = _planes(hdus)
    _shape(planes)
    dtype = _dtype(planes)
    opened = _opened(stream)
    found: dict[int, NDArray[Any]] = {}
    wanted = {plane.index for plane in planes}
    for hdu in hdus[: max(wanted) + 1]:
        _skip(opened, len(hdu.header))
        if hdu.index in wanted:
            found[hdu.index] = _values(hdu, _read_exactly(opened, hdu.data_bytes, "pixels"), dtype)
            _skip(opened, -hdu.data_bytes % BLOCK)
        else:
            _skip(opened, _padded(hdu))
    values = found[planes[0].index]
    if len(planes) > 1:
        values = np.stack([found[plane.index] for plane in planes])
    if values.ndim == 2:
        values = values[..., None]
    elif len(planes) > 1 or split_axes(values.shape, prefer_first=True)[0]:
        values = np.moveaxis(values, 0, 2)
    return np.ascontiguousarray(values[::-1])


def _opened(stream: BinaryIO) -> BinaryIO:
    """The stream from its beginning, decompressed if it is gzip or bzip2."""
    stream.seek(0)
    start = stream.read(len(BZIP2_MAGIC))
    stream.seek(0)
    if start == BZIP2_MAGIC:
        return cast(BinaryIO, bz2.BZ2File(stream))
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if start.startswith(GZIP_MAGIC) else stream


def _padded(hdu: _Hdu) -> int:
    return -(-hdu.data_bytes // BLOCK) * BLOCK


def _all_hdus(stream: BinaryIO) -> Iterator[_Hdu]:
    """The HDUs, data skipped; what follows the first MAX_HDUS, or an image too far within, is not seen."""
    skipped = 0
    seen_image = False
    for index in range(MAX_HDUS):
        try:
            hdu = _read_hdu(stream, index)
        except UnreadableImageError:
            if seen_image:  # damage behind the image
                return
            raise
        if hdu is None:
            return
        yield hdu
        seen_image |= _is_image(hdu)
        skipped += hdu.data_bytes
        if skipped > MAX_SKIP_BYTES:
            if seen_image:
                return
            raise UnreadableImageError(f"no image within its first {MAX_SKIP_BYTES:,} bytes")
        _skip(stream, _padded(hdu))


def _is_image(hdu: _Hdu) -> bool:
    plain = hdu.cards.get("XTENSION", "IMAGE") == "IMAGE" and hdu.cards.get("GROUPS") != "T"
    return (plain or hdu.tiles) and len(hdu.shape) in (2, 3) and min(hdu.shape) > 0


def _planes(hdus: Iterator[_Hdu] | Sequence[_Hdu]) -> tuple[list[_Hdu], list[str]]:
    """The HDUs that are the image, one for each band or one with all, and the names of other images."""
    images = [hdu for hdu in hdus if _is_image(hdu)]
    if not images:
        raise UnreadableImageError("it has no image HDU with two or three axes")
    plain = [hdu for hdu in images if not _AUXILIARY.search(hdu.cards.get("EXTNAME", ""))] or images[:1]
    first = plain[0]
    planes = [hdu for hdu in plain if hdu.shape == first.shape] if len(first.shape) == 2 else [first]
    if len(planes) > MAX_BANDS:
        names = ", ".join(hdu.name for hdu in planes[:MAX_BANDS])
        why = f"it has {len(planes)} images of one size ({names}, …), more than {MAX_BANDS} bands"
        raise UnreadableImageError(f"{why}; keep the bands you need")
    return planes, [hdu.name for hdu in images if hdu not in planes]


def _shape(planes: Sequence[_Hdu]) -> tuple[int, int, int]:
    _, shape = split_axes(planes[0].shape, prefer_first=True)
    return shape if len(planes) == 1 else (shape[0], shape[1], len(planes))


def _read_hdu(stream: BinaryIO, index: int) -> _Hdu | None:
    """The next header; None at the end of the file."""
    header = _header_bytes(stream, index)
    if header is None:
        return None
    cards = _cards(header)
    lengths, bits = _declared(cards, "")
    tiles = cards.get("ZIMAGE") == "T"
    values = int(np.prod(lengths, dtype=object)) if lengths else 0
    extra = _whole(cards, "PCOUNT", 0, 2**40) if "PCOUNT" in cards else 0
    groups = _whole(cards, "GCOUNT", 0, 2**40) if "GCOUNT" in cards else 1
    image, _ = _declared(cards, "Z") if tiles else (lengths, bits)
    nbytes = abs(bits) // 8 * groups * (extra + values)
    return _Hdu(index, header, cards, tuple(reversed(image)), nbytes, tiles)


def _declared(cards: dict[str, str], prefix: str) -> tuple[list[int], int]:
    """The lengths of the axes, and BITPIX; with the prefix Z those of a tile-compressed image."""
    axes = _whole(cards, f"{prefix}NAXIS", 0, 999)
    lengths = [_whole(cards, f"{prefix}NAXIS{axis + 1}", 0, 2**40) for axis in range(axes)]
    bits = _whole(cards, f"{prefix}BITPIX", -64, 64)
    if bits not in BITS:
        raise UnreadableImageError(f"its card {prefix}BITPIX is {bits}, not one of {BITS}")
    return lengths, bits


def _header_bytes(stream: BinaryIO, index: int) -> bytes | None:
    blocks: list[bytes] = []
    while len(blocks) < MAX_HEADER_BLOCKS:
        block = _read(stream, BLOCK)
        if not block.strip(b" \0") and not blocks and index:
            return None  # the end, or padding after it
        if len(block) < BLOCK:
            raise UnreadableImageError("it is truncated within a header")
        blocks.append(block)
        if any(block[start : start + 8] == b"END     " for start in range(0, BLOCK, CARD)):
            return b"".join(blocks)
    raise UnreadableImageError(f"its header has no end within {MAX_HEADER_BLOCKS * BLOCK:,} bytes")


def _cards(header: bytes) -> dict[str, str]:
    """Keyword → value as text, quotes removed; the first of a repeated keyword counts."""
    cards: dict[str, str] = {}
    text = header.decode("ascii", "replace")
    for start in range(0, len(text), CARD):
        found = _CARD.match(text[start : start + CARD])
        if found:
            value = found[2].strip()
            quoted = value.startswith("'")
            cards.setdefault(found[1], value[1:-1].replace("''", "'").strip() if quoted else value)
    return cards


def _whole(cards: dict[str, str], key: str, low: int, high: int) -> int:
    text = cards.get(key, "")
    if not re.fullmatch(r"[+-]?\d{1,13}", text) or not low <= int(text) <= high:
        raise UnreadableImageError(f"its card {key} is {text!r}")
    return int(text)


def _dtype(planes: Sequence[_Hdu]) -> str:
    """What the pixels become: uint8 or uint16 where all planes are, unscaled; else float32."""
    kinds = {_stored_dtype(hdu) for hdu in planes}
    return kinds.pop() if len(kinds) == 1 else "float32"


def _stored_dtype(hdu: _Hdu) -> str:
    scale, zero = hdu.number("BSCALE", 1), hdu.number("BZERO", 0)
    if {"BLANK", "ZBLANK", "BSOFTEN"} & hdu.cards.keys() or scale != 1:
        return "float32"
    return {(8, 0.0): "uint8", (16, 32768.0): "uint16"}.get((hdu.bits, zero), "float32")


def _bands(planes: Sequence[_Hdu], channels: int) -> tuple[str, ...]:
    """From BAND0, BAND1 … or BANDS, as in the Legacy Surveys; of planes, from FILTER, BAND or EXTNAME."""
    if len(planes) > 1:
        for key in ("FILTER", "BAND", "EXTNAME"):
            names = [hdu.cards.get(key, "").strip() for hdu in planes]
            if all(names) and len(set(names)) == len(names):
                return tuple(names)
        return ()
    cards = planes[0].cards
    named = [cards.get(f"BAND{band}", "") for band in range(MAX_BANDS + 1)]
    together = cards.get("BANDS", "").replace(",", "").replace(" ", "")
    if all(named[:channels]) and not named[channels]:
        return tuple(named[:channels])
    if len(together) == channels:
        return tuple(together)
    single = cards.get("FILTER", "")
    return (single,) if channels == 1 and single else ()


def _values(hdu: _Hdu, data: bytes, dtype: str) -> NDArray[Any]:
    """The pixels of one HDU, as many axes as its shape."""
    from astropy.io import fits

    whole = hdu.header + data + bytes(-len(data) % BLOCK)
    if "XTENSION" in hdu.cards:  # astropy wants a primary HDU before it
        primary = fits.PrimaryHDU().header.tostring().encode()
        whole = primary + whole
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with fits.open(BytesIO(whole), uint=True, memmap=False) as file:
                values = file[-1].data
            if values is None or values.shape != hdu.axes:
                raise UnreadableImageError(f"its header and its pixels disagree on the shape {hdu.axes}")
            blank = _blank(hdu, whole) if dtype == "float32" and values.dtype.kind == "u" else None
            pixels = np.asarray(values).astype(dtype)
            if blank is not None:
                pixels[blank] = np.nan
            return _linear(hdu, pixels).reshape(hdu.shape)
    except (*READ_ERRORS, fits.VerifyError) as error:
        raise UnreadableImageError(f"damaged FITS ({error})") from error


def _blank(hdu: _Hdu, whole: bytes) -> NDArray[np.bool_] | None:
    """Which pixels are BLANK: astropy forgets it where BZERO makes integers unsigned."""
    from astropy.io import fits

    key = next((key for key in ("BLANK", "ZBLANK") if key in hdu.cards), None)
    if key is None:
        return None
    text = hdu.cards[key]
    value = int(text) if re.fullmatch(r"[+-]?\d+", text) else int(hdu.number(key, 0))  # 64 bits, exactly
    with fits.open(BytesIO(whole), do_not_scale_image_data=True, memmap=False) as file:
        blank: NDArray[np.bool_] = file[-1].data == value
    return blank


def _linear(hdu: _Hdu, pixels: NDArray[Any]) -> NDArray[Any]:
    """Flux of the asinh magnitudes of Pan-STARRS skycells: BOFFSET + 2 BSOFTEN sinh(v/a),
    a = 2.5 log10(e) (Waters et al. 2020, ApJS 251, 4); other pixels as they are."""
    if "BSOFTEN" not in hdu.cards:
        return pixels
    softening, offset = hdu.number("BSOFTEN", 0), hdu.number("BOFFSET", 0)
    flux = offset + 2 * softening * np.sinh(pixels.astype(np.float64) / _LUPTITUDE)
    return flux.astype(np.float32)


def _read(stream: BinaryIO, nbytes: int) -> bytes:
    try:
        return stream.read(nbytes)
    except READ_ERRORS as error:
        raise UnreadableImageError(f"cannot be read ({error})") from error


def _read_exactly(stream: BinaryIO, nbytes: int, what: str) -> bytes:
    if nbytes > 8 * MAX_PIXELS:
        raise UnreadableImageError(f"it declares {nbytes:,} bytes of {what}, which is too many")
    data = _read(stream, nbytes)
    if len(data) < nbytes:
        raise UnreadableImageError(f"it is truncated: {len(data):,} of {nbytes:,} bytes of {what}")
    return data


def _skip(stream: BinaryIO, nbytes: int) -> None:
    while nbytes > 0:
        piece = len(_read(stream, min(nbytes, SKIP_PIECE)))
        if piece == 0:
            return
        nbytes -= piece
