"""The MAE paper's linear probe: BatchNorm without affine parameters, then a Linear, trained with LARS.

He et al. 2022, arXiv:2111.06377, A.1: no weight decay, momentum 0.9, lr = base lr · batch/256, 90 epochs with
10 of warm-up, half a cosine to 0, the weights of the last epoch. Different here: features are cached, so
images are not augmented; the batch is 256, not 16,384; and the base lr, 0.1 there, is selected on validation.
LARS moves a weight by a share of its own length, set by lr: 90 epochs of some thousand galaxies at 0.1 barely
move the initial weights, unlike 1.28 million images.

Shapes: N galaxies, D features, K classes, R base lrs.
"""

from collections.abc import Iterator

import torch
from timm.optim.lars import Lars
from torch import Tensor, nn
from torch.nn import functional

from backend.ml.probing.heads import FittedHead, LabelledSet, Learned, Probabilities, softmax
from backend.ml.probing.probe import balanced_accuracy
from backend.ml.probing.trained_heads import epoch_batches
from shared.planning.schedule import learning_rate

BASE_LRS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Up to 0.1 · 1.28 M / 4,000: with these, 4,000 galaxies move the weights as far as ImageNet does at 0.1."""
EPOCHS, WARMUP_EPOCHS = 90, 10
BATCH, LR_BATCH = 256, 256
MOMENTUM, INIT_STD, NORM_EPS = 0.9, 0.01, 1e-6


class LarsProbe(nn.Module):
    """Features (N, D) → logits (R, N, K): a Linear for each base lr, all with the same initial weights, on
    features standardised by one BatchNorm."""

    def __init__(self, width: int, n_classes: int) -> None:
        super().__init__()
        first = nn.init.trunc_normal_(torch.empty(n_classes, width), std=INIT_STD)
        # A cumulative average: with few batches, a running one would still be near its initial 0 and 1.
        self.norm = nn.BatchNorm1d(width, eps=NORM_EPS, momentum=None, affine=False)
        self.linears = nn.ModuleList(nn.Linear(width, n_classes) for _ in BASE_LRS)
        for linear in self._heads():
            linear.weight.data.copy_(first)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        standard = self.norm(x)
        return torch.stack([linear(standard) for linear in self.linears])

    def optimizer(self) -> Lars:
        """LARS for weights, plain momentum for biases, as in the paper's code."""
        groups = []
        for base, linear in zip(BASE_LRS, self._heads(), strict=True):
            groups.append({"params": [linear.weight], "base": base, "always_adapt": True})
            groups.append({"params": [linear.bias], "base": base, "always_adapt": False})
        return Lars(groups, lr=0.0, momentum=MOMENTUM, weight_decay=0.0)

    def _heads(self) -> Iterator[nn.Linear]:
        return (linear for linear in self.linears if isinstance(linear, nn.Linear))


def fit_lars(data: LabelledSet, seed: int, learned: Learned) -> FittedHead:
    """The last epoch's Linear of the base lr that is best on validation, the smallest of equals."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = LarsProbe(data.train_x.shape[1], data.n_classes)
        figures = _train(net, data, seed, learned)
    best = figures.index(max(figures))

    def predict(x: Tensor) -> Probabilities:
        return softmax(_logits(net, x)[best])

    recipe = f"linear on BatchNorm (no affine), LARS, {EPOCHS} epochs, weights of the last"
    chosen = f"base lr {BASE_LRS[best]:g} of validation (the MAE paper's recipe, on cached features)"
    return FittedHead(predict, f"{recipe}, {chosen}, seed {seed}")


def _train(net: LarsProbe, data: LabelledSet, seed: int, learned: Learned) -> list[float]:
    """Balanced accuracy on validation of each base lr after the last epoch; `learned` gets the best of each
    epoch."""
    optimizer, size = net.optimizer(), min(BATCH, len(data.train_y))
    truth, figures = data.val_y.numpy(), [0.0]
    for epoch in range(EPOCHS):
        net.train()
        batches = list(epoch_batches(len(data.train_y), seed, epoch, size))[: len(data.train_y) // size]
        for place, batch in enumerate(batches):
            set_rates(optimizer, epoch + place / len(batches), size)
            optimizer.zero_grad()
            logits, target = net(data.train_x[batch]), data.train_y[batch]
            # The sum of the mean cross-entropies: the Linears do not interact.
            loss = functional.cross_entropy(logits.flatten(0, 1), target.repeat(len(logits))) * len(logits)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()  # type: ignore[no-untyped-call]
        predicted = _logits(net, data.val_x).argmax(dim=2).numpy()
        figures = [balanced_accuracy(truth, of_one) for of_one in predicted]
        learned(epoch + 1, max(figures))
    return figures


def set_rates(optimizer: Lars, epoch: float, batch_size: int) -> None:
    """Set each base lr by the schedule at this fractional epoch."""
    for group in optimizer.param_groups:
        peak = group["base"] * batch_size / LR_BATCH
        group["lr"] = learning_rate(epoch, peak=peak, min_lr=0.0, warmup_epochs=WARMUP_EPOCHS, epochs=EPOCHS)


@torch.no_grad()
def _logits(net: LarsProbe, x: Tensor) -> Tensor:
    net.eval()
    logits: Tensor = net(x)
    return logits
