"""The pixels of one FITS image, read by astropy, which is imported on first use and knows BSCALE, BZERO,
BLANK and tiles.

astropy's decoders of tiles trust what the tiles declare, and damaged ones end the process: that is checked
first.
"""

import math
import warnings
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.fits_hdus import BLOCK, Hdu
from backend.data.frames.limits import UnreadableImageError

if TYPE_CHECKING:
    from astropy.io.fits import BinTableHDU

EMPTY_PRIMARY = (
    b"".join(
        card.ljust(80)
        for card in (
            b"SIMPLE  =                    T",
            b"BITPIX  =                    8",
            b"NAXIS   =                    0",
            b"EXTEND  =                    T",
            b"END",
        )
    )
).ljust(BLOCK)
UNSIGNED_ZERO = {16: 2.0**15, 32: 2.0**31, 64: 2.0**63}
"""BZERO of unsigned integers, by BITPIX."""
POGSON = 2.5 * math.log10(math.e)
DEFLATE_RATIO = 1032
"""The most that a byte of gzip may become."""
CHECKED_INFLATION = 64 * 2**20
TILE_COLUMNS = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA")


def is_asinh(hdu: Hdu) -> bool:
    """Whether the values are asinh magnitudes of a Pan-STARRS skycell."""
    return "BSOFTEN" in hdu.cards and "BOFFSET" in hdu.cards


def stored_dtype(hdu: Hdu) -> str:
    """The dtype of fits_values: unscaled uint8 and uint16 are kept, all else becomes float32."""
    zero = hdu.number("BZERO", 0)
    if is_asinh(hdu) or hdu.number("BSCALE", 1) != 1 or "BLANK" in hdu.cards or "ZBLANK" in hdu.cards:
        return "float32"
    return {(8, 0.0): "uint8", (16, 32768.0): "uint16"}.get((hdu.bits, zero), "float32")


def fits_values(hdu: Hdu, data: bytes) -> NDArray[Any]:
    """The image in NumPy's order, of `hdu.shape`; blank pixels are NaN.

    The asinh magnitudes of skycells become linear: BOFFSET + 2·BSOFTEN·sinh(v/a), a = 2.5·log10(e).
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            values = _scaled(hdu, data).reshape(hdu.shape)
            if is_asinh(hdu):
                softening, offset = hdu.number("BSOFTEN", 0), hdu.number("BOFFSET", 0)
                values = offset + 2 * softening * np.sinh(values.astype(np.float64) / POGSON)
            return narrowed(values, stored_dtype(hdu))
    except UnreadableImageError:
        raise
    except Exception as error:  # astropy's decoders raise classes of their own
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UnreadableImageError(f"damaged FITS ({reason})") from error


def narrowed(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The values as `dtype`; UnreadableImageError if 32-bit floats would lose more than a 256th of what lies
    between the 10th and 90th percentile."""
    with np.errstate(all="ignore"):
        narrow = values.astype(dtype)
        if dtype != "float32" or values.dtype.itemsize < 4 or values.dtype == np.float32:
            return narrow
        known = np.isfinite(narrow)
        wide, kept = values[known], narrow[known]
        if not len(wide):
            return narrow
        lost = float(np.abs(wide.astype(np.float64) - kept).max())
        low, high = np.percentile(wide[:: max(1, len(wide) // 32_768)].astype(np.float64), (10, 90))
        spread = float(high - low) or float(wide.max()) - float(wide.min())
        if lost * 256 > spread > 0:
            why = f"its values, from {wide.min():.10g} to {wide.max():.10g}, need more than 24 bits"
            raise UnreadableImageError(f"{why}; subtract a constant from them first")
        return narrow


def _scaled(hdu: Hdu, data: bytes) -> NDArray[Any]:
    unsigned = hdu.number("BSCALE", 1) == 1 and UNSIGNED_ZERO.get(hdu.bits) == hdu.number("BZERO", 0)
    blank = hdu.cards.get("ZBLANK", hdu.cards.get("BLANK"))
    if not unsigned or blank is None or hdu.bits < 64:
        return _read(hdu, data, uint=unsigned and blank is None)
    raw = _read(hdu, data, do_not_scale_image_data=True).astype(np.int64)  # float64 cannot hold the offset
    values = (raw.view(np.uint64) ^ np.uint64(2**63)).astype(np.float64)
    values[raw == int(blank)] = np.nan
    return values


def _read(hdu: Hdu, data: bytes, **how: bool) -> NDArray[Any]:
    from astropy.io import fits

    padding = bytes(-len(data) % BLOCK)
    if hdu.in_tiles:
        with fits.open(
            BytesIO(EMPTY_PRIMARY + hdu.header + data + padding), memmap=False, disable_image_compression=True
        ) as file:
            _check_tiles(hdu, file[1], data)
        with fits.open(BytesIO(EMPTY_PRIMARY + hdu.header + data + padding), memmap=False, **how) as file:
            values = file[1].data
    else:
        kind = fits.ImageHDU if "XTENSION" in hdu.cards else fits.PrimaryHDU
        values = kind.fromstring(hdu.header + data + padding, **how).data
    if values is None or values.size != math.prod(hdu.shape):
        raise UnreadableImageError(f"its header and its pixels disagree on the shape {hdu.shape}")
    return np.asarray(values)


def _check_tiles(hdu: Hdu, table: "BinTableHDU", data: bytes) -> None:
    """UnreadableImageError unless each tile lies within the data and declares the size it should have."""
    size = [_card(hdu, f"ZNAXIS{axis + 1}", 0) for axis in range(_card(hdu, "ZNAXIS", 0))]
    tile = [min(full, _card(hdu, f"ZTILE{axis + 1}", 1 if axis else full)) for axis, full in enumerate(size)]
    if min(tile) < 1:
        raise UnreadableImageError(f"its tiles of {tile} pixels do not fit its image of {size}")
    grid = [-(-full // side) for full, side in zip(size, tile, strict=True)]
    tiles = _card(hdu, "NAXIS2", 0)
    if tiles != math.prod(grid):
        raise UnreadableImageError(f"it declares {math.prod(grid):,} tiles and has {tiles:,}")
    rows = np.asarray(table.data.view(np.ndarray))
    heap = _card(hdu, "THEAP", _card(hdu, "NAXIS1", 0) * tiles)
    method = hdu.cards.get("ZCMPTYPE", "")
    for column in table.columns:
        if column.name not in TILE_COLUMNS:
            continue
        found = rows[column.name].reshape(len(rows), -1).astype(np.int64)
        item = {"B": 1, "I": 2, "J": 4, "E": 4, "D": 8}.get(column.format.lstrip("1")[1:2], 0)
        if found.shape[1] != 2 or not item:
            raise UnreadableImageError(f"its column {column.name} has the format {column.format}")
        count, start = found.T
        end = heap + start + count * item
        if len(found) and (count.min() < 0 or start.min() < 0 or end.max() > len(data)):
            raise UnreadableImageError("its tiles lie outside its data")
        packing = method if column.name == "COMPRESSED_DATA" else "GZIP_1"
        if column.name == "UNCOMPRESSED_DATA":
            continue
        for row in np.flatnonzero(count).tolist():
            first = heap + int(start[row])
            sides = _tile_sides(row, size, tile, grid)
            _check_tile(packing, data[first : first + int(count[row]) * item], sides, abs(hdu.bits) // 8)


def _card(hdu: Hdu, key: str, default: int) -> int:
    return int(hdu.cards.get(key, default))


def _tile_sides(row: int, size: list[int], tile: list[int], grid: list[int]) -> list[int]:
    """Sides of tile `row`, fastest axis first; those at the far edges are smaller."""
    sides = []
    for full, side, number in zip(size, tile, grid, strict=True):
        row, place = divmod(row, number)
        sides.append(min(side, full - place * side))
    return sides


def _check_tile(method: str, packed: bytes, sides: list[int], value_bytes: int) -> None:
    wrong = False
    if method == "HCOMPRESS_1":
        declared = [int.from_bytes(packed[at : at + 4], "big") for at in (2, 6)]
        wrong = declared != [side for side in reversed(sides) if side != 1]
    elif method == "PLIO_1":
        words = np.frombuffer(packed[: len(packed) // 2 * 2], ">i2").astype(np.int64)
        wrong = len(words) < 3
        if not wrong and words[2] <= 0:
            wrong = len(words) < 7 or words[1] < 0 or (words[4] << 15) + words[3] > len(words) or words[4] < 0
        elif not wrong:
            wrong = words[2] > len(words)
    elif method.startswith("GZIP") and len(packed) * DEFLATE_RATIO > CHECKED_INFLATION:
        most = math.prod(sides) * max(8, value_bytes)
        wrong = len(zlib.decompressobj(wbits=47).decompress(packed, most + 1)) > most
    if wrong:
        raise UnreadableImageError(f"damaged FITS (a tile declares another size than {sides})")
