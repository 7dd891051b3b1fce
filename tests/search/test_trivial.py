"""Which neighbours say nothing."""

import numpy as np

from backend.search.trivial import Catalogue, near_identical


def catalogue() -> Catalogue:
    """Rows 0 and 2 of one source; 1 lies 3″ north of 0, 3 lies 8″ north; 4 has no position; 3 and 4 share a
    picture hash, 1 and 2 have none."""
    dec = np.array([10.0, 10.0 + 3 / 3600, -40.0, 10.0 + 8 / 3600, np.nan])
    ra = np.array([50.0, 50.0, 80.0, 50.0, np.nan])
    hashes = np.array([5, 0, 0, 7, 7], np.uint64)
    return Catalogue.of(["a", "b", "a", "", ""], ra, dec, hashes)


def test_a_source_and_a_place_on_the_sky_are_one_galaxy() -> None:
    assert catalogue().same_place(0, 5.0).tolist() == [True, True, True, False, False]
    assert catalogue().same_place(0, 10.0).tolist() == [True, True, True, True, False]
    assert catalogue().same_place(0, 0.0).tolist() == [True, False, True, False, False]
    assert catalogue().same_place(4, 3600.0).tolist() == [False, False, False, False, True]


def test_a_picture_again_is_told_by_features_or_by_its_hash_and_like_features() -> None:
    cosine = np.array([0.5, 0.99991, 0.99989, 0.96, 1.0], np.float32)
    assert catalogue().same_picture(4, cosine).tolist() == [False, True, False, True, True]
    cosine[3] = 0.94
    assert catalogue().same_picture(4, cosine).tolist() == [False, True, False, False, True]
    assert catalogue().same_picture(1, cosine).tolist() == [False, True, False, False, True]
    assert near_identical(cosine).tolist() == [False, True, False, False, True]


def test_galaxies_of_two_ids_far_apart_are_two_however_alike() -> None:
    ra, dec = np.array([10.0, 40.0, 10.01, 10.0, np.nan]), np.zeros(5)
    plain = Catalogue.of(["a", "b", "c", "a", "d"], ra, dec, np.full(5, 9, np.uint64))
    alike = np.ones(5, np.float32)
    assert plain.same_picture(0, alike).tolist() == [True, False, True, True, True], "36 arcsec is not far"
    assert plain.same_picture(4, alike).tolist() == [True] * 5, "its position is unknown"
    rows, others = np.array([0, 0, 0, 1]), np.array([1, 2, 4, 3])
    assert plain.again(rows, others, np.ones(4, np.float32), 5.0).tolist() == [False, True, True, False]
    assert plain.same_picture(1, alike[:2], np.array([0, 1])).tolist() == [False, True]
