"""Which galaxies of one dataset an encoder has seen in another: by name, sky position or image."""

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Floats, Rows
from backend.data.splits import chord_of, unit_vectors
from backend.data.store import GalaxyStore

SAME_PLACE_ARCSEC = 2.0


def count_seen(store: GalaxyStore, rows: Rows, other: GalaxyStore, seen: Rows) -> int:
    """How many `rows` of `store` are among the `seen` rows of `other`: of the same source_id (except
    simulated galaxies, whose ids repeat), within 2″, or of the same image hash if that is unique in
    `other`."""
    found = np.zeros(len(rows), np.bool_)
    if not (store.simulated or other.simulated):
        names = {other.source_ids[row] for row in seen}
        found |= np.array([store.source_ids[row] in names for row in rows], np.bool_)
    found |= _near(store.ra[rows], store.dec[rows], other.ra[seen], other.dec[seen])
    hashes, counts = np.unique(other.image_hashes[seen], return_counts=True)
    found |= np.isin(store.image_hashes[rows], hashes[counts == 1])
    return int(found.sum())


def _near(ra: Floats, dec: Floats, other_ra: Floats, other_dec: Floats) -> NDArray[np.bool_]:
    from scipy.spatial import cKDTree  # on first use

    here, there = unit_vectors(ra, dec), unit_vectors(other_ra, other_dec)
    known, known_there = np.isfinite(here).all(1), np.isfinite(there).all(1)
    found = np.zeros(len(ra), np.bool_)
    if known.any() and known_there.any():
        chord = float(chord_of(np.array(SAME_PLACE_ARCSEC)))
        distance, _ = cKDTree(there[known_there]).query(here[known], distance_upper_bound=chord)
        found[known] = np.isfinite(distance)
    return found
