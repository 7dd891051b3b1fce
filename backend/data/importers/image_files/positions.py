"""RA, Dec and pixel scale of image files from their WCS, where no table gives them."""

from dataclasses import dataclass, field

import numpy as np

from backend.data.frames.header import FrameHeader
from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.sky import FrameSky, sky_of
from backend.data.importers.catalogue import Catalogue
from backend.data.importers.names import counted
from backend.data.importers.reporting import Findings
from backend.data.layout import SkipLog, unknown
from shared.configs import ImportConfig
from shared.configs.datasets import NO_COLUMN

NEAR_PIXELS = 2.0
"""A position of the table this far from the centre of its image differs from it."""
NEAR_SCALE = 0.01
UPRIGHT = 1.0
"""deg"""
KEYS = {"ra": "ra_column", "dec": "dec_column", "pxscale": "pxscale"}


@dataclass
class FilePositions:
    """Fills the sky columns of a catalogue from the headers of its files; values that it has already win."""

    catalogue: Catalogue
    config: ImportConfig
    taken: set[str] = field(default_factory=set)
    count: int = 0
    rotations: list[float] = field(default_factory=list)
    mirrored: int = 0
    unreadable: SkipLog = field(default_factory=SkipLog)
    differing: dict[str, SkipLog] = field(default_factory=dict)

    def add(self, row: int, header: FrameHeader, name: str) -> None:
        """Take what the header of the file of this row says."""
        if not header.wcs or all(getattr(self.config, column) == NO_COLUMN for column in KEYS.values()):
            return
        try:
            sky = sky_of(header)
        except UnreadableImageError as error:
            self.unreadable.add(name, str(error))
            return
        if sky is None:
            return
        self.rotations.append(sky.rotation)
        self.mirrored += sky.mirrored
        own = {key: self.catalogue.sky.get(key) for key in KEYS}
        self._compare(row, sky, name)
        used = False
        for key, column in KEYS.items():
            values = own[key]
            if getattr(self.config, column) == NO_COLUMN or (values is not None and np.isfinite(values[row])):
                continue
            if values is None:
                values = self.catalogue.sky[key] = unknown(len(self.catalogue))
            values[row] = getattr(sky, key)
            self.taken.add(key)
            used = True
        self.count += used

    def note(self, findings: Findings) -> None:
        """Put into the receipt what was taken, how the images lie, and where a table says otherwise."""
        words = {"ra": "RA", "dec": "Dec", "pxscale": "pixel scale"}
        names = [words[key] for key in KEYS if key in self.taken]
        if names:
            listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
            text = f"{listed} of {counted(self.count, 'image')} from the WCS of their headers."
            findings.read(text, self.count)
        if self.rotations:
            findings.read(self._orientation())
        for what, log in self.differing.items():
            first = log.first[0]
            count = counted(log.count, "image")
            text = f"The {what} of the table, not of the WCS, for {count} where they differ"
            findings.assumed(f"{text}, first '{first.source}' ({first.reason}).", what_field(what))
        if self.unreadable.count:
            first = self.unreadable.first[0]
            findings.skipped(self.unreadable.count, "WCS header", f"({first.reason})", first.source)

    def _orientation(self) -> str:
        low, high = min(self.rotations), max(self.rotations)
        if low >= -UPRIGHT and high <= UPRIGHT:
            text = "North is up"
        else:
            angle = f"{low:.0f}°" if high - low < UPRIGHT else f"{low:.0f}° to {high:.0f}°"
            text = f"North is {angle} anti-clockwise from up, and images are not turned"
        if not self.mirrored:
            return f"{text}; East is left of it."
        return f"{text}; East is right of it (mirrored) in {counted(self.mirrored, 'image')}."

    def _compare(self, row: int, sky: FrameSky, name: str) -> None:
        given = {key: values[row] for key, values in self.catalogue.sky.items() if np.isfinite(values[row])}
        if {"ra", "dec"} <= given.keys():
            away = separation(given["ra"], given["dec"], sky.ra, sky.dec)
            if away > NEAR_PIXELS * sky.pxscale:
                self.differing.setdefault("position", SkipLog()).add(name, f'{away:.1f}" away')
        if "pxscale" in given and abs(given["pxscale"] / sky.pxscale - 1) > NEAR_SCALE:
            reason = f"{given['pxscale']:g}, not {sky.pxscale:.4g}"
            self.differing.setdefault("pixel scale", SkipLog()).add(name, reason)


def what_field(what: str) -> str:
    return "ra_column" if what == "position" else "pxscale"


def separation(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Between two places in degrees, in arcsec."""
    ra, dec, other_ra, other_dec = np.radians([ra, dec, other_ra, other_dec])
    half = np.sin((dec - other_dec) / 2) ** 2
    half += np.cos(dec) * np.cos(other_dec) * np.sin((ra - other_ra) / 2) ** 2
    return float(np.degrees(2 * np.arcsin(min(1.0, np.sqrt(half)))) * 3600)
