"""Which evaluations of two runs may be subtracted from each other."""

from frontend.features.compare.evaluation_pairs import comparable_pairs
from shared.base.vocabulary import Basis, Head
from tests.frontend.evaluations import make_evaluation


def found(*judged: list[object]) -> list[tuple[str, str]]:
    runs = {f"run-{place}": evaluations for place, evaluations in enumerate(judged)}
    return [(pair.a.id, pair.b.id) for pair in comparable_pairs(runs)]  # type: ignore[arg-type]


def test_the_newest_linear_probes_are_preferred_to_a_newer_knn() -> None:
    of_a = [
        make_evaluation("a-old"),
        make_evaluation("a-new", hours=2),
        make_evaluation("a-knn", hours=9, head=Head.KNN),
    ]
    of_b = [make_evaluation("b-linear", hours=1), make_evaluation("b-knn", hours=9, head=Head.KNN)]
    assert found(of_a, of_b) == [("a-new", "b-linear")]


def test_other_test_rows_labels_or_features_are_not_comparable() -> None:
    one = make_evaluation("one")
    for change in (
        {"dataset_digest": "e" * 64},
        {"n": 21},
        {"label_fraction": 0.1},
        {"basis": Basis.RANDOM_INIT},
        {"head": Head.MLP},
    ):
        assert found([one], [make_evaluation("other", **change)]) == []


def test_a_fine_tuned_classifier_is_compared_with_one_from_scratch() -> None:
    tuned = make_evaluation("finetune", head=Head.FINETUNE)
    scratch = make_evaluation("supervised", head=Head.SUPERVISED, basis=Basis.RANDOM_INIT)
    assert found([tuned], [scratch]) == [("finetune", "supervised")]


def test_three_runs_make_three_pairs() -> None:
    runs = [[make_evaluation(name)] for name in "abc"]
    assert found(*runs) == [("a", "b"), ("a", "c"), ("b", "c")]
