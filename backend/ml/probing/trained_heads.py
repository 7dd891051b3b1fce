"""Heads trained by gradient descent: a small MLP on pooled features, attention pooling over patch tokens.

Both stop early by balanced accuracy on validation, keep the weights of the best epoch, and are reproducible
by seed."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from backend.ml.probing.heads import FittedHead, LabelledSet, Learned, Probabilities, softmax
from backend.ml.probing.probe import balanced_accuracy, standardise_features

BATCH = 128
LR, WEIGHT_DECAY, DROPOUT = 1e-3, 1e-2, 0.2
MAX_EPOCHS, PATIENCE = 50, 8
POOLING_HEADS = 4
PREDICT_AT_ONCE = 1024


class AttentivePooling(nn.Module):
    """Patch tokens (N, L, D), standardised → logits (N, K): learned queries weight the tokens, a Linear reads
    the sums.

    With one query per head, keys and values are redundant: softmax(q · W_k x) is softmax(u · x) with u = W_kᵀ
    q, and W_v merges with the Linear behind it. So this is multi-head attention pooling for two thin
    products."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, std: Tensor, n_classes: int, heads: int = POOLING_HEADS) -> None:
        super().__init__()
        width = len(mean)
        self.register_buffer("mean", mean)
        self.register_buffer("scale", torch.where(std > 1e-6, 1.0 / std.clamp_min(1e-6), 0.0))
        self.queries = nn.Parameter(torch.randn(width, heads) * width**-0.5)
        self.classify = nn.Linear(width * heads, n_classes)

    def forward(self, tokens: Tensor) -> Tensor:
        x = (tokens.float() - self.mean).mul_(self.scale)
        weights = (x @ self.queries).softmax(dim=1)  # (N, L, H)
        pooled = weights.transpose(1, 2) @ x  # (N, H, D)
        logits: Tensor = self.classify(functional.dropout(pooled.flatten(1), DROPOUT, self.training))
        return logits


def fit_mlp(data: LabelledSet, width: int, seed: int, learned: Learned) -> FittedHead:
    """One hidden layer of `width` units on features standardised by train."""
    train_x, val_x = standardise_features(data.train_x, data.val_x)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Linear(train_x.shape[1], width),
            nn.GELU(),
            nn.Dropout(DROPOUT),
            nn.Linear(width, data.n_classes),
        )
        standard = LabelledSet(train_x, data.train_y, val_x, data.val_y, data.n_classes)
        epoch = _train(net, standard, seed, learned)

    def predict(x: Tensor) -> Probabilities:
        _, features = standardise_features(data.train_x, x)
        return softmax(_logits(net, features))

    words = f"MLP of one hidden layer, {width} units, AdamW, epoch {epoch} of validation, seed {seed}"
    return FittedHead(predict, words)


def fit_attentive(data: LabelledSet, seed: int, learned: Learned) -> FittedHead:
    """Attention pooling over patch tokens (N, L, D), then a Linear."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = AttentivePooling(*moments(data.train_x), data.n_classes)
        epoch = _train(net, data, seed, learned)

    def predict(x: Tensor) -> Probabilities:
        return softmax(_logits(net, x))

    how = f"{POOLING_HEADS} heads, AdamW, epoch {epoch} of validation, seed {seed}"
    return FittedHead(predict, f"attention pooling over patches, {how}")


def moments(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (D,) over the tokens (N, L, D) of all images, in chunks of float32."""
    total, squares = torch.zeros(2, tokens.shape[2], dtype=torch.float64)
    for start in range(0, len(tokens), PREDICT_AT_ONCE):
        part = tokens[start : start + PREDICT_AT_ONCE].float()
        total += part.sum(dim=(0, 1))
        squares += part.square().sum(dim=(0, 1))
    n = tokens.shape[0] * tokens.shape[1]
    mean = total / n
    return mean.float(), (squares / n - mean.square()).clamp_min(0).sqrt().float()


def _train(net: nn.Module, data: LabelledSet, seed: int, learned: Learned) -> int:
    """Train `net` until validation has not improved for PATIENCE epochs; restores the weights of the best
    epoch and returns its number."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
    truth, best, best_epoch = data.val_y.numpy(), -1.0, 0
    kept = copy.deepcopy(net.state_dict())
    for epoch in range(1, MAX_EPOCHS + 1):
        net.train()
        for batch in epoch_batches(len(data.train_y), seed, epoch, BATCH):
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(data.train_x[batch]), data.train_y[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        found = balanced_accuracy(truth, _logits(net, data.val_x).argmax(dim=1).numpy())
        learned(epoch, found)
        if found > best:
            best, best_epoch, kept = found, epoch, copy.deepcopy(net.state_dict())
        elif epoch - best_epoch >= PATIENCE:
            break
    net.load_state_dict(kept)
    return best_epoch


def epoch_batches(n: int, seed: int, epoch: int, size: int) -> Iterator[Tensor]:
    """All of n places, `size` at a time, in an order of this seed and epoch; the last may be smaller."""
    generator = torch.Generator().manual_seed(1_000_003 * seed + epoch)
    order = torch.randperm(n, generator=generator)
    return (order[start : start + size] for start in range(0, n, size))


@torch.no_grad()
def _logits(net: nn.Module, x: Tensor) -> Tensor:
    net.eval()
    starts = range(0, len(x), PREDICT_AT_ONCE)
    return torch.cat([net(x[start : start + PREDICT_AT_ONCE]) for start in starts])
