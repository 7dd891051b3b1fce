"""Which galaxy of a dataset a person means: by row, by id, or by a position on the sky."""

import numpy as np

from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError, NotFoundError
from backend.search.coordinates import parse_position, separation_arcsec, separation_words
from backend.services.datasets.browsing import Datasets, galaxy_of
from backend.services.datasets.sky_links import sky_links
from shared.contract.search import FoundGalaxy, LocatedGalaxy

FAR_ARCSEC = 60.0
"""Beyond this, and beyond the frame of the nearest galaxy, a position is that of none."""


def locate(datasets: Datasets, name: str, text: str) -> LocatedGalaxy:
    """A row number, else an id, else the galaxy nearest to a position. Raises NotFoundError or
    InvalidInputError."""
    wanted = text.strip().removeprefix("#")
    with datasets.use(name) as store:
        if wanted.isdecimal():
            require_row(store, name, int(wanted))
        row = int(wanted) if wanted.isdecimal() else _row_of_id(store, wanted)
        if row is not None:
            found = found_galaxy(store, row)
            return LocatedGalaxy(
                galaxy=found.galaxy, links=found.links, separation_arcsec=None, far=False, words=""
            )
        return _nearest(store, name, text)


def require_row(store: GalaxyStore, name: str, row: int) -> None:
    """Raise NotFoundError where the dataset has no such row."""
    if not 0 <= row < store.n:
        raise NotFoundError(
            "row_not_found",
            f"{name} has rows 0 to {store.n - 1}, not {row}; the galaxy may have been removed, take another",
            "row",
        )


def found_galaxy(store: GalaxyStore, row: int) -> FoundGalaxy:
    """A row with links to its place on the sky; one that was made up has none."""
    galaxy = galaxy_of(store, row)
    links = None if store.simulated else sky_links(galaxy.ra, galaxy.dec)
    return FoundGalaxy(galaxy=galaxy, links=links)


def _row_of_id(store: GalaxyStore, wanted: str) -> int | None:
    same = wanted.casefold()
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
    words = f"nothing of {name} is there: its nearest galaxy is {away} away" if far else f"{away} away"
    found = found_galaxy(store, row)
    return LocatedGalaxy(
        galaxy=found.galaxy, links=found.links, separation_arcsec=distance, far=far, words=words
    )
