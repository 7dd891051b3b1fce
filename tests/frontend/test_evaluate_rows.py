"""The table of evaluations: what stands in one row, what stands below it, and how figures are written."""

from typing import Any

import pytest

from frontend.features.evaluate.earlier_evaluations import fold_earlier
from frontend.features.evaluate.published import GALAXY10_CLASSES, GALAXY10_IMAGES, published_references
from frontend.ui.evaluation_rows import (
    Jobs,
    fold_rows,
    group_evaluations,
    interval_words,
    majority_of,
    name_evaluation,
    notes_of,
    points,
    spread_words,
    with_references,
)
from shared.base.vocabulary import Basis, Head
from shared.contract.evaluations import Evaluation
from tests.frontend.datasets import make_dataset
from tests.frontend.evaluations import make_evaluation

JOBS = {"job-1": {"depths": "last", "inner_norm": "final", "knn_k": 20}, "job-2": {"depths": "all"}}


def rows_of(*evaluations: Evaluation, jobs: Jobs = JOBS) -> list[dict[str, Any]]:
    groups = group_evaluations(evaluations, jobs)
    blocks = fold_earlier(with_references(groups, jobs), evaluations, jobs)
    return fold_rows(blocks, majority_of(groups), {})


def shown_and_behind(rows: list[dict[str, Any]]) -> list[Any]:
    """Ids of the rows, and in lists of their own those that are folded."""
    return [[old["ids"] for old in row["earlier"]] if "earlier" in row else row["ids"] for row in rows]


def test_seeds_share_a_row_with_mean_sample_deviation_and_count() -> None:
    found = rows_of(
        make_evaluation("s2", seed=2, accuracy=0.64),
        make_evaluation("s0", seed=0, accuracy=0.60),
        make_evaluation("s1", seed=1, accuracy=0.62),
    )
    assert len(found) == 1
    assert found[0]["ids"] == ["s0", "s1", "s2"]
    assert found[0]["accuracy"] == "62.0 ± 2.0 %"
    assert found[0]["seeds"] == "3 seeds"


def test_one_seed_has_its_interval_and_no_deviation() -> None:
    row = rows_of(make_evaluation("only"))[0]
    assert (row["accuracy"], row["interval"], row["seeds"]) == ("65.0 %", "43.3 – 81.9", "")


def test_the_newest_evaluation_of_a_repeated_seed_counts_and_the_others_are_folded() -> None:
    found = rows_of(
        make_evaluation("old"),
        make_evaluation("newer", run="job-3", hours=1),
        make_evaluation("new", run="job-4", hours=2, accuracy=0.7),
        jobs={"job-1": {"depths": "last"}, "job-3": {"depths": "last"}, "job-4": {"depths": "last"}},
    )
    assert shown_and_behind(found) == [["new"], [["newer"], ["old"]]]
    assert found[1]["words"] == "2 earlier evaluations"


def test_evaluations_of_the_same_setting_are_folded_and_others_have_their_own_rows() -> None:
    best = {"depths": "last", "checkpoint": "best"}
    jobs = {
        "first": best | {"knn_k": 5},
        "second": best | {"knn_k": 20},
        "named": {"depths": "last", "checkpoint": "40"},
        "deep": {"depths": "all", "checkpoint": "best"},
    }
    found = rows_of(
        make_evaluation("k5", run="first", head=Head.KNN, step=40),
        make_evaluation("k20", run="second", head=Head.KNN, step=80, hours=1),
        make_evaluation("at 40", run="named", head=Head.KNN, step=40, hours=2),
        make_evaluation("all blocks", run="deep", head=Head.KNN, step=40, hours=3),
        jobs=jobs,
    )
    assert shown_and_behind(found)[:2] == [["k20"], [["k5"]]]
    assert sorted(shown_and_behind(found)[2:]) == [["all blocks"], ["at 40"]]


def test_seeds_added_by_a_later_job_join_the_row_and_a_repeated_one_is_folded() -> None:
    jobs = {"job-1": {"depths": "last"}, "later": {"depths": "last"}}
    found = rows_of(
        make_evaluation("s0"),
        make_evaluation("s1", seed=1),
        make_evaluation("s1 again", seed=1, run="later", hours=1),
        make_evaluation("s2", seed=2, run="later", hours=1),
        jobs=jobs,
    )
    assert shown_and_behind(found) == [["s0", "s1 again", "s2"], [["s1"]]]


@pytest.mark.parametrize(
    "other",
    [
        {"head": Head.KNN},
        {"pooling": "cls"},
        {"label_fraction": 0.1},
        {"step": 80},
        {"run": "job-2"},
        {"dataset_digest": "e" * 64},
    ],
)
def test_evaluations_that_differ_in_more_than_the_seed_have_separate_rows(other: dict[str, object]) -> None:
    found = rows_of(make_evaluation("a"), make_evaluation("b", seed=1, **other))
    assert sorted(shown_and_behind(found)) == [["a"], ["b"]]


def test_references_of_the_same_head_follow_with_the_lead_in_points() -> None:
    found = rows_of(
        make_evaluation("ours"),
        make_evaluation("init", basis=Basis.RANDOM_INIT, step=0, accuracy=0.5),
        make_evaluation("pixels", basis=Basis.RAW_PIXELS, depth=None, pooling=None, accuracy=0.7),
        make_evaluation("other head", basis=Basis.RANDOM_INIT, head=Head.KNN, accuracy=0.4),
        make_evaluation("most", basis=Basis.MAJORITY, head=None, depth=None, pooling=None, accuracy=0.4),
    )
    assert [(row["head"], row["gap"]) for row in found] == [
        ("linear", ""),
        ("raw pixels", "−5.0"),
        ("at random init", "+15.0"),
        ("majority class", "+25.0"),
    ]


def test_raw_pixels_with_another_estimator_are_not_a_reference_of_the_lars_probe() -> None:
    found = rows_of(
        make_evaluation("ours", head=Head.LINEAR_LARS),
        make_evaluation("init", head=Head.LINEAR_LARS, basis=Basis.RANDOM_INIT, step=0),
        make_evaluation("pixels", basis=Basis.RAW_PIXELS, depth=None, pooling=None),
    )
    assert [row["ids"] for row in found] == [["ours"], ["init"]]


def test_another_share_of_labels_is_not_a_reference() -> None:
    init = make_evaluation("init", basis=Basis.RANDOM_INIT, label_fraction=0.1)
    assert [row["ids"] for row in rows_of(make_evaluation("ours"), init)] == [["ours"]]


def test_seen_test_rows_are_noted_with_their_heads() -> None:
    groups = group_evaluations([make_evaluation("a", seen_in_pretraining=3)], JOBS)
    ((sentence, heads),) = notes_of(groups)
    assert sentence.startswith("3 of 20 test galaxies")
    assert heads == ["linear"]


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.5], "50.0"),
        ([0.5, 0.5], "50.0 ± 0.00"),
        ([0.2, 0.6], "40.0 ± 28"),
        ([0.5, 0.51], "50.5 ± 0.71"),
    ],
)
def test_deviations_have_two_significant_digits(shares: list[float], words: str) -> None:
    assert spread_words(shares) == words


def test_formatting_of_intervals_and_differences() -> None:
    assert interval_words(0.4329, 0.8188) == "43.3 – 81.9"
    assert interval_words(0.9012, 0.9088) == "90.12 – 90.88"
    assert [points(gap) for gap in (0.123, -0.004, 0.0001)] == ["+12.3", "−0.4", "±0.0"]


def test_an_evaluation_is_named_by_head_features_labels_and_seed() -> None:
    assert name_evaluation(make_evaluation("a", label_fraction=0.1, seed=2)) == (
        "linear · block 4, mean · 10 % of the labels · seed 2"
    )
    most = make_evaluation("m", basis=Basis.MAJORITY, head=None, depth=None, pooling=None)
    assert name_evaluation(most) == "majority class"


def test_published_figures_are_shown_for_the_complete_galaxy10_only() -> None:
    galaxy10 = make_dataset("galaxy10").model_copy(
        update={
            "class_names": list(GALAXY10_CLASSES),
            "n": GALAXY10_IMAGES,
            "provenance": {"kind": "galaxy10"},
        }
    )
    assert published_references(galaxy10)
    for change in ({"simulated": True}, {"n": 60}, {"class_names": ["spiral"]}, {"provenance": {}}):
        assert not published_references(galaxy10.model_copy(update=change))
    assert not published_references(None)


RECIPE = {"epochs": 20, "blr": 1e-3, "layer_decay": 0.75}


def test_a_twin_follows_its_fine_tuning_and_another_recipe_has_its_own_block() -> None:
    tuned = make_evaluation("tuned", run="a", head=Head.FINETUNE)
    twin = make_evaluation("twin", run="b", head=Head.SUPERVISED, basis=Basis.RANDOM_INIT)
    longer = make_evaluation("longer", run="c", head=Head.SUPERVISED, basis=Basis.RANDOM_INIT)
    pixels = make_evaluation("pixels", run="a", head=Head.LINEAR, basis=Basis.RAW_PIXELS, pooling=None)
    jobs = {"a": RECIPE, "b": RECIPE | {"layer_decay": None}, "c": RECIPE | {"epochs": 50}}
    blocks = with_references(group_evaluations([tuned, twin, longer, pixels], jobs), jobs)
    below = {block.group.first.id: {other.first.id for other in block.references} for block in blocks}
    assert below == {"tuned": {"twin", "pixels"}, "longer": {"pixels"}}
    rows = fold_rows(blocks, None, {})
    assert [row["head"] for row in rows if row["reference"]] == [
        "linear, raw pixels",
        "trained from scratch",
        "linear, raw pixels",
    ]


def test_seeds_of_a_fine_tuning_are_one_row_and_another_layer_decay_is_not() -> None:
    made = [make_evaluation(f"s{seed}", run=f"r{seed}", head=Head.FINETUNE, seed=seed) for seed in range(3)]
    jobs = {f"r{seed}": RECIPE | {"seed": seed} for seed in range(2)} | {"r2": RECIPE | {"layer_decay": 1}}
    groups = group_evaluations(made, jobs)
    assert sorted(len(group.seeds) for group in groups) == [1, 2]
