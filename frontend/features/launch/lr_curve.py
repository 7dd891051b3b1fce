"""The learning-rate schedule of a launch."""

from collections.abc import Mapping
from typing import Any

from frontend.ui.components import load_component
from shared.configs import PretrainConfig
from shared.planning.schedule import learning_rate

_CURVE = load_component(__file__)
POINTS = 160
SCHEDULE_FIELDS = frozenset("epochs warmup_epochs blr batch_size min_lr".split())
"""Fields that define the schedule."""


def draw_lr_curve(values: Mapping[str, Any], *, fits: bool) -> None:
    """Draw the schedule of these values; invalid values keep the last one, dimmed."""
    _CURVE(data=schedule(values) if fits else None, key="lr_curve")


def schedule(values: Mapping[str, Any]) -> dict[str, Any]:
    """Length, warm-up, peak, final rate and points (epoch, rate), including the end of the warm-up."""
    config = PretrainConfig.model_construct(**{name: values[name] for name in SCHEDULE_FIELDS})
    epochs = {config.epochs * i / POINTS for i in range(POINTS + 1)} | {config.warmup_epochs}
    shape = {"min_lr": config.min_lr, "warmup_epochs": config.warmup_epochs, "epochs": config.epochs}
    return {
        "epochs": config.epochs,
        "warmup": config.warmup_epochs,
        "peak": config.lr,
        "last": config.min_lr,
        "points": [(epoch, learning_rate(epoch, peak=config.lr, **shape)) for epoch in sorted(epochs)],
    }
