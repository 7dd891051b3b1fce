"""Where on the sky an image is, by the WCS of its FITS header (Greisen & Calabretta 2002, A&A 395, 1061)."""

import math
import warnings
from dataclasses import dataclass

import numpy as np

CELESTIAL = (b"RA---", b"DEC--", b"GLON-", b"GLAT-")
STRAIGHT_DEG = 1.0


@dataclass(frozen=True)
class SkyFrame:
    """The centre of an image (ra, dec: deg, ICRS), its pixel scale (arcsec per pixel, the mean of both axes),
    and the angle from up, anticlockwise as it is shown, to North (deg, −180 to 180); `mirrored` if East is
    then on the right."""

    ra: float
    dec: float
    pxscale: float
    north: float
    mirrored: bool

    @property
    def orientation(self) -> str:
        """In words."""
        if self.mirrored:
            return "The sky is mirrored"
        return "North is up" if abs(self.north) <= STRAIGHT_DEG else "North is not up"


def sky_frame(header: bytes, width: int, height: int) -> SkyFrame | None:
    """The frame of an image of `width` × `height` pixels with this header, its first row at the bottom; None
    without a celestial WCS, or with one that cannot be used. CD, PC with CDELT and CROTA2 are understood."""
    if not any(word in header for word in CELESTIAL):
        return None
    from astropy.coordinates import SkyCoord
    from astropy.io import fits
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales, wcs_to_celestial_frame

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = WCS(fits.Header.fromstring(header), naxis=2).celestial
            x, y = (width - 1) / 2, (height - 1) / 2
            lon, lat = wcs.all_pix2world([x, x, x + 1], [y, y + 1, y], 0)
            places = SkyCoord(lon, lat, unit="deg", frame=wcs_to_celestial_frame(wcs)).icrs
            pxscale = float(np.mean(proj_plane_pixel_scales(wcs))) * 3600
            to_up, to_right = places[0].position_angle(places[1:]).degree
    except Exception:  # noqa: BLE001 - astropy raises a dozen kinds for a bad WCS, which is then no WCS
        return None
    ra, dec = float(places[0].ra.deg), float(places[0].dec.deg)
    if not (math.isfinite(ra) and math.isfinite(dec) and 0 < pxscale < math.inf):
        return None
    mirrored = bool((to_right - to_up) % 360 < 180)  # else East is on the left of North
    north = float(to_up if mirrored else -to_up)  # position angles grow towards East
    return SkyFrame(ra, dec, pxscale, (north + 180) % 360 - 180, mirrored)
