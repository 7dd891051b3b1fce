"""Requests for cut-outs: their addresses, and where the cache keeps the answers.

```
<home>/cache/cutouts/<survey>/<side>px_<scale>/<RA, whole degrees>/<ra>_<dec>_<bands>.<jpg|fits>
```
"""

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode

import httpx2

from backend.errors import DataError
from shared.configs import CutoutsConfig
from shared.configs.surveys import SERVICES, SURVEYS, CutoutService, Survey

MIRROR_PER_S = 50.0
"""Requests a second to a mirror on this machine."""


@dataclass(frozen=True)
class Part:
    """One request: a picture (`bands` empty), or FITS bands of one galaxy. `file` is its answer within the
    cache; `ra` and `dec` (deg) and `pxscale` (arcsec) are what is requested."""

    url: str
    file: Path
    bands: tuple[str, ...]
    ra: float
    dec: float
    pxscale: float


@dataclass(frozen=True)
class CutoutRequests:
    """The requests of a job, to one service."""

    config: CutoutsConfig

    @property
    def survey(self) -> Survey:
        return SURVEYS[self.config.survey]

    @property
    def service(self) -> CutoutService:
        return SERVICES[self.survey.service]

    @property
    def address(self) -> str:
        """The address of the service, or of a mirror that the environment names. Raises DataError."""
        address = (os.environ.get(self.service.variable) or self.service.address).rstrip("/")
        parts = httpx2.URL(address)
        if parts.scheme not in ("http", "https") or not parts.host:
            why = f"{self.service.variable} is {address}, not the address of a service"
            raise DataError("bad_url", f"{why}; give one that begins with https://.", "survey")
        return address

    @property
    def per_s(self) -> float:
        """Requests a second that the service permits."""
        return MIRROR_PER_S if is_loopback(httpx2.URL(self.address).host) else self.service.per_s

    @property
    def per_galaxy(self) -> int:
        """Requests for one galaxy."""
        return len(self.parts(0.0, 0.0, 1.0))

    def parts(self, ra: float, dec: float, pxscale: float) -> list[Part]:
        """The requests of one galaxy: position in deg, arcsec per pixel. Only numbers vary in an address."""
        config, survey = self.config, self.survey
        ra = ra % 360
        if config.file_format == "jpg":
            return [self._part(survey.colour, (), ra, dec, pxscale)]
        if survey.service == "hips2fits":
            return [
                self._part(survey.bands[band], (band,), ra, dec, pxscale) for band in self.config.band_names
            ]
        return [self._part(survey.colour, tuple(self.config.band_names), ra, dec, pxscale)]

    def _part(self, layer: str, bands: tuple[str, ...], ra: float, dec: float, pxscale: float) -> Part:
        config, side = self.config, self.config.img_size
        place = {"ra": f"{ra:.7f}", "dec": f"{dec:.7f}"}
        if self.survey.service == "hips2fits":
            frame = {"width": side, "height": side, "fov": f"{side * pxscale / 3600:.9g}"}
            how = {"projection": "TAN", "coordsys": "icrs", "format": config.file_format}
            url = f"{self.address}?{urlencode({'hips': layer, **place, **frame, **how})}"
        else:
            frame = {"pixscale": f"{pxscale:.6g}", "size": side}
            shown = {"bands": "".join(bands)} if bands else {}
            kind = "fits-cutout" if bands else "jpeg-cutout"
            url = f"{self.address}/{kind}?{urlencode({'layer': layer, **place, **frame, **shown})}"
        folder = Path(self._folder(), f"{side}px_{pxscale:.6g}", f"{int(ra):03d}")
        name = f"{place['ra']}_{place['dec']}_{'-'.join(bands) or 'colour'}.{config.file_format}"
        return Part(url, folder / name, bands, ra, dec, pxscale)

    def _folder(self) -> str:
        """One for each survey, and for each mirror, which may hold something else."""
        parts = httpx2.URL(self.address)
        official = self.address == self.service.address
        return self.config.survey if official else f"{self.config.survey}@{parts.host}_{parts.port or ''}"


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
