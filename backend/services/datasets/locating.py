"""Finding one galaxy of a dataset: by id, by row, or by position on the sky."""

import numpy as np

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError, NotFoundError
from backend.search.coordinates import parse_position, separation_arcsec, separation_words
from backend.services.datasets.browsing import Datasets, galaxy_of, require_row
from backend.services.datasets.tables import sky_links
from shared.contract.search import FoundGalaxy, LocatedGalaxy

MAX_ROW_DIGITS = 12
FAR_ARCSEC = 60.0
"""Farther than this, and than the frame of the nearest galaxy, nothing is at a position."""


def locate(datasets: Datasets, name: str, text: str) -> LocatedGalaxy:
    """By its id, else by row number, else the galaxy nearest to a position. `#39` is a row; 39 is one only if
    no galaxy has that id, and `words` say so. Raises NotFoundError or InvalidInputError."""
    key = text.strip()
    with datasets.use(name) as store:
        words = ""
        row = _row_of_id(store, key)
        number = key.removeprefix("#").strip()
        if row is None and number.isdecimal():
            row = _row_of_number(store, name, key)
            words = "" if key.startswith("#") else f"No galaxy has the id {number}: this is row {row}"
        if row is None:
            return _nearest(store, name, text)
        found = found_galaxy(store, row)
        return LocatedGalaxy.from_attributes(found, separation_arcsec=None, far=False, words=words)


def found_galaxy(store: GalaxyStore, row: int) -> FoundGalaxy:
    """A galaxy with links to its position on the sky; simulated galaxies have none."""
    galaxy = galaxy_of(store, row)
    links = None if store.simulated else sky_links(galaxy.ra, galaxy.dec)
    return FoundGalaxy(galaxy=galaxy, links=links)


def _row_of_id(store: GalaxyStore, key: str) -> int | None:
    """The row whose id is exactly this, else but for upper and lower case; None if there is none."""
    if not key:
        return None
    if key in store.source_ids:
        return store.source_ids.index(key)
    same = key.casefold()
    return next((row for row, name in enumerate(store.source_ids) if name.casefold() == same), None)


def _row_of_number(store: GalaxyStore, name: str, key: str) -> int:
    """The row; a number that is none is named as id and row, unless it was marked as a row."""
    number = key.removeprefix("#").strip()
    if len(number) <= MAX_ROW_DIGITS:
        row = int(number)
        if row < store.n or key.startswith("#"):
            require_row(store, name, row)
            return row
    why = f"{name} has no galaxy with the id {number[:60]}, and rows 0 to {store.n - 1}; check the number"
    raise NotFoundError("row_not_found", why, "text")


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
