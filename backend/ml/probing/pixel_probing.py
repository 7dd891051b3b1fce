"""The baselines of a probe that need no encoder: raw pixels, and the majority class."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from backend.data.layout import Rows
from backend.data.splits import label_subset
from backend.data.store import GalaxyStore
from backend.ml.probing.baselines import stored_pixels
from backend.ml.probing.heads import LabelledSet, fit_knn, fit_logistic, fit_majority
from backend.ml.probing.judging import HeadResult, LabelledRows, head_facts
from backend.ml.probing.probe_cache import HeadPredictions, ProbeCache
from shared.base.vocabulary import Basis, Head, Split
from shared.configs import ProbeConfig

PIXEL_HEADS = (Head.KNN, Head.LINEAR)


def probe_pixels(
    store: GalaxyStore,
    labelled: LabelledRows,
    config: ProbeConfig,
    say: Callable[[str], None],
    cache: ProbeCache,
) -> Iterator[HeadResult]:
    """k-NN and linear probe on raw pixels, on the label subset of the first seed."""
    say("raw pixels")
    subset = label_subset(labelled.labels[Split.TRAIN], config.label_fraction, config.seed)
    counts = np.bincount(labelled.labels[Split.TRAIN][subset], minlength=labelled.n_classes)
    pixels = PixelProbing(store, labelled, config, subset)
    drawn_by = 0 if config.label_fraction >= 1 else config.seed
    for head in PIXEL_HEADS:
        facts = head_facts(head, config) | {"label_fraction": config.label_fraction, "seed": drawn_by}
        answers = cache.with_facts(weights="raw pixels", **facts).predictions(partial(pixels.predict, head))
        yield HeadResult(
            Basis.RAW_PIXELS, head, config.seed, answers.estimator, counts,
            labelled.predicted(Split.VAL, answers.val), labelled.predicted(Split.TEST, answers.test),
        )  # fmt: skip


@dataclass(frozen=True)
class PixelProbing:
    """Heads on raw pixels, which are read on first use."""

    store: GalaxyStore
    labelled: LabelledRows
    config: ProbeConfig
    subset: Rows

    def predict(self, head: Head) -> HeadPredictions:
        data, config = self._data, self.config
        knn = head is Head.KNN
        fitted = fit_knn(data, config.knn_k, config.knn_temperature) if knn else fit_logistic(data)
        return HeadPredictions(fitted.predict(data.val_x), fitted.predict(self._test), fitted.estimator)

    @cached_property
    def _data(self) -> LabelledSet:
        rows, subset = self.labelled.rows, torch.from_numpy(self.subset)
        return LabelledSet(
            stored_pixels(self.store, rows[Split.TRAIN][self.subset]),
            self.labelled.targets(Split.TRAIN)[subset],
            stored_pixels(self.store, rows[Split.VAL]),
            self.labelled.targets(Split.VAL),
            self.labelled.n_classes,
        )

    @cached_property
    def _test(self) -> Tensor:
        return stored_pixels(self.store, self.labelled.rows[Split.TEST])


def probe_majority(labelled: LabelledRows, config: ProbeConfig) -> HeadResult:
    """The most frequent class of the train rows used."""
    subset = label_subset(labelled.labels[Split.TRAIN], config.label_fraction, config.seed)
    train_y = labelled.targets(Split.TRAIN)[torch.from_numpy(subset)]
    fitted = fit_majority(train_y, labelled.n_classes)
    held_out = Split.VAL, Split.TEST
    val, test = (labelled.predicted(each, fitted.predict(labelled.targets(each))) for each in held_out)
    counts = np.bincount(train_y.numpy(), minlength=labelled.n_classes)
    return HeadResult(Basis.MAJORITY, None, config.seed, fitted.estimator, counts, val, test)
