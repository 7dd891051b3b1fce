"""Finding one galaxy of a dataset: by row, by id, or by position on the sky."""

import numpy as np

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.search.coordinates import parse_position, separation_arcsec, separation_words
from backend.services.datasets.browsing import Datasets, galaxy_of, require_row
from backend.services.datasets.tables import sky_links
from shared.contract.search import FoundGalaxy, LocatedGalaxy

FAR_ARCSEC = 60.0
"""Farther than this, and than the frame of the nearest galaxy, nothing is at a position."""


def locate(datasets: Datasets, name: str, text: str) -> LocatedGalaxy:
    """By row number, else by id, else the galaxy nearest to a position. Raises NotFoundError or
    InvalidInputError."""
    key = text.strip().removeprefix("#")
    with datasets.use(name) as store:
        if key.isdecimal():
            require_row(store, name, int(key))
        row = int(key) if key.isdecimal() else _row_of_id(store, key)
        if row is None:
            return _nearest(store, name, text)
        found = found_galaxy(store, row)
        return LocatedGalaxy.from_attributes(found, separation_arcsec=None, far=False, words="")


def found_galaxy(store: GalaxyStore, row: int) -> FoundGalaxy:
    """A galaxy with links to its position on the sky; simulated galaxies have none."""
    galaxy = galaxy_of(store, row)
    links = None if store.simulated else sky_links(galaxy.ra, galaxy.dec)
    return FoundGalaxy(galaxy=galaxy, links=links)


def _row_of_id(store: GalaxyStore, key: str) -> int | None:
    same = key.casefold()
    return next((row for row, name in enumerate(store.source_ids) if name.casefold() == same and same), None)


def _nearest(store: GalaxyStore, name: str, text: str) -> LocatedGalaxy:
    position = parse_position(text)
    apart = separation_arcsec(store.ra, store.dec, position)
    if not np.isfinite(apart).any():
        raise InvalidInputError(
            "no_coordinates", f"no galaxy of {name} has RA and Dec; give a row, an id, or an image", "text"
        )
    row = int(np.nanargmin(apart))
    distance = float(apart[row])
    half_frame = store.pxscale[row] * store.img_size / 2
    far = distance > max(FAR_ARCSEC, half_frame if np.isfinite(half_frame) else 0.0)
    away = separation_words(distance)
    words = f"{name} has no galaxy there: the nearest is {away} away" if far else f"{away} away"
    found = found_galaxy(store, row)
    return LocatedGalaxy.from_attributes(found, separation_arcsec=distance, far=far, words=words)
