"""What an encoder is held against and needs no encoder: raw pixels, and the majority class."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from backend.data.label_subset import label_subset
from backend.data.layout import Rows
from backend.data.store import GalaxyStore
from backend.ml.probing.baselines import BLOCK_BYTES, raw_pixels
from backend.ml.probing.heads import LabelledSet, fit_knn, fit_logistic, fit_majority
from backend.ml.probing.judging import Judged, LabelledRows, head_facts
from backend.ml.probing.probe_cache import ProbeCache, Said
from shared.base.vocabulary import Basis, Head, Split
from shared.configs import ProbeConfig

PIXEL_HEADS = (Head.KNN, Head.LINEAR)


def probe_pixels(
    store: GalaxyStore,
    labelled: LabelledRows,
    config: ProbeConfig,
    say: Callable[[str], None],
    cache: ProbeCache,
) -> Iterator[Judged]:
    """What needs no encoder, on the label subset of the first seed: k-NN and linear probe on raw pixels."""
    say("raw pixels")
    subset = label_subset(labelled.labels[Split.TRAIN], config.label_fraction, config.seed)
    counts = np.bincount(labelled.labels[Split.TRAIN][subset], minlength=labelled.n_classes)
    pixels = PixelProbing(store, labelled, config, subset)
    drawn_by = 0 if config.label_fraction >= 1 else config.seed
    for head in PIXEL_HEADS:
        facts = head_facts(head, config) | {"label_fraction": config.label_fraction, "seed": drawn_by}
        said = cache.with_facts(weights="raw pixels", **facts).said(partial(pixels.said, head))
        yield Judged(
            Basis.RAW_PIXELS, head, config.seed, said.estimator, counts,
            labelled.predicted(Split.VAL, said.val), labelled.predicted(Split.TEST, said.test),
        )  # fmt: skip


@dataclass(frozen=True)
class PixelProbing:
    """Heads on raw pixels, which are read when a head first needs them."""

    store: GalaxyStore
    labelled: LabelledRows
    config: ProbeConfig
    subset: Rows

    def said(self, head: Head) -> Said:
        data = self._data
        if head is Head.KNN:
            fitted = fit_knn(data, self.config.knn_k, self.config.knn_temperature)
        else:
            fitted = fit_logistic(data)
        return Said(fitted.predict(data.val_x), fitted.predict(self._test), fitted.estimator)

    @cached_property
    def _data(self) -> LabelledSet:
        rows, subset = self.labelled.rows, torch.from_numpy(self.subset)
        return LabelledSet(
            self._read(rows[Split.TRAIN][self.subset]),
            self.labelled.targets(Split.TRAIN)[subset],
            self._read(rows[Split.VAL]),
            self.labelled.targets(Split.VAL),
            self.labelled.n_classes,
        )

    @cached_property
    def _test(self) -> Tensor:
        return self._read(self.labelled.rows[Split.TEST])

    def _read(self, rows: Rows) -> Tensor:
        block = max(1, BLOCK_BYTES // (self.store.img_size**2 * self.store.channels))
        return raw_pixels(self.store.images, rows, block)


def probe_majority(labelled: LabelledRows, config: ProbeConfig) -> Judged:
    """The most frequent class of the train rows learned from."""
    subset = label_subset(labelled.labels[Split.TRAIN], config.label_fraction, config.seed)
    train_y = labelled.targets(Split.TRAIN)[torch.from_numpy(subset)]
    fitted = fit_majority(train_y, labelled.n_classes)
    val, test = (
        labelled.predicted(split, fitted.predict(labelled.targets(split)))
        for split in (Split.VAL, Split.TEST)
    )
    counts = np.bincount(train_y.numpy(), minlength=labelled.n_classes)
    return Judged(Basis.MAJORITY, None, config.seed, fitted.estimator, counts, val, test)
