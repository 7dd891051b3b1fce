"""k-NN, linear probe, effective rank, raw pixels: hand-worked answers and known limits."""

import math

import numpy as np
import pytest
import torch

from backend.ml.probing.baselines import majority_class, raw_pixel_baselines, raw_pixels
from backend.ml.probing.probe import (
    PENALTIES,
    accuracy,
    balanced_accuracy,
    fit_linear,
    knn_votes,
    linear_probe,
    rankme,
    standardise_features,
)
from backend.ml.runtime.contracts import Labels


def knn_predict(
    gallery: torch.Tensor,
    labels: torch.Tensor,
    queries: torch.Tensor,
    k: int,
    temperature: float,
    classes: int,
) -> Labels:
    return knn_votes(gallery, labels, queries, k, temperature, classes).argmax(dim=1).numpy()


def two_clouds(n: int, seed: int, shift: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 2
    features = torch.randn(n, 6, generator=generator)
    features[:, 0] += shift * (2 * labels - 1)
    return features, labels


def test_one_close_neighbour_outvotes_two_far_ones_when_the_temperature_is_low() -> None:
    # From the query (1, 0): class 0 at 0°, cos 1; class 1 twice at 60°, cos 0.5.
    gallery = torch.tensor([[2.0, 0.0], [0.5, math.sqrt(0.75)], [0.5, -math.sqrt(0.75)]])
    labels, query = torch.tensor([0, 1, 1]), torch.tensor([[1.0, 0.0]])
    # exp(1/T) against 2 exp(0.5/T): equal at T = 0.5 / ln 2 = 0.7213.
    assert knn_predict(gallery, labels, query, 3, 0.72, 2).tolist() == [0]
    assert knn_predict(gallery, labels, query, 3, 0.73, 2).tolist() == [1]
    assert knn_predict(gallery, labels, query, 1, 100.0, 2).tolist() == [0]


def test_knn_finds_a_galaxy_of_the_gallery_itself() -> None:
    features, labels = torch.randn(30, 8), torch.arange(30)
    assert accuracy(labels.numpy(), knn_predict(features, labels, features, 5, 0.07, 30)) == 1.0


def test_knn_with_a_small_gallery_uses_all_of_it() -> None:
    features, labels = two_clouds(10, seed=0, shift=5)
    assert accuracy(labels.numpy(), knn_predict(features, labels, features, 500, 0.07, 2)) == 1.0


def test_a_tiny_temperature_does_not_overflow() -> None:
    features, labels = two_clouds(20, seed=0)
    nearest = knn_predict(features, labels, features, 20, 1e-4, 2)
    assert accuracy(labels.numpy(), nearest) == 1.0


def test_features_are_standardised_by_train_alone() -> None:
    train, other = standardise_features(torch.tensor([[1.0, 7.0], [3.0, 7.0]]), torch.tensor([[5.0, 9.0]]))
    assert train.tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert other.tolist() == [[3.0, 0.0]]  # the constant feature says nothing


def test_the_linear_fit_meets_the_condition_of_its_optimum() -> None:
    x, y = two_clouds(200, seed=1, shift=0.7)
    penalty = 0.03
    weights = fit_linear(x, y, penalty, torch.zeros(7, 2), max_iter=200)
    residual = (x @ weights[:-1] + weights[-1]).softmax(1) - torch.nn.functional.one_hot(y, 2)
    gradient = x.T @ residual / len(x) + penalty * weights[:-1]
    assert gradient.abs().max() < 1e-4
    assert residual.mean(0).abs().max() < 1e-4  # the bias is not penalised


def test_the_linear_probe_finds_separable_classes_and_repeats_itself() -> None:
    train, val = two_clouds(200, seed=1, shift=3), two_clouds(80, seed=2, shift=3)
    first, second = (linear_probe(*train, *val, 2) for _ in range(2))
    assert first.balanced_accuracy > 0.97
    assert first.penalty in PENALTIES
    assert torch.equal(first.weight, second.weight)


def test_the_linear_probe_does_not_mind_the_scale_of_features() -> None:
    (train_x, train_y), (val_x, val_y) = two_clouds(120, seed=1, shift=1), two_clouds(80, seed=2, shift=1)
    scale, shift = torch.logspace(-3, 3, 6), torch.linspace(-50, 50, 6)
    plain = linear_probe(train_x, train_y, val_x, val_y, 2)
    rescaled = linear_probe(train_x * scale + shift, train_y, val_x * scale + shift, val_y, 2)
    assert rescaled.accuracy == pytest.approx(plain.accuracy, abs=0.03)


def test_permuted_labels_give_chance() -> None:
    (train_x, train_y), (val_x, val_y) = two_clouds(1000, seed=1, shift=3), two_clouds(1000, seed=2, shift=3)
    shuffled = train_y[torch.randperm(1000, generator=torch.Generator().manual_seed(3))]
    four_sigma = 4 * math.sqrt(0.25 / 1000)
    # λ is chosen on validation, and the direction of a chance fit is shared by all rows: leave it its room.
    assert linear_probe(train_x, shuffled, val_x, val_y, 2).accuracy < 0.5 + 3 * four_sigma
    nearest = knn_predict(train_x, shuffled, val_x, 20, 0.07, 2)
    assert accuracy(val_y.numpy(), nearest) == pytest.approx(0.5, abs=2 * four_sigma)


def test_balanced_accuracy_weighs_every_class_alike() -> None:
    true, predicted = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 0, 1])
    assert accuracy(true, predicted) == pytest.approx(5 / 6)
    assert balanced_accuracy(true, predicted) == pytest.approx((1 + 0.5) / 2)


@pytest.mark.parametrize(
    ("spectrum", "rank"),
    [([1, 1, 1, 1], 4.0), ([1, 0, 0, 0], 1.0), ([3, 1, 0, 0], 4 / 3**0.75), ([2, 2, 0, 0], 2.0)],
)
def test_rankme_of_a_known_spectrum(spectrum: list[float], rank: float) -> None:
    left = torch.linalg.qr(torch.randn(50, 4)).Q
    right = torch.linalg.qr(torch.randn(4, 4)).Q
    assert rankme(left @ torch.diag(torch.tensor(spectrum, dtype=torch.float32)) @ right) == pytest.approx(
        rank, rel=1e-4
    )


def pixels_of(images: np.ndarray) -> torch.Tensor:
    return raw_pixels(lambda rows: images[rows], np.arange(len(images)))


def test_raw_pixels_are_area_averages() -> None:
    image = np.zeros((1, 64, 64, 1), np.uint8)
    image[0, 0, 0, 0] = 204  # 0.8 in one of four pixels
    assert pixels_of(image)[0, 0].item() == pytest.approx(0.2)
    assert pixels_of(image).shape == (1, 32 * 32)
    assert pixels_of(image[:, :16, :16]).shape == (1, 16 * 16)  # never enlarged


def test_pixels_are_the_same_however_many_are_read_at_once() -> None:
    images = np.random.default_rng(0).integers(0, 256, (23, 48, 48, 3), dtype=np.uint8)
    asked: list[int] = []

    def read(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return images[rows]

    rows = np.array([3, 22, 0, 7, 7, 19, 1])
    assert torch.equal(raw_pixels(read, rows, block=3), pixels_of(images)[torch.from_numpy(rows)])
    assert asked == [3, 3, 1]
    assert raw_pixels(read, rows[:0]).shape == (0, 32 * 32 * 3)


def test_the_majority_is_that_of_train_and_judged_on_validation() -> None:
    rng = np.random.default_rng(0)
    train, val = (rng.integers(0, 256, (n, 8, 8, 3), dtype=np.uint8) for n in (40, 10))
    train_labels, val_labels = np.array([2] * 20 + [0] * 10 + [1] * 10), np.array([2] * 3 + [0] * 6 + [-1])
    figures = raw_pixel_baselines(pixels_of(train), train_labels, pixels_of(val), val_labels, 3)
    assert majority_class(train_labels) == 2
    assert figures["majority_accuracy"] == pytest.approx(3 / 9)
    assert figures["majority_balanced_accuracy"] == pytest.approx(1 / 2)
    assert set(figures) == {
        f"{name}_{kind}"
        for name in ("majority", "raw_pixel_knn", "raw_pixel_linear")
        for kind in ("accuracy", "balanced_accuracy")
    }


def test_raw_pixels_tell_bright_from_dark() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = (rng.integers(0, 40, (60, 16, 16, 1)) + 120 * labels[:, None, None, None]).astype(np.uint8)
    pixels = pixels_of(images)
    figures = raw_pixel_baselines(pixels[:40], labels[:40], pixels[40:], labels[40:], 2)
    assert figures["raw_pixel_knn_accuracy"] == figures["raw_pixel_linear_accuracy"] == 1.0


def test_nearest_neighbours_do_not_depend_on_how_many_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = torch.randn(90, 6), torch.randint(0, 3, (90,))
    whole = knn_predict(features, labels, features, 5, 0.07, 3)
    monkeypatch.setattr("backend.ml.probing.probe.QUERY_BLOCK", 7)
    assert np.array_equal(knn_predict(features, labels, features, 5, 0.07, 3), whole)
