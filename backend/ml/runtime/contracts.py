"""What a training is given, how it talks to whoever runs it, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class ProbeData:
    """The galaxies on which frozen features are judged, uint8 (N, H, W, C) at the model's size: of the
    pretraining's dataset or of another with labels. A label of −1 means none; no test row is in it."""

    train_images: Pixels
    train_labels: Labels
    val_images: Pixels
    val_labels: Labels
    class_names: list[str]
    dataset_digest: str


@dataclass(frozen=True)
class PretrainData:
    """One dataset as a pretraining sees it, uint8 (N, H, W, C) at the model's size; no test row is in it,
    unless all rows are learned from.

    `images` are the rows whose pixels are learned from; `val_*` serve the validation loss and the samples,
    `probe` the rest of an evaluation. `channel_mean` and `channel_std` are of the train split, 0 to 1, and
    standardise the probe's images too. `to_rgb` turns (N, H, W, C) into displayable (N, H, W, 3). `labels`
    (N,) are those of `images`, −1 for none and outside the train split; None where another dataset is probed.
    """

    images: Pixels
    val_images: Pixels
    val_rows: Labels
    channel_mean: list[float]
    channel_std: list[float]
    dataset_digest: str
    to_rgb: Callable[[Pixels], Pixels]
    probe: ProbeData
    labels: Labels | None = None


class Standard(Protocol):
    """What images are standardised by, a value a band for pixels from 0 to 1."""

    @property
    def channel_mean(self) -> list[float]: ...

    @property
    def channel_std(self) -> list[float]: ...


@dataclass(frozen=True)
class ClassifierData:
    """Labelled images of one dataset, uint8 (N, H, W, C) at the model's size, labels (N,) int64; no test row
    is in it. `channel_mean` and `channel_std` as the encoder was pretrained with."""

    images: Pixels
    labels: Labels
    val_images: Pixels
    val_labels: Labels
    class_names: list[str]
    channel_mean: list[float]
    channel_std: list[float]
    dataset_digest: str


class RunIO(Protocol):
    """The run directory as training sees it."""

    def log(self, step: int, epoch: float, values: Mapping[str, float]) -> None:
        """Append one line of metrics; values need not be finite."""

    def heartbeat(
        self,
        step: int,
        total_steps: int,
        epoch: float,
        images_per_s: float | None,
        eta_s: float | None,
        message: str,
    ) -> None:
        """Say that the run is alive and how far it is."""

    def request(self) -> str | None:
        """What was asked since the last call: stop, pause, checkpoint, sample, or None. Cheap."""

    def note(self, event: str, **fields: Any) -> None:
        """Append an event between the metrics, such as resumed."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended; `images_per_s` counts everything, evaluations included."""

    outcome: Literal["succeeded", "paused", "cancelled", "failed"]
    reason: str | None
    step: int
    suggestion: str | None = None
    images_per_s: float | None = None
