"""How odd galaxies are, worked out by hand on a circle, where a cosine is that of the angle between two."""

import numpy as np
import pytest

from backend.search.neighbours import Nearest, nearest
from backend.search.odd import isolation, neighbour_vote, ranked
from backend.search.trivial import Catalogue
from backend.search.vectors import Vectors

DEGREES = np.array([0.0, 10.0, 30.0, 60.0, 180.0])


def at(degrees: np.ndarray) -> Vectors:
    angle = np.radians(degrees)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def catalogue(
    sources: list[str], dec: list[float] | None = None, hashes: list[int] | None = None
) -> Catalogue:
    """Of galaxies at RA 50, or nowhere."""
    n = len(sources)
    places = np.full(n, np.nan) if dec is None else np.array(dec)
    numbers = np.array([0] * n if hashes is None else hashes, np.uint64)
    return Catalogue.of(sources, np.where(np.isnan(places), np.nan, 50.0), places, numbers)


def cos(*degrees: float) -> np.ndarray:
    return np.cos(np.radians(degrees))


def found(k: int = 2) -> Nearest:
    return nearest(at(DEGREES), catalogue([""] * 5), k)


def test_the_nearest_are_those_of_highest_cosine_and_isolation_is_their_mean_distance() -> None:
    one = found()
    assert one.rows.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1], [3, 2]]
    np.testing.assert_allclose(one.cosines[0], cos(10, 30), atol=1e-6)
    by_hand = [1 - cos(10, 30), 1 - cos(10, 20), 1 - cos(20, 30), 1 - cos(30, 50), 1 - cos(120, 150)]
    np.testing.assert_allclose(isolation(one), np.mean(by_hand, axis=1), atol=1e-6)
    assert ranked(isolation(one), np.ones(5, np.bool_)).tolist() == [4, 3, 2, 0, 1]


def test_where_there_are_too_few_neighbours_those_that_are_there_count() -> None:
    two = nearest(at(DEGREES[:3]), catalogue([""] * 3), 5)
    assert two.rows[0].tolist() == [1, 2, -1, -1, -1]
    np.testing.assert_allclose(isolation(two)[0], (1 - cos(10, 30)).mean(), atol=1e-6)
    alone = nearest(at(DEGREES[:1]), catalogue([""]), 2)
    assert np.isnan(isolation(alone)).all()
    assert ranked(isolation(alone), np.ones(1, np.bool_)).tolist() == []


def test_the_same_galaxy_again_is_no_neighbour_however_often_it_is_there() -> None:
    same = nearest(at(DEGREES), catalogue(["a", "a", "", "", ""]), 1)
    assert same.rows[:, 0].tolist() == [2, 2, 1, 2, 3]
    beside = nearest(
        at(DEGREES), catalogue([""] * 5, [10.0, 10 + 3 / 3600, np.nan, np.nan, 10 + 9 / 3600]), 1
    )
    assert beside.rows[:, 0].tolist() == [2, 2, 1, 2, 3]
    hashed = nearest(at(DEGREES), catalogue([""] * 5, hashes=[7, 7, 7, 0, 0]), 1)
    assert hashed.rows[:, 0].tolist() == [2, 2, 1, 2, 3], "cos 20° is below 0.95, cos 10° is above"
    copies = nearest(at(np.r_[np.zeros(12), 40.0]), catalogue([""] * 13), 1)  # more than are fetched beyond k
    assert copies.rows[:, 0].tolist() == [12] * 12 + [0]


def test_neighbours_are_those_of_sorting_all_cosines_also_among_some_rows_only() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((700, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    allowed = rng.random(700) < 0.5
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(cosines, -2)
    cosines[cosines >= 0.9999] = -2
    for pool in (None, allowed):
        among = cosines if pool is None else np.where(pool, cosines, -2)
        expected = np.argsort(-among, axis=1, kind="stable")[:, :9]
        np.testing.assert_array_equal(nearest(vectors, catalogue([""] * 700), 9, pool).rows, expected)


def test_a_label_is_doubted_by_the_weight_of_the_neighbours_that_do_not_carry_it() -> None:
    labels = np.array([0, 1, 0, 1, -1])
    said = neighbour_vote(found(), labels, 2)
    # Row 0 has neighbours 1 (class 1, cos 10°) and 2 (class 0, cos 30°).
    np.testing.assert_allclose(said.mislabel[0], cos(10)[0] / cos(10, 30).sum(), atol=1e-6)
    assert (said.label[0], said.agree[0], said.own[0], said.of[0]) == (1, 1, 1, 2)
    # Row 1 has neighbours 0 and 2, both of class 0: none carries its label.
    assert (said.mislabel[1], said.label[1], said.agree[1], said.own[1]) == (1, 0, 2, 0)
    np.testing.assert_allclose(said.share[0], cos(10)[0] / cos(10, 30).sum(), atol=1e-6)
    # Row 4 has no label; its neighbours lie at more than 90°, and count alike.
    assert np.isnan(said.mislabel[4])
    np.testing.assert_allclose((said.share[4], said.label[4], said.of[4]), (0.5, 0, 2))


def test_neighbours_without_a_label_say_nothing_and_a_galaxy_with_none_that_do_has_no_score() -> None:
    said = neighbour_vote(found(), np.array([0, -1, -1, 0, 1]), 2)
    assert said.of.tolist() == [0, 1, 1, 0, 1]
    assert np.isnan(said.mislabel).tolist() == [True, True, True, True, False]
    assert (said.mislabel[4], said.label[4]) == (1, 0)


def test_equal_scores_stand_by_the_tie_and_then_by_row() -> None:
    scores = np.array([0.5, 1.0, 1.0, np.nan, 1.0])
    everyone = np.ones(5, np.bool_)
    assert ranked(scores, everyone).tolist() == [1, 2, 4, 0]
    assert ranked(scores, everyone, np.array([0, 0.2, 0.2, 0, 0.9])).tolist() == [4, 1, 2, 0]
    assert ranked(scores, np.array([1, 0, 1, 1, 0], np.bool_)).tolist() == [2, 0]


def test_swapped_labels_come_first_where_classes_lie_apart() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    vectors = at(labels * 120 + rng.uniform(-25, 25, 120))
    swapped = rng.choice(120, 6, replace=False)
    shown = labels.copy()
    shown[swapped] = (labels[swapped] + 1) % 3
    said = neighbour_vote(nearest(vectors, catalogue([""] * 120), 10), shown, 3)
    first = ranked(said.mislabel, np.ones(120, np.bool_), said.share)[:6]
    assert set(first.tolist()) == set(swapped.tolist())
    assert (said.label[swapped] == labels[swapped]).all()
    assert said.mislabel.mean() == pytest.approx(0.1, abs=0.05)
