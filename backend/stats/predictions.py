"""Predictions of a classifier for each galaxy, stored so that every page can query them."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.files import write_atomic

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """Galaxies (N,) of a dataset: row, split (codes of shared.contract.datasets.SPLIT_CODES), true class, and
    probabilities (N, K)."""

    row: Rows
    split: NDArray[np.uint8]
    true: Rows
    probabilities: NDArray[np.float64]
    predicted: Rows

    @classmethod
    def of(cls, row: Rows, split: int, true: Rows, probabilities: NDArray[np.float64]) -> "Predictions":
        """The most probable class is predicted, the first of equals."""
        codes = np.full(len(row), split, np.uint8)
        return cls(row, codes, true.astype(np.int64), probabilities, probabilities.argmax(1).astype(np.int64))

    def where(self, keep: NDArray[np.bool_] | Rows) -> "Predictions":
        """The selection by a mask or by places, in that order."""
        return Predictions(
            self.row[keep], self.split[keep], self.true[keep], self.probabilities[keep], self.predicted[keep]
        )

    def save(self, path: Path) -> None:
        """Write a compressed .npz; probabilities are rounded to float16, predicted classes are not
        recomputed."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            row=self.row,
            split=self.split,
            true=self.true.astype(np.int16),
            predicted=self.predicted.astype(np.int16),
            probabilities=self.probabilities.astype(np.float16),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, buffer.getvalue())


def joined(parts: list[Predictions]) -> Predictions:
    """The parts, concatenated."""
    names = "row", "split", "true", "probabilities", "predicted"
    return Predictions(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def load_predictions(path: Path) -> Predictions:
    """Read what `save` wrote. Raises FileNotFoundError."""
    with np.load(path, allow_pickle=False) as stored:
        return Predictions(
            stored["row"].astype(np.int64),
            stored["split"],
            stored["true"].astype(np.int64),
            stored["probabilities"].astype(np.float64),
            stored["predicted"].astype(np.int64),
        )
