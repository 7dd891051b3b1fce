"""Where a frame lies on the sky, from the WCS of its FITS header, read by astropy on first use."""

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.header import FrameHeader
from backend.data.frames.limits import UnreadableImageError

if TYPE_CHECKING:
    from astropy.coordinates import BaseCoordinateFrame
    from astropy.wcs import WCS

STEP = 1e-3
"""deg, towards North, for the direction of North."""
TABLE_AXIS = "-TAB"


@dataclass(frozen=True)
class FrameSky:
    """`ra` and `dec` of the centre in degrees, ICRS (J2000 counts as such), and `pxscale` in arcsec per
    pixel, the geometric mean of both axes.

    `rotation` is the direction of North, degrees anti-clockwise from up as the frame is shown; `mirrored`
    says that East is clockwise from North.
    """

    ra: float
    dec: float
    pxscale: float
    rotation: float
    mirrored: bool


def sky_of(header: FrameHeader) -> FrameSky | None:
    """None without celestial axes; UnreadableImageError if its WCS cannot be read."""
    if not header.wcs:
        return None
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            sky = _sky(header)
    except Exception as error:  # astropy and wcslib raise classes of their own
        raise UnreadableImageError(f"its WCS cannot be read ({_reason(error)})") from error
    numbers = (sky.ra, sky.dec, sky.pxscale, sky.rotation)
    if not all(map(math.isfinite, numbers)) or not 0 < sky.pxscale < 1e6:
        raise UnreadableImageError("its WCS gives no position")
    return sky


def _sky(header: FrameHeader) -> FrameSky:
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    if TABLE_AXIS in header.wcs:
        raise ValueError("its axes are a table")
    wcs = WCS(header.wcs, naxis=2)
    if not wcs.has_celestial:
        raise ValueError("its first two axes are not on the sky")
    x, y = (header.width - 1) / 2, (header.height - 1) / 2
    ra, dec = _icrs(wcs, wcs.all_pix2world([[x, y]], 0)[0])
    step = STEP if dec + STEP <= 90 else -STEP
    at, ahead = wcs.wcs_world2pix([_own(wcs, ra, dec), _own(wcs, ra, dec + step)], 0)
    right, up = (ahead - at) * math.copysign(1, step)
    across, along = proj_plane_pixel_scales(wcs)
    turned = -1 if wcs.wcs.lng == 1 else 1  # the axes are declination, right ascension
    return FrameSky(
        ra=ra % 360,
        dec=dec,
        pxscale=3600 * math.sqrt(across * along),
        rotation=math.degrees(math.atan2(-right, up)),
        mirrored=turned * float(np.linalg.det(wcs.pixel_scale_matrix)) > 0,
    )


def _icrs(wcs: "WCS", world: NDArray[Any]) -> tuple[float, float]:
    """Right ascension and declination, deg, of values of the WCS; J2000 counts as ICRS."""
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    values = float(world[wcs.wcs.lng]), float(world[wcs.wcs.lat])
    frame = wcs_to_celestial_frame(wcs)
    if _is_j2000(frame):
        return values
    point = SkyCoord(*values, unit="deg", frame=frame).icrs
    return float(point.ra.deg), float(point.dec.deg)


def _own(wcs: "WCS", ra: float, dec: float) -> tuple[float, float]:
    """The values of the WCS, in its order, at a right ascension and declination, deg."""
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    frame = wcs_to_celestial_frame(wcs)
    if not _is_j2000(frame):
        point = SkyCoord(ra, dec, unit="deg").transform_to(frame).spherical
        ra, dec = float(point.lon.deg), float(point.lat.deg)
    return (ra, dec) if wcs.wcs.lng == 0 else (dec, ra)


def _is_j2000(frame: "BaseCoordinateFrame") -> bool:
    return frame.name == "icrs" or (frame.name == "fk5" and bool(abs(frame.equinox.jyear - 2000) < 1e-6))


def _reason(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:100]
