"""Which galaxies of one dataset an encoder has met in another: by name, by place on the sky, by image."""

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Floats, Rows
from backend.data.store import GalaxyStore

SAME_PLACE_ARCSEC = 2.0


def count_seen(store: GalaxyStore, rows: Rows, other: GalaxyStore, seen: Rows) -> int:
    """How many `rows` of `store` are among the `seen` rows of `other`: the same source_id (simulated galaxies
    are numbered anew each time, so theirs say nothing), within 2″, or the same image hash where no second
    galaxy of `other` has it."""
    found = np.zeros(len(rows), np.bool_)
    if not (store.simulated or other.simulated):
        names = {other.source_ids[row] for row in seen}
        found |= np.array([store.source_ids[row] in names for row in rows], np.bool_)
    found |= _near(store.ra[rows], store.dec[rows], other.ra[seen], other.dec[seen])
    hashes, counts = np.unique(other.image_hashes[seen], return_counts=True)
    found |= np.isin(store.image_hashes[rows], hashes[counts == 1])
    return int(found.sum())


def _near(ra: Floats, dec: Floats, other_ra: Floats, other_dec: Floats) -> NDArray[np.bool_]:
    from scipy.spatial import cKDTree  # scipy where galaxies are compared, not in every process

    here, there = _directions(ra, dec), _directions(other_ra, other_dec)
    known, known_there = np.isfinite(here).all(1), np.isfinite(there).all(1)
    found = np.zeros(len(ra), np.bool_)
    if known.any() and known_there.any():
        chord = 2 * np.sin(np.radians(SAME_PLACE_ARCSEC / 3600) / 2)
        distance, _ = cKDTree(there[known_there]).query(here[known], distance_upper_bound=chord)
        found[known] = np.isfinite(distance)
    return found


def _directions(ra: Floats, dec: Floats) -> Floats:
    """Unit vectors (n, 3) of deg."""
    along, up = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(up) * np.cos(along), np.cos(up) * np.sin(along), np.sin(up)], axis=1)
