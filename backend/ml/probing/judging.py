"""Evaluating one encoder: heads fitted on train rows, depth and penalties selected on validation, test rows
read last, for the selected ones only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from backend.data.layout import Rows
from backend.data.splits import label_subset
from backend.data.store import GalaxyStore, split_rows
from backend.errors import InvalidInputError
from backend.ml.mae.models_mae import Pooling
from backend.ml.probing.features import CURVES, FeatureSource, combined
from backend.ml.probing.heads import FittedHead, LabelledSet, fit_knn, fit_logistic
from backend.ml.probing.lars_probe import fit_lars
from backend.ml.probing.probe import linear_probe
from backend.ml.probing.probe_cache import HeadPredictions, ProbeCache
from backend.ml.probing.trained_heads import fit_attentive, fit_mlp
from backend.stats.predictions import Predictions
from shared.base.vocabulary import SPLIT_CODES, Basis, Head, Split
from shared.configs import ProbeConfig
from shared.contract.evaluations import DepthPoint

SEEDED = (Head.LINEAR_LARS, Head.MLP, Head.ATTENTIVE)


class ProbeIO(Protocol):
    """Where a probe reports; each call may raise to cancel."""

    def say(self, message: str) -> None:
        """The current activity."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """A point of the curves."""


@dataclass(frozen=True)
class LabelledRows:
    """The labelled rows of a dataset by split, and their classes (N,) int64."""

    rows: dict[Split, Rows]
    labels: dict[Split, Rows]
    class_names: list[str]

    @classmethod
    def of(cls, store: GalaxyStore) -> "LabelledRows":
        rows = {split: split_rows(store, split, labelled_only=True) for split in Split}
        return cls(rows, {split: store.labels[found] for split, found in rows.items()}, store.class_names)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    def targets(self, split: Split) -> Tensor:
        return torch.from_numpy(self.labels[split])

    def predicted(self, split: Split, probabilities: np.ndarray) -> Predictions:
        return Predictions.of(self.rows[split], SPLIT_CODES[split], self.labels[split], probabilities)


@dataclass(frozen=True)
class HeadResult:
    """One fitted head and its predictions of validation and test rows; it was fitted to `n_train` (K,)
    labels."""

    basis: Basis
    head: Head | None
    seed: int
    estimator: str
    n_train: Rows
    val: Predictions
    test: Predictions
    depth: int | None = None
    layers: int | None = None
    pooling: Pooling | None = None
    curve: list[DepthPoint] = field(default_factory=list)


class EncoderProbing:
    """One encoder's features and the selected depth."""

    def __init__(
        self,
        source: FeatureSource,
        labelled: LabelledRows,
        config: ProbeConfig,
        basis: Basis,
        io: ProbeIO,
        cache: ProbeCache,
    ) -> None:
        self.source, self.labelled, self.config, self.basis, self.io = source, labelled, config, basis, io
        self.cache = cache.with_facts(
            weights=source.encoder.weights_digest,
            crop=[source.encoder.config.crop_size, source.encoder.config.img_size],
            inner_norm=config.inner_norm,
            label_fraction=config.label_fraction,
        )
        layers = source.encoder.layers
        self.depths = list(range(1, layers + 1)) if config.depths == "all" else [layers]
        self.train = source.pooled(labelled.rows[Split.TRAIN], "train", self.depths)
        self.val = source.pooled(labelled.rows[Split.VAL], "val", self.depths)
        self._tokens: dict[tuple[Split, int], Tensor] = {}
        self._test: dict[int, dict[tuple[int, Pooling], Tensor]] = {}
        self._chosen: tuple[int, list[DepthPoint]] | None = None

    def results(self) -> Iterator[HeadResult]:
        """Every head and seed of the config."""
        for seed in range(self.config.seed, self.config.seed + self.config.seeds):
            yield from self.with_seed(seed)

    def with_seed(self, seed: int) -> Iterator[HeadResult]:
        """Every head on the label subset of this seed; with all labels, deterministic heads are fitted for
        the first seed only."""
        subset = label_subset(self.labelled.labels[Split.TRAIN], self.config.label_fraction, seed)
        whole, first = self.config.label_fraction >= 1, seed == self.config.seed
        if self._chosen is None or not whole:
            self._chosen = self._choose_depth(subset, 0 if whole else seed)
        for head in map(Head, self.config.heads):
            if first or not whole or head in SEEDED:
                yield self._evaluate(head, seed, subset, *self._chosen)

    def _choose_depth(self, subset: Rows, drawn_by: int) -> tuple[int, list[DepthPoint]]:
        """The depth of the best balanced accuracy of a linear probe on validation, the deepest of equals, and
        the curve; the last block if no other is configured."""
        if len(self.depths) == 1:
            return self.depths[0], []
        poolings = list(dict.fromkeys((*CURVES, self.config.pooling)))
        cache = self.cache.with_facts(curve=poolings, seed=drawn_by)
        curve = cache.curve(
            lambda: [self._point(depth, pooling, subset) for depth in self.depths for pooling in poolings]
        )
        for point in curve:
            self._log_point(point)
        own = [point for point in curve if point.pooling == self.config.pooling]
        return max(own, key=lambda point: (point.balanced_accuracy, point.depth)).depth, curve

    def _point(self, depth: int, pooling: Pooling, subset: Rows) -> DepthPoint:
        self.io.say(f"{self._words}linear probe at depth {depth}, {pooling}")
        data = self._pooled_set(depth, pooling, subset)
        probe = linear_probe(data.train_x, data.train_y, data.val_x, data.val_y, data.n_classes)
        scores = {"accuracy": probe.accuracy, "balanced_accuracy": probe.balanced_accuracy}
        point = DepthPoint(depth=depth, pooling=pooling, **scores)
        self._log_point(point)
        return point

    def _log_point(self, point: DepthPoint) -> None:
        key = self._key(f"depth_{point.pooling}")
        scores = {"accuracy": point.accuracy, "balanced_accuracy": point.balanced_accuracy}
        self.io.log(point.depth, {f"{key}_{name}": value for name, value in scores.items()})

    def _evaluate(
        self, head: Head, seed: int, subset: Rows, depth: int, curve: list[DepthPoint]
    ) -> HeadResult:
        self.io.say(f"{self._words}{head} at depth {depth}")
        if self.basis is Basis.ENCODER:
            found = self._predict(head, seed, subset, depth)
        else:
            facts = head_facts(head, self.config) | {"depth": depth, "pooling": self.pooling, "seed": seed}
            cache = self.cache.with_facts(**facts)
            found = cache.predictions(lambda: self._predict(head, seed, subset, depth))
        train_y = self.labelled.labels[Split.TRAIN][subset]
        return HeadResult(
            self.basis, head, seed, found.estimator, np.bincount(train_y, minlength=self.labelled.n_classes),
            self.labelled.predicted(Split.VAL, found.val), self.labelled.predicted(Split.TEST, found.test),
            depth, self.source.encoder.layers, None if head is Head.ATTENTIVE else self.pooling, curve,
        )  # fmt: skip

    def _predict(self, head: Head, seed: int, subset: Rows, depth: int) -> HeadPredictions:
        attentive = head is Head.ATTENTIVE
        data = self._token_set(depth, subset) if attentive else self._pooled_set(depth, self.pooling, subset)
        fitted = self._fit(head, seed, data)
        test = self._patch_tokens(Split.TEST, depth) if attentive else self._test_pooled(depth)
        return HeadPredictions(fitted.predict(data.val_x), fitted.predict(test), fitted.estimator)

    def _fit(self, head: Head, seed: int, data: LabelledSet) -> FittedHead:
        config, key = self.config, self._key(head.value)
        suffix = f"_seed{seed}" if config.seeds > 1 else ""

        def learned(epoch: int, balanced: float) -> None:
            self.io.log(epoch, {f"{key}_balanced_accuracy{suffix}": balanced})

        match head:
            case Head.KNN:
                return fit_knn(data, config.knn_k, config.knn_temperature)
            case Head.LINEAR:
                return fit_logistic(data)
            case Head.LINEAR_LARS:
                return fit_lars(data, seed, learned)
            case Head.MLP:
                return fit_mlp(data, config.mlp_width, seed, learned)
            case Head.ATTENTIVE:
                return fit_attentive(data, seed, learned)
        raise InvalidInputError("not_frozen", f"{head} trains the encoder too; choose a frozen head", "heads")

    @property
    def pooling(self) -> Pooling:
        return self.config.pooling

    @property
    def _words(self) -> str:
        return "" if self.basis is Basis.ENCODER else "random init: "

    def _key(self, name: str) -> str:
        return f"{'val' if self.basis is Basis.ENCODER else 'random_init'}/{name}"

    def _pooled_set(self, depth: int, pooling: Pooling, subset: Rows) -> LabelledSet:
        train = combined(self.train, depth, pooling)[torch.from_numpy(subset)]
        return self._set(train, combined(self.val, depth, pooling), subset)

    def _token_set(self, depth: int, subset: Rows) -> LabelledSet:
        train, val = self._patch_tokens(Split.TRAIN, depth), self._patch_tokens(Split.VAL, depth)
        if len(subset) < len(train):
            train = train[torch.from_numpy(subset)]
        return self._set(train, val, subset)

    def _patch_tokens(self, split: Split, depth: int) -> Tensor:
        if (split, depth) not in self._tokens:
            self.io.say(f"{self._words}patch tokens of {split} rows at depth {depth}")
            self._tokens[split, depth] = self.source.patch_tokens(self.labelled.rows[split], depth)
        return self._tokens[split, depth]

    def _set(self, train_x: Tensor, val_x: Tensor, subset: Rows) -> LabelledSet:
        train_y = self.labelled.targets(Split.TRAIN)[torch.from_numpy(subset)]
        return LabelledSet(train_x, train_y, val_x, self.labelled.targets(Split.VAL), self.labelled.n_classes)

    def _test_pooled(self, depth: int) -> Tensor:
        if depth not in self._test:
            self._test[depth] = self.source.pooled(self.labelled.rows[Split.TEST], "test", [depth])
        return combined(self._test[depth], depth, self.pooling)


def head_facts(head: Head, config: ProbeConfig) -> dict[str, Any]:
    """The part of the config that a head's result depends on."""
    match head:
        case Head.KNN:
            return {"head": head, "k": config.knn_k, "temperature": config.knn_temperature}
        case Head.MLP:
            return {"head": head, "width": config.mlp_width}
    return {"head": head}
