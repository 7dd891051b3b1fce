"""Positions on the sky as people write them, and how far apart they are.

RA and Dec in degrees, ICRS; separations in arcsec. astropy reads the angles, and is imported on first use.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

import numpy as np
from numpy.typing import NDArray

from backend.errors import InvalidInputError, shortened

Degrees = NDArray[np.float64]
ARCSEC_PER_DEG = 3600.0
_SEXAGESIMAL = r"(\d{2})(\d{2})(?:(\d{2})(\d*|\.\d+)|(\.\d+)?)"
IAU_NAME = re.compile(rf"((?:[\w.-]+ )*\w*J ?)?{_SEXAGESIMAL} ?([+-]) ?{_SEXAGESIMAL}", re.I | re.ASCII)
"""The whole of SDSS J123049.42+122328.0, 2MASX J12304942+1223279 (hundredths and tenths without a point) or
PSR J0437-4715; the J, and what is before it, may be left out if there are seconds."""
SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "′": "'", "’": "'", "″": '"', "”": '"', "º": "°"})
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
    """The position in a text. Raises InvalidInputError if there is none, or it is not on the sky."""
    clean = unquote(text).translate(SIGNS).strip()
    name = IAU_NAME.fullmatch(" ".join(clean.split()))
    if name is not None and not name[1] and None in (name[4], name[10]):
        name = None
    if "://" in clean or "?" in clean:
        ra, dec = _from_link(clean)
    elif name is not None:
        ra, dec = _written(name.groups()[1:6]), name[7] + _written(name.groups()[7:])
    else:
        ra, dec = _halves(clean, text)
    return _on_sky(_angle(ra, text, is_ra=True), _angle(dec, text, is_ra=False))


def separation_arcsec(ra: Degrees, dec: Degrees, to: Position) -> Degrees:
    """Great-circle distance of each (ra, dec) to a position; NaN where either is."""
    return separations_arcsec(ra, dec, np.float64(to.ra), np.float64(to.dec))


def separations_arcsec(
    ra: Degrees, dec: Degrees, to_ra: Degrees | np.float64, to_dec: Degrees | np.float64
) -> Degrees:
    """Great-circle distance of each pair; NaN where a position is."""
    from astropy.coordinates import angular_separation

    apart: Degrees = np.degrees(angular_separation(*map(np.radians, (ra, dec, to_ra, to_dec))))
    return apart * ARCSEC_PER_DEG


def near(ra: Degrees, dec: Degrees, to: Position, arcsec: float) -> NDArray[np.bool_]:
    """Which (N,) lie nearer to a position than `arcsec`; none of unknown position."""
    close = np.abs(dec - to.dec) * ARCSEC_PER_DEG < arcsec
    rows = np.flatnonzero(close)
    close[rows] = separation_arcsec(ra[rows], dec[rows], to) < arcsec
    return close


def separation_words(arcsec: float) -> str:
    """Three digits, in the unit that suits."""
    for unit, size in (("°", ARCSEC_PER_DEG), ("′", 60.0)):
        if arcsec >= size:
            return f"{arcsec / size:.3g}{unit}"
    return f"{arcsec:.3g}″"


def _from_link(text: str) -> tuple[str, str]:
    """RA and Dec from the query of a link, as in those of the Legacy Survey viewer."""
    query = parse_qs(re.split(r"[?#]", text, maxsplit=1)[-1].replace("#", "&"))
    if "ra" in query and "dec" in query:
        return query["ra"][0].strip(), query["dec"][0].strip()
    why = "the link has no ra and dec; paste a Legacy Survey viewer link"
    raise InvalidInputError("no_position", why, "text")


def _written(parts: Sequence[str | None]) -> str:
    """`12:30:49.42` from the digits of a name, whose last may be decimals without a point."""
    whole, minutes, seconds, decimals, of_minutes = (part or "" for part in parts)
    if not seconds:
        return f"{whole}:{minutes}{of_minutes}"
    point = "." if decimals and not decimals.startswith(".") else ""
    return f"{whole}:{minutes}:{seconds}{point}{decimals}"


def _halves(clean: str, text: str) -> tuple[str, str]:
    """RA and Dec split at a comma, at the sign of Dec, or in the middle of the words."""
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


def _angle(part: str, text: str, *, is_ra: bool) -> float:
    """Degrees; a sexagesimal RA is in hours unless it says degrees. Raises InvalidInputError."""
    from astropy import units
    from astropy.coordinates import Angle, IllegalMinuteWarning, IllegalSecondWarning, RangeError

    written = part.lower().replace("''", '"').rstrip(" :")
    unit = units.hourangle if is_ra and re.search(r"\d[\s:]+\d", written) else units.deg
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # 60 minutes or seconds
            return float(Angle(written, unit).degree)
    except (RangeError, IllegalMinuteWarning, IllegalSecondWarning) as error:
        why = f"{part.strip()} is out of range ({str(error).splitlines()[0]}); check it"
        raise InvalidInputError("not_on_sky", why, "text") from error
    except (ValueError, units.UnitsError) as error:
        raise _no_position(text) from error


def _on_sky(ra: float, dec: float) -> Position:
    if not 0 <= ra <= 360:
        raise InvalidInputError("not_on_sky", f"RA {ra:g}° is not within 0 to 360; check it", "text")
    if not -90 <= dec <= 90:
        raise InvalidInputError("not_on_sky", f"Dec {dec:g}° is not within −90 to 90; check it", "text")
    return Position(ra % 360, dec)


def _no_position(text: str) -> InvalidInputError:
    return InvalidInputError("no_position", f"{shortened(text)} is not a position; {SPELLINGS}", "text")
