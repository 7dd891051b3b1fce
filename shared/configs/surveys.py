"""Sky surveys, and the services that cut images out of them: one row each.

To add a survey, add a row to SURVEYS and its key to SurveyKey; a service needs its form of address as
well, in `backend/data/cutouts/requests.py`.
"""

from dataclasses import dataclass
from typing import Literal

SurveyKey = Literal["legacy-dr10", "panstarrs-dr1", "sdss-dr9", "dss2", "2mass", "legacy-viewer-dr10"]
ServiceKey = Literal["hips2fits", "legacy-viewer"]


@dataclass(frozen=True)
class CutoutService:
    """A service on the net. `variable` is the environment variable with the address of a mirror; `per_s` are
    the requests a second that it permits."""

    title: str
    address: str
    variable: str
    per_s: float
    acknowledgement: str


@dataclass(frozen=True)
class Survey:
    """A survey at a service. `colour` is the picture and `bands` the FITS images, by the names that the
    service has for them; `pxscale` is the survey's own pixel scale in arcsec."""

    title: str
    service: ServiceKey
    colour: str
    bands: dict[str, str]
    pxscale: float
    acknowledgement: str


SERVICES: dict[ServiceKey, CutoutService] = {
    "hips2fits": CutoutService(
        title="CDS hips2fits",
        address="https://alasky.cds.unistra.fr/hips-image-services/hips2fits",
        variable="GALAXYSCOPE_HIPS2FITS_URL",
        per_s=2.0,
        acknowledgement="This research made use of hips2fits, a service provided by CDS.",
    ),
    "legacy-viewer": CutoutService(
        title="Legacy Surveys viewer",
        address="https://www.legacysurvey.org/viewer",
        variable="GALAXYSCOPE_LEGACY_VIEWER_URL",
        per_s=0.9,
        acknowledgement="Cut-outs: Legacy Surveys / D. Lang (Perimeter Institute).",
    ),
}

_LEGACY = (
    "DESI Legacy Imaging Surveys: Dey et al. 2019, AJ 157, 168; text at legacysurvey.org/acknowledgment."
)


def _hips(folder: str, bands: str) -> dict[str, str]:
    return {band: f"CDS/P/{folder}/{band}" for band in bands}


SURVEYS: dict[SurveyKey, Survey] = {
    "legacy-dr10": Survey(
        title="DESI Legacy Surveys DR10",
        service="hips2fits",
        colour="CDS/P/DESI-Legacy-Surveys/DR10/color",
        bands=_hips("DESI-Legacy-Surveys/DR10", "griz"),
        pxscale=0.262,
        acknowledgement=_LEGACY,
    ),
    "panstarrs-dr1": Survey(
        title="Pan-STARRS DR1",
        service="hips2fits",
        colour="CDS/P/PanSTARRS/DR1/color-i-r-g",
        bands=_hips("PanSTARRS/DR1", "grizy"),
        pxscale=0.25,
        acknowledgement="Pan-STARRS1 Surveys: Chambers et al. 2016, arXiv:1612.05560.",
    ),
    "sdss-dr9": Survey(
        title="SDSS DR9",
        service="hips2fits",
        colour="CDS/P/SDSS9/color",
        bands=_hips("SDSS9", "ugriz"),
        pxscale=0.396,
        acknowledgement="Sloan Digital Sky Survey III: Ahn et al. 2012, ApJS 203, 21.",
    ),
    "dss2": Survey(
        title="Digitized Sky Survey 2",
        service="hips2fits",
        colour="CDS/P/DSS2/color",
        bands={"blue": "CDS/P/DSS2/blue", "red": "CDS/P/DSS2/red", "NIR": "CDS/P/DSS2/NIR"},
        pxscale=1.0,
        acknowledgement="Digitized Sky Surveys: Space Telescope Science Institute, grant NAG W-2166.",
    ),
    "2mass": Survey(
        title="2MASS",
        service="hips2fits",
        colour="CDS/P/2MASS/color",
        bands=_hips("2MASS", "JHK"),
        pxscale=1.0,
        acknowledgement="Two Micron All Sky Survey: Skrutskie et al. 2006, AJ 131, 1163.",
    ),
    "legacy-viewer-dr10": Survey(
        title="DESI Legacy Surveys DR10, from its own viewer",
        service="legacy-viewer",
        colour="ls-dr10",
        bands=dict.fromkeys("griz", "ls-dr10"),
        pxscale=0.262,
        acknowledgement=_LEGACY,
    ),
}
