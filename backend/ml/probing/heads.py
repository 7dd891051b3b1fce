"""Heads on frozen features: fitted on train rows, selected on validation, predicting probabilities.

Shapes: N galaxies, D features (or L patches of D), K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backend.ml.probing.probe import knn_votes, standardise_features, standardised_probe

Probabilities = NDArray[np.float64]
Learned = Callable[[int, float], None]
"""Called with (epoch, balanced accuracy on validation) during training; may raise to cancel."""


@dataclass(frozen=True)
class LabelledSet:
    """The data of a head: features of train and validation rows, with their classes (N,) int64."""

    train_x: Tensor
    train_y: Tensor
    val_x: Tensor
    val_y: Tensor
    n_classes: int


@dataclass(frozen=True)
class FittedHead:
    """`predict` maps features to probabilities (N, K); `estimator` describes the head, with what validation
    selected."""

    predict: Callable[[Tensor], Probabilities]
    estimator: str


def fit_knn(data: LabelledSet, k: int, temperature: float) -> FittedHead:
    """Cosine k-NN on features standardised by train; probabilities are shares of the votes exp(cos/T)."""
    (gallery,) = standardise_features(data.train_x)

    def predict(x: Tensor) -> Probabilities:
        _, queries = standardise_features(data.train_x, x)
        votes = knn_votes(gallery, data.train_y, queries, k, temperature, data.n_classes)
        return shares(votes)

    words = f"{min(k, len(data.train_x))}-NN, cosine, votes exp(cos/{temperature:g}), standardised by train"
    return FittedHead(predict, words)


def fit_logistic(data: LabelledSet) -> FittedHead:
    """Multinomial logistic regression on features standardised by train, λ chosen on validation."""
    train_x, val_x = standardise_features(data.train_x, data.val_x)
    probe = standardised_probe(train_x, data.train_y, val_x, data.val_y, data.n_classes)

    def predict(x: Tensor) -> Probabilities:
        _, features = standardise_features(data.train_x, x)
        return softmax(torch.addmm(probe.bias, features, probe.weight))

    words = "multinomial logistic regression by L-BFGS, standardised by train"
    return FittedHead(predict, f"{words}, λ {probe.penalty:g} of validation")


def fit_majority(train_y: Tensor, n_classes: int) -> FittedHead:
    """Shares of the classes among train rows, for any input; the first of the most frequent wins."""
    counts = torch.bincount(train_y, minlength=n_classes)
    row = shares(counts[None].float())

    def predict(x: Tensor) -> Probabilities:
        return np.repeat(row, len(x), axis=0)

    return FittedHead(predict, "the most frequent class of the train rows")


def softmax(logits: Tensor) -> Probabilities:
    """Probabilities (N, K) of logits, float64."""
    return np.asarray(logits.double().softmax(dim=1).numpy())


def shares(votes: Tensor) -> Probabilities:
    """Votes (N, K) over their sum, float64."""
    counted = votes.double()
    return np.asarray((counted / counted.sum(dim=1, keepdim=True)).numpy())
