"""The first image of a FITS file (FITS standard 4.0), read with bounds on every size it declares.

Headers are parsed here: a few cards each, in microseconds, without reading data. astropy, imported on first
use, reads the pixels: it knows BSCALE, BZERO and BLANK.
"""

import gzip
import re
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import MAX_BANDS, MAX_PIXELS, READ_ERRORS, UnreadableImageError, split_axes

FITS_MAGIC = b"SIMPLE  ="
GZIP_MAGIC = b"\x1f\x8b"
BLOCK = 2880
CARD = 80
MAX_HEADER_BLOCKS = 200
MAX_HDUS = 50
MAX_SKIP_BYTES = 512 * 2**20
SKIP_PIECE = 2**20
BITS = (8, 16, 32, 64, -32, -64)
_CARD = re.compile(r"^([A-Z0-9_-]{1,8}) *= *('(?:[^']|'')*'|[^/]*)")


@dataclass(frozen=True)
class _Hdu:
    header: bytes
    cards: dict[str, str]
    shape: tuple[int, ...]  # in NumPy's order: (C, H, W) or (H, W)
    data_bytes: int

    def number(self, key: str, default: float) -> float:
        try:
            return float(self.cards.get(key, default))
        except ValueError:
            raise UnreadableImageError(f"its card {key} is {self.cards[key]!r}, not a number") from None


def fits_header(stream: BinaryIO) -> tuple[tuple[int, int, int], str, tuple[str, ...]]:
    """(H, W, C), dtype and band names of the first image HDU with two or three axes."""
    hdu = _first_image(_opened(stream))
    _, shape = split_axes(hdu.shape, prefer_first=True)
    return shape, _dtype(hdu), _bands(hdu, shape[2])


def read_fits(stream: BinaryIO) -> NDArray[Any]:
    """(H, W, C) pixels of the first image HDU, the file's last row on top; blank pixels are NaN.

    FITS counts rows upwards: unflipped, each galaxy would be mirrored. Unscaled uint8 and uint16 are kept;
    everything else becomes float32.
    """
    opened = _opened(stream)
    hdu = _first_image(opened)
    bands_first, _ = split_axes(hdu.shape, prefer_first=True)
    values = _values(hdu, _read_exactly(opened, hdu.data_bytes, "pixels"))
    if values.ndim == 2:
        values = values[..., None]
    elif bands_first:
        values = np.moveaxis(values, 0, 2)
    return np.ascontiguousarray(values[::-1])


def _opened(stream: BinaryIO) -> BinaryIO:
    """The stream, decompressed if it is gzip."""
    start = stream.read(len(GZIP_MAGIC))
    stream.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if start == GZIP_MAGIC else stream


def _first_image(stream: BinaryIO) -> _Hdu:
    skipped = 0
    for index in range(MAX_HDUS):
        hdu = _read_hdu(stream, index)
        if hdu is None:
            break
        if hdu.cards.get("ZIMAGE") == "T":
            raise UnreadableImageError("its image is tile-compressed; unpack it with funpack")
        is_image = hdu.cards.get("XTENSION", "IMAGE") == "IMAGE" and hdu.cards.get("GROUPS") != "T"
        if is_image and len(hdu.shape) in (2, 3) and min(hdu.shape) > 0:
            return hdu
        skipped += hdu.data_bytes
        if skipped > MAX_SKIP_BYTES:
            raise UnreadableImageError(f"no image within its first {MAX_SKIP_BYTES:,} bytes")
        _skip(stream, -(-hdu.data_bytes // BLOCK) * BLOCK)
    raise UnreadableImageError("it has no image HDU with two or three axes")


def _read_hdu(stream: BinaryIO, index: int) -> _Hdu | None:
    """The next header; None at the end of the file."""
    header = _header_bytes(stream, index)
    if header is None:
        return None
    cards = _cards(header)
    axes = _whole(cards, "NAXIS", 0, 999)
    lengths = [_whole(cards, f"NAXIS{axis + 1}", 0, 2**40) for axis in range(axes)]
    bits = _whole(cards, "BITPIX", -64, 64)
    if bits not in BITS:
        raise UnreadableImageError(f"its card BITPIX is {bits}, not one of {BITS}")
    values = int(np.prod(lengths, dtype=object)) if lengths else 0
    extra = _whole(cards, "PCOUNT", 0, 2**40) if "PCOUNT" in cards else 0
    groups = _whole(cards, "GCOUNT", 0, 2**40) if "GCOUNT" in cards else 1
    return _Hdu(header, cards, tuple(reversed(lengths)), abs(bits) // 8 * groups * (extra + values))


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


def _dtype(hdu: _Hdu) -> str:
    bits, scale, zero = hdu.number("BITPIX", 0), hdu.number("BSCALE", 1), hdu.number("BZERO", 0)
    if "BLANK" in hdu.cards or scale != 1:
        return "float32"
    return {(8, 0.0): "uint8", (16, 32768.0): "uint16"}.get((int(bits), zero), "float32")


def _bands(hdu: _Hdu, channels: int) -> tuple[str, ...]:
    """From BAND0, BAND1 … or BANDS, as in the Legacy Surveys, or FILTER of a single band."""
    named = [hdu.cards.get(f"BAND{band}", "") for band in range(MAX_BANDS + 1)]
    together = hdu.cards.get("BANDS", "").replace(",", "").replace(" ", "")
    if all(named[:channels]) and not named[channels]:
        return tuple(named[:channels])
    if len(together) == channels:
        return tuple(together)
    single = hdu.cards.get("FILTER", "")
    return (single,) if channels == 1 and single else ()


def _values(hdu: _Hdu, data: bytes) -> NDArray[Any]:
    from astropy.io import fits

    dtype = _dtype(hdu)
    kind = fits.ImageHDU if "XTENSION" in hdu.cards else fits.PrimaryHDU
    padding = bytes(-len(data) % BLOCK)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            values = kind.fromstring(hdu.header + data + padding, uint=dtype == "uint16").data
            if values is None or values.shape != hdu.shape:
                raise UnreadableImageError(f"its header and its pixels disagree on the shape {hdu.shape}")
            return np.asarray(values).astype(dtype)
    except (*READ_ERRORS, fits.VerifyError) as error:
        raise UnreadableImageError(f"damaged FITS ({error})") from error


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
