"""Train, validation and test: stratified, seeded, and never dividing a group of one source or sky
position."""

import math

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Floats, Rows
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split

HELD_OUT_SHARE = 0.1
UNKNOWN_SCALE_ARCSEC = 5.0
MAX_PAIRS_A_ROW = 50


def make_splits(labels: Rows, groups: Rows, seed: int) -> NDArray[np.uint8]:
    """(N,) split codes, 80/10/10 within each class; a group goes wholly to one split. A class of three rows
    or more has at least one in each split if its groups allow it."""
    rng = np.random.default_rng(seed)
    stratum = _stratum_of_groups(labels, groups)
    order = rng.permutation(int(groups.max()) + 1)
    sizes = np.bincount(groups)
    split_of_group = np.zeros(len(sizes), np.uint8)
    for label in np.unique(stratum):
        members = order[stratum[order] == label]
        split_of_group[members] = _fill(sizes[members])
    if len(np.unique(split_of_group)) < 3:
        split_of_group[order] = _fill(sizes[order])
    return split_of_group[groups]


def with_validation(
    splits: NDArray[np.uint8], labels: Rows, seed: int, groups: Rows | None = None
) -> NDArray[np.uint8]:
    """(N,) the codes with a tenth of the train rows of each class moved to validation, each of the `groups`
    (N,) wholly or not at all."""
    train = np.flatnonzero(splits == SPLIT_CODES[Split.TRAIN])
    groups = np.arange(len(splits)) if groups is None else groups
    _, together = np.unique(groups[train], return_inverse=True)
    cut = make_splits(labels[train], together.astype(np.int64), seed) == SPLIT_CODES[Split.VAL]
    out = splits.copy()
    out[train[cut]] = SPLIT_CODES[Split.VAL]
    return out


def smallest_fraction(counts: NDArray[np.int64]) -> float:
    """The least fraction, rounded up to a hundredth, that keeps a row of every class of `counts` (K,)."""
    rarest = int(counts[counts > 0].min())
    return math.ceil(50 / rarest) / 100


def label_subset(labels: Rows, fraction: float, seed: int) -> Rows:
    """Places (ascending) in `labels` (N,) of a fraction of each class, rounded half up; all for 1. For one
    seed, the rows of a smaller fraction are among those of a larger one."""
    if fraction >= 1:
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    kept = []
    for label in np.unique(labels):
        own = order[labels[order] == label]
        kept.append(own[: math.floor(len(own) * fraction + 0.5)])
    return np.sort(np.concatenate(kept))


def _stratum_of_groups(labels: Rows, groups: Rows) -> Rows:
    """(G,) label of each group's first row."""
    _, first = np.unique(groups, return_index=True)
    return labels[first]


def _fill(sizes: Rows) -> NDArray[np.uint8]:
    """Split codes of groups in order: test and validation each take what fits into their tenth."""
    total = int(sizes.sum())
    room = max(1, int(total * HELD_OUT_SHARE + 0.5)) if total >= 3 else 0
    left = {SPLIT_CODES[Split.TEST]: room, SPLIT_CODES[Split.VAL]: room}
    codes = np.full(len(sizes), SPLIT_CODES[Split.TRAIN], np.uint8)
    for index, size in enumerate(sizes):
        for code, free in left.items():
            if size <= free:
                codes[index] = code
                left[code] -= int(size)
                break
    return codes


def find_groups(
    source_ids: list[str], ra: Floats, dec: Floats, pxscale: Floats, img_size: int, given: Rows | None = None
) -> Rows:
    """(N,) group numbers 0 … G−1: rows of one source_id, of one number in `given` (−1 for none), or closer on
    the sky than half a frame (5 arcsec if the pixel scale is unknown) form a group. DataError if the largest
    has more than a hundredth of all rows."""
    keys = _key_pairs(source_ids, given)
    groups = _components(keys, len(source_ids))
    _refuse_a_giant(np.bincount(groups), len(source_ids), "source or a group")
    groups = _components(np.concatenate([keys, _sky_pairs(ra, dec, pxscale, img_size)]), len(source_ids))
    _refuse_a_giant(np.bincount(groups), len(source_ids), "place on the sky")
    return groups


def count_divided(source_ids: list[str], given: Rows | None, splits: NDArray[np.uint8]) -> int:
    """How many groups of one source_id, or of one number in `given`, are in more than one split."""
    groups = _components(_key_pairs(source_ids, given), len(source_ids))
    pairs = np.unique(np.stack([groups, splits.astype(np.int64)], axis=1), axis=0)
    return int((np.bincount(pairs[:, 0]) > 1).sum())


def _key_pairs(source_ids: list[str], given: Rows | None) -> Rows:
    """(E, 2) rows of one source, and of one given group."""
    _, source = np.unique(np.array(source_ids), return_inverse=True)
    pairs = [_chain(source.astype(np.int64))]
    if given is not None:
        members = np.flatnonzero(given >= 0)
        pairs.append(members[_chain(given[members])])
    return np.concatenate(pairs)


def _components(pairs: Rows, n: int) -> Rows:
    if not len(pairs):
        return np.arange(n)
    from scipy.sparse import coo_array  # on first use: most processes split no dataset
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component, np.int64)


def _chain(keys: Rows) -> Rows:
    """(E, 2) pairs of consecutive rows that share a key."""
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    return np.stack([order[:-1][same], order[1:][same]], axis=1)


def _sky_pairs(ra: Floats, dec: Floats, pxscale: Floats, img_size: int) -> Rows:
    known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    if len(known) < 2:
        return np.empty((0, 2), np.int64)
    from scipy.spatial import cKDTree

    point, scale = unit_vectors(ra[known], dec[known]), pxscale[known]
    radius = np.where(np.isfinite(scale) & (scale > 0), scale * img_size / 2, UNKNOWN_SCALE_ARCSEC)
    chord = chord_of(np.minimum(radius, 3600))
    tree = cKDTree(point)
    if tree.count_neighbors(tree, chord.max()) > MAX_PAIRS_A_ROW * len(known):
        _refuse_a_giant(np.array([len(known)]), len(ra), "place on the sky")
    pairs = tree.query_pairs(chord.max(), output_type="ndarray")
    apart = np.linalg.norm(point[pairs[:, 0]] - point[pairs[:, 1]], axis=1)
    near = apart < np.maximum(chord[pairs[:, 0]], chord[pairs[:, 1]])
    rows: Rows = known[pairs[near]]
    return rows


def unit_vectors(ra: Floats, dec: Floats) -> Floats:
    """(n, 3) of positions in deg."""
    lon, lat = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def chord_of(arcsec: Floats) -> Floats:
    """The distance of unit vectors that are `arcsec` apart."""
    return np.asarray(2 * np.sin(np.radians(arcsec / 3600) / 2))


def _refuse_a_giant(sizes: Rows, n: int, shared: str) -> None:
    largest = int(sizes.max())
    allowed = max(n // 100, min(n // 5, 10))
    if largest > allowed:
        why = f"{largest} of {n} rows share a {shared}, too many to split fairly (at most {allowed} may)"
        advice = (
            "give each its own source_id, ra and dec, add a split column, or set the column's role to '-'"
        )
        field = "ra_column" if "sky" in shared else "group_column"
        raise DataError("group_too_large", f"{why}; {advice}.", field)
