"""How much a frozen encoder knows: k-nearest neighbours, a linear probe, and the effective rank.

Shapes: N galaxies, D features, K classes. Everything is float32 on the CPU and deterministic.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from backend.ml.runtime.contracts import Labels

QUERY_BLOCK = 512
PENALTIES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)


@dataclass(frozen=True)
class ProbeResult:
    """Validation predictions (N,) of the penalty λ selected there, weight (D, K) and bias (K,) for
    standardised features, and the accuracies."""

    predicted: Labels
    accuracy: float
    balanced_accuracy: float
    penalty: float
    weight: Tensor
    bias: Tensor


def accuracy(true: Labels, predicted: Labels) -> float:
    """Share of galaxies assigned their own class."""
    return float(np.mean(true == predicted))


def balanced_accuracy(true: Labels, predicted: Labels) -> float:
    """Mean recall over the classes present in `true`."""
    return float(np.mean([np.mean(predicted[true == label] == label) for label in np.unique(true)]))


def can_be_probed(train_labels: Labels, val_labels: Labels) -> bool:
    """Whether train rows have two classes, and a validation row has a label."""
    return len(np.unique(train_labels[train_labels >= 0])) >= 2 and bool((val_labels >= 0).any())


def standardise_features(train: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
    """`train` (N, D) and `others`, less the mean of `train` and over its standard deviation; a constant
    feature becomes 0."""
    mean, std = train.mean(dim=0), train.std(dim=0, correction=0)
    scale = torch.where(std > 1e-6, 1.0 / std.clamp_min(1e-6), torch.zeros_like(std))
    return tuple((features - mean).mul_(scale) for features in (train, *others))


def knn_votes(
    gallery: Tensor,
    gallery_labels: Tensor,
    queries: Tensor,
    k: int,
    temperature: float,
    n_classes: int,
) -> Tensor:
    """Votes (M, K) of each query (M, D), with weight exp((cos − 1)/T), of its k nearest of the gallery (N, D)
    by cosine, or all of a smaller gallery. Features must be standardised. Neither a second gallery nor all
    M · N cosines are in memory at once."""
    k = min(k, len(gallery))
    lengths = gallery.norm(dim=1).clamp_min(1e-12)  # (N,)
    votes = torch.zeros(len(queries), n_classes)
    for start in range(0, len(queries), QUERY_BLOCK):
        block = functional.normalize(queries[start : start + QUERY_BLOCK], dim=1)
        similarity = (block @ gallery.T).div_(lengths)  # (m, N)
        cosine, nearest = similarity.topk(k, dim=1)  # (m, k)
        # exp((cos − 1)/T) ranks as exp(cos/T) does and cannot overflow at a small T.
        weights = ((cosine - 1.0) / temperature).exp()
        votes[start : start + len(block)].scatter_add_(1, gallery_labels[nearest], weights)
    return votes


def fit_linear(x: Tensor, y: Tensor, penalty: float, start: Tensor, max_iter: int = 60) -> Tensor:
    """Weights (D + 1, K), the bias last, that minimise mean cross-entropy + λ/2 · ‖weight‖², by L-BFGS from
    `start`."""
    parameters = start.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS(
        [parameters], max_iter=max_iter, history_size=10, line_search_fn="strong_wolfe", tolerance_grad=1e-5
    )

    def objective() -> Tensor:
        optimizer.zero_grad()
        logits = torch.addmm(parameters[-1], x, parameters[:-1])
        loss = functional.cross_entropy(logits, y) + 0.5 * penalty * parameters[:-1].square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(objective)  # type: ignore[no-untyped-call]
    return parameters.detach()


def linear_probe(
    train_x: Tensor, train_y: Tensor, val_x: Tensor, val_y: Tensor, n_classes: int
) -> ProbeResult:
    """`standardised_probe` on features standardised by train."""
    train_x, val_x = standardise_features(train_x, val_x)
    return standardised_probe(train_x, train_y, val_x, val_y, n_classes)


def standardised_probe(
    train_x: Tensor, train_y: Tensor, val_x: Tensor, val_y: Tensor, n_classes: int
) -> ProbeResult:
    """Multinomial logistic regression on standardised features; λ is selected by balanced accuracy on
    validation, the largest of equals. Each λ starts from the solution of the next larger one, so the whole
    path costs little more than its end."""
    parameters = torch.zeros(train_x.shape[1] + 1, n_classes)
    truth = val_y.numpy()
    best: ProbeResult | None = None
    for penalty in PENALTIES:
        parameters = fit_linear(train_x, train_y, penalty, parameters)
        predicted = torch.addmm(parameters[-1], val_x, parameters[:-1]).argmax(dim=1).numpy()
        balanced = balanced_accuracy(truth, predicted)
        if best is None or balanced > best.balanced_accuracy:
            best = ProbeResult(
                predicted, accuracy(truth, predicted), balanced, penalty, parameters[:-1], parameters[-1]
            )
    if best is None:
        raise ValueError("a linear probe needs at least one penalty: PENALTIES is empty")
    return best


def rankme(features: Tensor) -> float:
    """Effective rank of features (N, D): exp of the entropy of the singular values over their sum.

    Garrido et al. 2023, arXiv:2210.02885. 1 is a collapse to one direction, D uses all of them.
    """
    singular = torch.linalg.svdvals(features.double())
    share = singular / singular.sum()
    share = share[share > 1e-12]
    return float((-(share * share.log()).sum()).exp())
