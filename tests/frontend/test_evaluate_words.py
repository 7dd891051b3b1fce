"""A confusion matrix in words and shares, and the order in which confused classes are neighbours."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontend.features.evaluate.figures.depth_curve import curve_data
from frontend.features.evaluate.form import form_faults, form_values, shell_words
from frontend.features.evaluate.url import EvaluateView
from frontend.features.evaluate.words import class_rows, matrix_data, method_facts, similarity_order
from frontend.ui.evaluation_rows import group_evaluations
from shared.base.vocabulary import Head
from shared.contract.evaluations import DepthPoint, Interval, MethodComparison, PredictionOrder
from tests.frontend.evaluations import make_evaluation

COUNTS = st.integers(2, 6).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 20), min_size=k, max_size=k), min_size=k, max_size=k)
)
LOOKS = st.builds(
    EvaluateView,
    run=st.one_of(st.none(), st.just("quiet-spiral-12")),
    evaluation=st.one_of(st.none(), st.just("job.encoder-knn-s0")),
    shown=st.sampled_from(["counts", "true", "predicted", "difference"]),
    classes=st.sampled_from(["given", "similar"]),
    true=st.one_of(st.none(), st.just("Edge-on with Bulge")),
    order=st.sampled_from(list(PredictionOrder)),
    flagged=st.booleans(),
    min=st.integers(0, 50),
    max=st.integers(50, 100),
    page=st.integers(1, 900),
)


def neighbours(order: list[int], counts: list[list[int]]) -> float:
    """Summed confusion of neighbours, as the order should make it large."""
    shares = [[n / max(sum(row), 1) for n in row] for row in counts]
    return sum((shares[i][j] + shares[j][i]) / 2 for i, j in pairwise(order))


def test_a_chain_of_confusions_is_unrolled() -> None:
    counts = [[8, 0, 2, 0], [0, 8, 1, 2], [2, 1, 7, 0], [0, 2, 0, 8]]  # 0 – 2 – 1 – 3
    assert similarity_order(counts) == [0, 2, 1, 3]


def test_two_families_stand_apart() -> None:
    counts = [[5, 0, 5, 0], [0, 5, 0, 5], [5, 0, 5, 0], [0, 5, 0, 5]]
    order = similarity_order(counts)
    assert order[0] == 0
    assert [set(order[:2]), set(order[2:])] == [{0, 2}, {1, 3}]


def test_without_confusion_the_order_is_as_given() -> None:
    assert similarity_order([[3, 0, 0], [0, 3, 0], [0, 0, 3]]) == [0, 1, 2]
    assert similarity_order([]) == []


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first call imports scipy
@given(COUNTS)
def test_the_order_holds_every_class_once_and_is_no_worse_than_as_given(counts: list[list[int]]) -> None:
    order = similarity_order(counts)
    assert sorted(order) == list(range(len(counts)))
    assert neighbours(order, counts) >= neighbours(list(range(len(counts))), counts) - 1e-9


def test_a_cell_says_both_shares() -> None:
    words = matrix_data(make_evaluation("a"))["words"]
    of_true, of_predicted = words[1][0].split(". ")
    assert of_true.startswith("2 of 8 edge-on were ") and of_true.endswith("round, 25.0 %")
    assert of_predicted.startswith("Of 8 ") and of_predicted.endswith("round, 2 are edge-on, 25.0 %.")
    of_true, of_predicted = words[2][1].split(". ")
    assert of_true.startswith("1 of 4 merging was ") and of_true.endswith("edge-on, 25.0 %")
    assert of_predicted.startswith("Of 6 ") and of_predicted.endswith("edge-on, 1 is merging, 16.7 %.")


def test_rows_and_columns_are_normalised_and_an_empty_one_has_no_share() -> None:
    data = matrix_data(make_evaluation("a", confusion_matrix=[[3, 1, 0], [0, 0, 0], [1, 3, 0]]))
    assert data["views"]["true"] == [[0.75, 0.25, 0], [None] * 3, [0.25, 0.75, 0]]
    assert data["views"]["predicted"] == [[0.75, 0.25, None], [0, 0, None], [0.25, 0.75, None]]
    no_true, no_predicted = data["words"][1][2].split(". ")
    assert no_true.endswith("edge-on") and no_predicted.endswith("merging.")


def test_a_difference_is_in_points_of_the_true_class() -> None:
    other = make_evaluation("b", confusion_matrix=[[8, 0, 0], [0, 8, 0], [0, 0, 4]])
    data = matrix_data(make_evaluation("a"), other)
    cell, figures = data["difference_words"][1][0].split(": ")
    assert cell.startswith("edge-on ") and cell.endswith(" round")
    assert figures == "2 of 8 by A, 25.0 %; 0 of 8 by B, 0.0 %; +25.0 points."


def test_a_class_without_a_figure_has_a_dash_and_few_rows_are_marked() -> None:
    rows = class_rows(make_evaluation("a").classes)
    assert [(row["recall"], row["few"]) for row in rows] == [("–", True), ("–", False), ("–", True)]


@given(LOOKS)
def test_an_address_opens_as_the_look_that_wrote_it(look: EvaluateView) -> None:
    assert EvaluateView.from_query(look.to_query()) == look


@pytest.mark.parametrize(
    "query",
    [
        {"min": "101"},
        {"max": "some"},
        {"max": "-1"},
        {"shown": "pie"},
        {"page": "0"},
        {"order": "newest"},
        {"split": "half"},
        {"seed": "-1"},
    ],
)
def test_one_impossible_value_costs_only_itself(query: dict[str, str]) -> None:
    assert EvaluateView.from_query({"true": "round", **query}) == EvaluateView(true="round")


def test_of_a_range_that_is_upside_down_the_lower_bound_is_kept() -> None:
    assert EvaluateView.from_query({"min": "80", "max": "20"}) == EvaluateView(min=80)


def test_a_depth_curve_is_a_line_for_each_pooling_with_the_chosen_block() -> None:
    curve = [
        DepthPoint(depth=depth, pooling=pooling, accuracy=depth / 10, balanced_accuracy=0.1)
        for depth in (2, 1)
        for pooling in ("mean", "cls")
    ]
    data = curve_data(make_evaluation("a", depth=2, depth_curve=curve), [("majority class", 0.2)])
    assert data["lines"] == [
        {"name": "cls", "points": [(1, 0.1), (2, 0.2)]},
        {"name": "mean", "points": [(1, 0.1), (2, 0.2)]},
    ]
    assert data["chosen"] == {"depth": 2, "pooling": "mean"}


def test_the_form_finds_invalid_fields_without_the_server() -> None:
    values = form_values("quiet-spiral-12", {"probe.heads": [], "probe.seeds": 3})
    assert list(form_faults(values)) == ["heads"]
    assert list(form_faults({"encoder": "quiet-spiral-12", "seeds": 11})) == ["seeds"]
    assert form_faults({"encoder": "quiet-spiral-12"}) == {}


def test_the_form_sends_changes_and_writes_the_shell_command() -> None:
    state = {"probe.heads": ["knn", "mlp"], "probe.pooling": "mean", "probe.seeds": 3, "probe.dataset": None}
    values = form_values("quiet-spiral-12", state)
    assert values == {"encoder": "quiet-spiral-12", "heads": ("knn", "mlp"), "seeds": 3}
    assert shell_words(values) == (
        "galaxyscope run probe --from quiet-spiral-12 --set heads=knn,mlp --set seeds=3 --wait"
    )


def test_a_comparison_of_methods_shows_means_deviations_and_seeds() -> None:
    ours = [make_evaluation(f"a{seed}", seed=seed, accuracy=0.60 + seed / 100) for seed in (1, 2, 3)]
    theirs = [
        make_evaluation(f"b{seed}", seed=seed, accuracy=0.55 + seed / 50, head=Head.KNN)
        for seed in (1, 2, 3, 4)
    ]
    theirs_group, ours_group = group_evaluations([*ours, *theirs], {})
    found = MethodComparison(
        a=["a1"], b=["b1"], seeds_a=3, seeds_b=4, difference=0.02, p=0.1234, paired=False, verdict="",
        difference_ci95=Interval(low=-0.01, high=0.05),
    )  # fmt: skip
    facts = method_facts(found, ours_group, theirs_group)
    assert [value for _, value in facts] == [
        "62.0 ± 1.0 %, 3 seeds",
        "60.0 ± 2.6 %, 4 seeds",
        "+2.0 points (95 %: −1.0 to +5.0)",
        "p = 0.12",
    ]
    assert "Welch" in facts[-1][0]
