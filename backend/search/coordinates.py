"""Positions on the sky as people write them, and how far apart they are.

RA and Dec in degrees, ICRS; separations in arcsec.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

import numpy as np
from numpy.typing import NDArray

from backend.errors import InvalidInputError

Degrees = NDArray[np.float64]
ARCSEC_PER_DEG = 3600.0
HOUR_DEG = 15.0
IAU_NAME = re.compile(r"J?(\d{2})(\d{2})(\d{2}(?:\.\d+)?)([+-])(\d{2})(\d{2})(\d{2}(?:\.\d+)?)", re.I)
"""JHHMMSS.s±DDMMSS, as in SDSS J123049.42+122328.0."""
SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "′": "'", "’": "'", "″": '"', "”": '"', "º": "°"})
ANGLE = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<whole>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>[hd°:]|deg)?"
    r"(?:\s*(?P<minutes>\d+(?:\.\d*)?)\s*(?:[m':])?)?(?:\s*(?P<seconds>\d+(?:\.\d*)?)\s*(?:s|\"|'')?)?",
    re.I,
)
SPELLINGS = (
    "write RA and Dec in degrees (187.7059 12.3911), as 12:30:49.4 +12:23:28 or 12h30m49.4s +12d23m28s, "
    "or paste a Legacy Survey viewer link"
)


@dataclass(frozen=True)
class Position:
    """RA 0 to 360 (exclusive) and Dec −90 to 90, degrees."""

    ra: float
    dec: float


def parse_position(text: str) -> Position:
    """The position in a text. Raises InvalidInputError where there is none, or it is not on the sky."""
    clean = unquote(text).translate(SIGNS).strip()
    linked = _from_link(clean)
    named = IAU_NAME.search(clean.replace(" ", "")) if linked is None else None
    if linked is not None:
        ra, dec = linked
    elif named is not None:
        ra = f"{named[1]}:{named[2]}:{named[3]}"
        dec = f"{named[4]}{named[5]}:{named[6]}:{named[7]}"
    else:
        ra, dec = _halves(clean, text)
    return _on_sky(_angle(ra, text, of_time=True), _angle(dec, text, of_time=False))


def separation_arcsec(ra: Degrees, dec: Degrees, to: Position) -> Degrees:
    """Great-circle distance of each (ra, dec) to a position; NaN where either is."""
    return separations_arcsec(ra, dec, np.float64(to.ra), np.float64(to.dec))


def separations_arcsec(
    ra: Degrees, dec: Degrees, to_ra: Degrees | np.float64, to_dec: Degrees | np.float64
) -> Degrees:
    """Great-circle distance of each pair; NaN where a position is."""
    a, d, a0, d0 = np.radians(ra), np.radians(dec), np.radians(to_ra), np.radians(to_dec)
    half = np.sin((d - d0) / 2) ** 2 + np.cos(d) * np.cos(d0) * np.sin((a - a0) / 2) ** 2
    found: Degrees = np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))) * ARCSEC_PER_DEG
    return found


def near(ra: Degrees, dec: Degrees, to: Position, arcsec: float) -> NDArray[np.bool_]:
    """Which (N,) lie nearer to a position than `arcsec`; none of unknown position."""
    found = np.abs(dec - to.dec) * ARCSEC_PER_DEG < arcsec
    rows = np.flatnonzero(found)
    found[rows] = separation_arcsec(ra[rows], dec[rows], to) < arcsec
    return found


def separation_words(arcsec: float) -> str:
    """Three digits, in the unit that suits."""
    for unit, size in (("°", ARCSEC_PER_DEG), ("′", 60.0)):
        if arcsec >= size:
            return f"{arcsec / size:.3g}{unit}"
    return f"{arcsec:.3g}″"


def _from_link(text: str) -> tuple[str, str] | None:
    """RA and Dec of a link that names them so, as the Legacy Survey viewer's do."""
    if "://" not in text and "?" not in text:
        return None
    given = parse_qs(re.split(r"[?#]", text, maxsplit=1)[-1].replace("#", "&"))
    if "ra" in given and "dec" in given:
        return given["ra"][0].strip(), given["dec"][0].strip()
    raise InvalidInputError(
        "no_position", "the link names no ra and dec; paste one of the Legacy Survey viewer", "text"
    )


def _halves(clean: str, text: str) -> tuple[str, str]:
    """RA and Dec parted at a comma, at the sign of Dec, or in the middle of the words."""
    bare = re.sub(r"\b(ra|dec|de)\b\s*[:=]?", " ", clean, flags=re.I).strip()
    at_comma = [part.strip() for part in re.split(r"[,;]", bare) if part.strip()]
    at_sign = re.match(r"(.*[^\s+-])\s*([+-].*)$", bare)
    words = bare.split()
    if len(at_comma) == 2:
        return at_comma[0], at_comma[1]
    if at_sign:
        return at_sign[1], at_sign[2]
    if len(words) in (2, 4, 6):
        return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])
    raise _no_position(text)


def _angle(part: str, text: str, *, of_time: bool) -> float:
    """Degrees; sexagesimal RA is in hours unless it says degrees. Raises InvalidInputError."""
    found = ANGLE.fullmatch(part.strip())
    if found is None:
        raise _no_position(text)
    whole, minutes, seconds = (float(found[name] or 0) for name in ("whole", "minutes", "seconds"))
    if minutes >= 60 or seconds >= 60:
        raise InvalidInputError(
            "not_on_sky", f"{part.strip()} has 60 or more minutes or seconds; check it", "text"
        )
    unit = (found["unit"] or "").lower()
    parted = found["minutes"] is not None
    hours = of_time and (unit == "h" or (parted and unit in ("", ":")))
    value = (whole + minutes / 60 + seconds / 3600) * (HOUR_DEG if hours else 1.0)
    return -value if found["sign"] == "-" else value


def _on_sky(ra: float, dec: float) -> Position:
    if not 0 <= ra <= 360:
        raise InvalidInputError("not_on_sky", f"RA {ra:g}° is not within 0 to 360; check it", "text")
    if not -90 <= dec <= 90:
        raise InvalidInputError("not_on_sky", f"Dec {dec:g}° is not within −90 to 90; check it", "text")
    return Position(ra % 360, dec)


def _no_position(text: str) -> InvalidInputError:
    shown = text if len(text) <= 60 else f"{text[:59]}…"
    return InvalidInputError("no_position", f"{shown!r} is no position; {SPELLINGS}", "text")
