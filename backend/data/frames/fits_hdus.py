"""The HDUs of a FITS file (FITS standard 4.0), from their headers alone, with bounds on every size declared.

Headers are parsed here: a few cards each, in microseconds, without reading data.
"""

import bz2
import gzip
import re
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from backend.data.frames.limits import MAX_PIXELS, READ_ERRORS, UnreadableImageError

FITS_MAGIC = b"SIMPLE  ="
GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC = b"BZh"
ASINH_CARDS = frozenset({"BSOFTEN", "BOFFSET"})
"""Cards of an empty primary HDU that hold for the images behind it."""
BLOCK = 2880
CARD = 80
MAX_HEADER_BLOCKS = 200
MAX_HDUS = 50
MAX_SKIP_BYTES = 512 * 2**20
MAX_DATA_BYTES = 8 * MAX_PIXELS
PIECE = 2**20
BITS = (8, 16, 32, 64, -32, -64)
_CARD = re.compile(r"^([A-Z0-9_-]{1,8}) *= *('(?:[^']|'')*'|[^/]*)")
_D_EXPONENT = re.compile(r"(?<=[\d.])[dD](?=[+-]?\d)")


@dataclass(frozen=True)
class Hdu:
    """One header and where its data lie. `shape` is that of its image in NumPy's order, (C, H, W) or (H, W),
    axes of length 1 beyond three left out; () without an image. `data` holds the bytes of an image in a
    compressed file, which are not read twice."""

    index: int
    header: bytes
    cards: dict[str, str]
    shape: tuple[int, ...]
    start: int
    data_bytes: int
    data: bytes | None = None

    @property
    def in_tiles(self) -> bool:
        """Whether it is a tile-compressed image: a table whose rows are its tiles."""
        return self.cards.get("ZIMAGE") == "T"

    @property
    def is_image(self) -> bool:
        return len(self.shape) in (2, 3) and min(self.shape) > 0

    @property
    def name(self) -> str:
        """EXTNAME, or `HDU 3`."""
        return self.cards.get("EXTNAME") or f"HDU {self.index}"

    @property
    def bits(self) -> int:
        """BITPIX of the image."""
        return int(self.cards["ZBITPIX" if self.in_tiles else "BITPIX"])

    def number(self, key: str, default: float) -> float:
        """The value of a card; D is an exponent too (FITS 4.0, 4.2.4)."""
        text = self.cards.get(key, str(default))
        try:
            return float(_D_EXPONENT.sub("E", text))
        except ValueError:
            raise UnreadableImageError(f"its card {key} is {text!r}, not a number") from None


def opened(stream: BinaryIO) -> BinaryIO:
    """The stream, decompressed if it is gzip or bzip2."""
    start = stream.read(len(BZIP2_MAGIC))
    stream.seek(0)
    if start.startswith(GZIP_MAGIC):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    return cast(BinaryIO, bz2.BZ2File(stream)) if start == BZIP2_MAGIC else stream


def read_hdus(stream: BinaryIO, *, keep_data: bool) -> tuple[list[Hdu], str]:
    """All HDUs of an opened stream, and why reading stopped before the end of the file, if it did.

    With `keep_data` the images of a compressed stream are kept. UnreadableImageError if no image is found.
    """
    packed = isinstance(stream, gzip.GzipFile | bz2.BZ2File)
    hdus: list[Hdu] = []
    passed = place = 0
    stopped = ""
    while not stopped:
        if len(hdus) == MAX_HDUS:
            stopped = f"more than {MAX_HDUS} HDUs"
            break
        try:
            hdu = _read_hdu(stream, len(hdus), place)
            if hdu is None:
                break
            if hdus and not hdus[0].shape:
                inherited = ASINH_CARDS & hdus[0].cards.keys()
                hdu.cards.update({key: hdus[0].cards[key] for key in inherited - hdu.cards.keys()})
            padded = -(-hdu.data_bytes // BLOCK) * BLOCK
            passed += padded
            place = hdu.start + padded
            if packed and keep_data and hdu.is_image and passed <= MAX_DATA_BYTES:
                data = read_exactly(stream, hdu.data_bytes, "pixels")
                hdu = Hdu(hdu.index, hdu.header, hdu.cards, hdu.shape, hdu.start, hdu.data_bytes, data)
                _skip(stream, padded - hdu.data_bytes)
            elif packed and passed > MAX_SKIP_BYTES:
                stopped = f"over {MAX_SKIP_BYTES:,} bytes"
            elif packed:
                _skip(stream, padded)
            else:
                stream.seek(place)
            hdus.append(hdu)
        except UnreadableImageError as error:
            if not any(found.is_image for found in hdus):
                raise
            stopped = str(error)
    if stopped and not any(found.is_image for found in hdus):
        raise UnreadableImageError(f"no image within its first {MAX_SKIP_BYTES:,} bytes or {MAX_HDUS} HDUs")
    return hdus, stopped


def data_of(stream: BinaryIO, hdu: Hdu) -> bytes:
    """The data of an HDU, whole; UnreadableImageError if they are too many or truncated."""
    if hdu.data is not None:
        return hdu.data
    try:
        stream.seek(hdu.start)
    except READ_ERRORS as error:
        raise UnreadableImageError(f"cannot be read ({error})") from error
    return read_exactly(stream, hdu.data_bytes, "pixels")


def read_exactly(stream: BinaryIO, nbytes: int, what: str) -> bytes:
    if nbytes > MAX_DATA_BYTES:
        raise UnreadableImageError(f"it declares {nbytes:,} bytes of {what}, which is too many")
    data = _read(stream, nbytes)
    if len(data) < nbytes:
        raise UnreadableImageError(f"it is truncated: {len(data):,} of {nbytes:,} bytes of {what}")
    return data


def _read_hdu(stream: BinaryIO, index: int, place: int) -> Hdu | None:
    """The next header; None at the end of the file."""
    header = _header_bytes(stream, index)
    if header is None:
        return None
    cards = _cards(header)
    lengths = _lengths(cards, "NAXIS")
    bits = _whole(cards, "BITPIX", -64, 64)
    if bits not in BITS:
        raise UnreadableImageError(f"its card BITPIX is {bits}, not one of {BITS}")
    values = int(np.prod(lengths, dtype=object)) if lengths else 0
    extra = _whole(cards, "PCOUNT", 0, 2**40) if "PCOUNT" in cards else 0
    groups = _whole(cards, "GCOUNT", 0, 2**40) if "GCOUNT" in cards else 1
    nbytes = abs(bits) // 8 * groups * (extra + values)
    return Hdu(index, header, cards, _image_shape(cards, lengths), place + len(header), nbytes)


def _image_shape(cards: dict[str, str], lengths: list[int]) -> tuple[int, ...]:
    """In NumPy's order; beyond three axes those of length 1 are left out, the slowest first."""
    if cards.get("ZIMAGE") == "T":
        lengths = _lengths(cards, "ZNAXIS")
        if _whole(cards, "ZBITPIX", -64, 64) not in BITS:
            raise UnreadableImageError(f"its card ZBITPIX is {cards['ZBITPIX']}, not one of {BITS}")
    elif cards.get("XTENSION", "IMAGE") != "IMAGE" or cards.get("GROUPS") == "T":
        return ()
    shape = list(reversed(lengths))
    while len(shape) > 3 and 1 in shape:
        shape.remove(1)
    return tuple(shape)


def _lengths(cards: dict[str, str], key: str) -> list[int]:
    return [_whole(cards, f"{key}{axis + 1}", 0, 2**40) for axis in range(_whole(cards, key, 0, 999))]


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


def _read(stream: BinaryIO, nbytes: int) -> bytes:
    try:
        return stream.read(nbytes)
    except READ_ERRORS as error:
        raise UnreadableImageError(f"cannot be read ({error})") from error


def _skip(stream: BinaryIO, nbytes: int) -> None:
    while nbytes > 0:
        piece = len(_read(stream, min(nbytes, PIECE)))
        if piece == 0:
            return
        nbytes -= piece
