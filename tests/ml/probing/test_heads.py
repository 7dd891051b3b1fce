"""Heads on frozen features: probabilities worked by hand, what each can learn, what none may claim."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier

from backend.ml.probing.heads import LabelledSet, fit_knn, fit_logistic, fit_majority
from backend.ml.probing.probe import (
    PENALTIES,
    accuracy,
    balanced_accuracy,
    fit_linear,
    standardise_features,
    standardised_probe,
)
from backend.ml.probing.trained_heads import AttentivePooling, fit_attentive, fit_mlp, moments


def silent(_epoch: int, _figure: float) -> None:
    """Nobody listens."""


def clouds(n: int, seed: int, shift: float = 1.5, n_classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % n_classes
    features = torch.randn(n, 8, generator=generator)
    features[torch.arange(n), labels] += shift
    return features, labels


def cloud_set(n: int = 300, **how: float) -> LabelledSet:
    return LabelledSet(*clouds(n, 0, **how), *clouds(120, 1, **how), 3)


def found(data: LabelledSet, probabilities: np.ndarray) -> float:
    return balanced_accuracy(data.val_y.numpy(), probabilities.argmax(1))


def test_votes_of_neighbours_become_probabilities() -> None:
    # Standardised, the train rows stand at the corners (±1, ±1); the query is (1, 0.2).
    train_x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    data = LabelledSet(train_x, torch.tensor([0, 1, 1, 1]), train_x, torch.tensor([0, 1, 1, 1]), 2)
    query = torch.tensor([[1.0, 0.2]])
    near, far = (1.2 / math.sqrt(2.08), 0.8 / math.sqrt(2.08))
    votes = math.exp(near / 0.5), math.exp(far / 0.5)
    p = fit_knn(data, 2, 0.5).predict(query)
    assert p[0] == pytest.approx([votes[0] / sum(votes), votes[1] / sum(votes)], rel=1e-5)


@pytest.fixture(scope="module")
def overlapping() -> LabelledSet:
    """Five classes of unequal size that overlap, 1,500 galaxies to learn from and as many to judge by; half
    of the 64 features repeat others or say nothing."""
    x, y = make_classification(
        3000, 64, n_informative=20, n_redundant=12, n_classes=5, weights=[0.4, 0.25, 0.2, 0.1, 0.05],
        flip_y=0.05, class_sep=1.2, random_state=0,
    )  # fmt: skip
    features, labels = torch.from_numpy(x).float(), torch.from_numpy(y)
    return LabelledSet(features[:1500], labels[:1500], features[1500:], labels[1500:], 5)


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.07), (20, 0.07), (50, 0.5)])
def test_nearest_neighbours_equal_those_of_scikit_learn(
    overlapping: LabelledSet, k: int, temperature: float
) -> None:
    data = overlapping
    train, val = (x.numpy() for x in standardise_features(data.train_x, data.val_x))
    theirs = KNeighborsClassifier(
        k, metric="cosine", algorithm="brute", weights=lambda d: np.exp((1 - d) / temperature)
    ).fit(train, data.train_y.numpy())
    ours = fit_knn(data, k, temperature).predict(data.val_x)
    assert ours == pytest.approx(theirs.predict_proba(val), abs=1e-4)
    assert np.array_equal(ours.argmax(1), theirs.predict(val))


def test_the_linear_probe_equals_scikit_learn_at_every_penalty(overlapping: LabelledSet) -> None:
    """Our mean cross-entropy + λ/2 · ‖W‖² is their C · sum + ½ · ‖W‖² at C = 1/(λ · n), divided by C · n."""
    data, weights = overlapping, torch.zeros(65, 5)
    train, val = standardise_features(data.train_x, data.val_x)
    for penalty in PENALTIES:  # each starts from the one before, as in the probe
        weights = fit_linear(train, data.train_y, penalty, weights)
        ours = torch.addmm(weights[-1], val, weights[:-1]).softmax(1).numpy()
        theirs = LogisticRegression(C=1 / (penalty * len(train)), tol=1e-8, max_iter=5000)
        theirs.fit(train.double().numpy(), data.train_y.numpy())
        expected = theirs.predict_proba(val.double().numpy())
        truth = data.val_y.numpy()
        assert accuracy(truth, ours.argmax(1)) == pytest.approx(accuracy(truth, expected.argmax(1)), abs=3e-3)
        assert ours == pytest.approx(expected, abs=1e-2)
        assert np.abs(ours - expected).mean() < 1e-3


def test_the_probe_chosen_on_validation_is_that_penalty_of_scikit_learn(overlapping: LabelledSet) -> None:
    data = overlapping
    train, val = standardise_features(data.train_x, data.val_x)
    probe = standardised_probe(train, data.train_y, val, data.val_y, 5)
    theirs = LogisticRegression(C=1 / (probe.penalty * len(train)), tol=1e-8, max_iter=5000)
    expected = theirs.fit(train.double().numpy(), data.train_y.numpy()).predict(val.double().numpy())
    truth = data.val_y.numpy()
    assert 0.5 < probe.accuracy < 0.9
    assert probe.accuracy == pytest.approx(accuracy(truth, expected), abs=3e-3)
    assert probe.balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, expected), abs=6e-3)


def test_probabilities_sum_to_one_and_name_the_estimator() -> None:
    data = cloud_set()
    for head in (fit_knn(data, 5, 0.07), fit_logistic(data), fit_mlp(data, 16, 0, silent)):
        p = head.predict(data.val_x)
        assert p.shape == (120, 3)
        assert p.sum(1) == pytest.approx(1)
        assert found(data, p) > 0.6
    assert "λ" in fit_logistic(data).estimator
    assert (
        fit_majority(torch.tensor([2, 1, 2]), 3).predict(torch.zeros(2, 1)).tolist()
        == [[0, 1 / 3, 2 / 3]] * 2
    )


def exclusive(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Exclusive or of the signs of two features."""
    x = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))
    return x, ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()


def test_an_mlp_learns_what_no_linear_head_can() -> None:
    data = LabelledSet(*exclusive(800, 0), *exclusive(300, 1), 2)
    assert found(data, fit_logistic(data).predict(data.val_x)) < 0.65
    assert found(data, fit_mlp(data, 32, 0, silent).predict(data.val_x)) > 0.9


def test_permuted_labels_give_chance() -> None:
    data = cloud_set(n=600)
    order = torch.randperm(600, generator=torch.Generator().manual_seed(0))
    permuted = LabelledSet(data.train_x, data.train_y[order], data.val_x, data.val_y, 3)
    for head in (fit_knn(permuted, 20, 0.07), fit_logistic(permuted), fit_mlp(permuted, 16, 0, silent)):
        assert abs(found(data, head.predict(data.val_x)) - 1 / 3) < 0.15


def one_bright_patch(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (n, 16, 8): one of sixteen, anywhere, is marked and holds the class."""
    generator = torch.Generator().manual_seed(seed)
    tokens, labels = torch.randn(n, 16, 8, generator=generator), torch.arange(n) % 2
    place = torch.randint(0, 16, (n,), generator=generator)
    tokens[torch.arange(n), place, 0] = 6.0
    tokens[torch.arange(n), place, 1] = 2.0 * labels - 1
    return tokens.half(), labels


def test_attention_finds_the_patch_that_tells() -> None:
    data = LabelledSet(*one_bright_patch(1200, 0), *one_bright_patch(300, 1), 2)
    pooled = LabelledSet(
        data.train_x.float().mean(1), data.train_y, data.val_x.float().mean(1), data.val_y, 2
    )
    attentive = found(data, fit_attentive(data, 0, silent).predict(data.val_x))
    assert attentive > 0.95
    assert attentive > found(data, fit_logistic(pooled).predict(pooled.val_x)) + 0.1


def test_attention_does_not_depend_on_the_order_of_patches() -> None:
    tokens, _ = one_bright_patch(6, 0)
    net = AttentivePooling(*moments(tokens), 3).eval()
    order = torch.randperm(16)
    assert torch.allclose(net(tokens), net(tokens[:, order]), atol=1e-5)


def test_moments_are_those_of_all_tokens() -> None:
    tokens, _ = one_bright_patch(1500, 0)
    mean, std = moments(tokens)
    flat = tokens.float().flatten(0, 1)
    assert torch.allclose(mean, flat.mean(0), atol=1e-4)
    assert torch.allclose(std, flat.std(0), atol=1e-4)


def test_a_seed_repeats_and_another_differs() -> None:
    data = cloud_set(shift=0.7)
    before = torch.get_rng_state()
    one, again, other = (fit_mlp(data, 16, seed, silent).predict(data.val_x) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_the_epoch_kept_is_the_best_on_validation() -> None:
    data, told = cloud_set(shift=0.8), []
    head = fit_mlp(data, 64, 0, lambda epoch, figure: told.append((epoch, figure)))
    best = max(figure for _, figure in told)
    first = next(epoch for epoch, figure in told if figure == best)
    assert f"epoch {first} of validation" in head.estimator
    assert found(data, head.predict(data.val_x)) == pytest.approx(best)
    assert len(told) <= first + 8
