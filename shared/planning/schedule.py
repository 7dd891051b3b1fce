"""The learning rate as a function of the fractional epoch; plain Python, so that a form can plot it."""

from math import cos, pi


def learning_rate(epoch: float, *, peak: float, min_lr: float, warmup_epochs: float, epochs: float) -> float:
    """Linear from 0 to `peak` over `warmup_epochs`, then half a cosine down to `min_lr` at `epochs`."""
    if epoch < warmup_epochs:
        return peak * epoch / warmup_epochs
    progress = min((epoch - warmup_epochs) / (epochs - warmup_epochs), 1.0)
    return min_lr + (peak - min_lr) * 0.5 * (1.0 + cos(pi * progress))
