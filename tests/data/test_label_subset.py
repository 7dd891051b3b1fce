"""A part of the labels with every class in it."""

import numpy as np
import pytest

from backend.data.splits import label_subset, smallest_fraction


def test_each_class_gives_its_share_rounded_half_up() -> None:
    labels = np.repeat([0, 1, 2], [100, 25, 3])
    kept = labels[label_subset(labels, 0.1, seed=0)]
    assert np.bincount(kept).tolist() == [10, 3]  # 2.5 → 3, 0.3 → 0
    assert np.bincount(labels[label_subset(labels, 0.17, seed=0)]).tolist() == [17, 4, 1]


@pytest.mark.parametrize(("counts", "fraction"), [([100, 3, 0], 0.17), ([50, 1], 0.5), ([1000, 600], 0.01)])
def test_the_smallest_fraction_leaves_one_of_each_and_less_does_not(
    counts: list[int], fraction: float
) -> None:
    found = smallest_fraction(np.array(counts))
    assert found == fraction
    labels = np.repeat(np.arange(len(counts)), counts)
    there = set(np.unique(labels).tolist())
    assert set(labels[label_subset(labels, found, 0)].tolist()) == there
    if fraction > 0.01:
        assert set(labels[label_subset(labels, found - 0.01, 0)].tolist()) != there


def test_a_smaller_fraction_is_part_of_a_larger_one_and_another_seed_another_part() -> None:
    labels = np.random.default_rng(0).integers(0, 4, 200)
    tenth, half = label_subset(labels, 0.1, 5), label_subset(labels, 0.5, 5)
    assert set(tenth) <= set(half)
    assert not np.array_equal(tenth, label_subset(labels, 0.1, 6))
    assert np.array_equal(label_subset(labels, 1.0, 5), np.arange(200))
