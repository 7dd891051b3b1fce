"""Whether similar galaxies are of the same class: the encoder's features beside random init and raw pixels.

Queries are labelled validation rows, the gallery is labelled train rows; test rows are not used.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from backend.data.feature_files import EVERY_ROW
from backend.data.layout import Rows, evenly_spaced
from backend.data.store import split_rows
from backend.ml.mae.models_mae import Pooling
from backend.ml.probing.baselines import stored_pixels
from backend.ml.probing.features import FeatureSource, combined
from backend.ml.probing.probe import standardise_features
from backend.stats.retrieval import Ranking, by_class, chance, mean_interval, rank_by_class
from shared.base.vocabulary import Basis, Split
from shared.contract.search import Retrieval, SearchQuality

K = 16
MOST_QUERIES = 2_000
MOST_GALLERY = 50_000
Vectors = NDArray[np.float32]


class Progress(Protocol):
    def say(self, message: str) -> None: ...


def measure_search(
    source: FeatureSource, fresh: FeatureSource, depth: int, pooling: Pooling, progress: Progress
) -> dict[str, Any]:
    """A SearchQuality as JSON; `fresh` is the same encoder at random init."""
    store = source.store
    train, val = (split_rows(store, split, labelled_only=True) for split in (Split.TRAIN, Split.VAL))
    gallery, queries = evenly_spaced(train, MOST_GALLERY), evenly_spaced(val, MOST_QUERIES)
    labels = store.labels[gallery], store.labels[queries]
    features = combined(source.pooled(np.arange(store.n), EVERY_ROW, [depth]), depth, pooling)
    rankings = {Basis.ENCODER: _ranking(features[gallery], features[queries], *labels)}
    progress.say("features at random init")
    untrained_train = combined(fresh.pooled(train, Split.TRAIN.value, [depth]), depth, pooling)
    untrained_val = combined(fresh.pooled(val, Split.VAL.value, [depth]), depth, pooling)
    chosen = np.isin(train, gallery), np.isin(val, queries)
    rankings[Basis.RANDOM_INIT] = _ranking(untrained_train[chosen[0]], untrained_val[chosen[1]], *labels)
    progress.say("raw pixels")
    pixels = stored_pixels(store, gallery), stored_pixels(store, queries)
    rankings[Basis.RAW_PIXELS] = _ranking(*pixels, *labels)
    quality = SearchQuality(
        k=K,
        n=len(rankings[Basis.ENCODER].labels),
        gallery=len(gallery),
        chance=chance(labels[0], rankings[Basis.ENCODER].labels),
        found=[_retrieval(basis, ranking, store.class_names) for basis, ranking in rankings.items()],
    )
    return quality.model_dump(mode="json")


def _ranking(gallery: Tensor, queries: Tensor, of_gallery: Rows, of_queries: Rows) -> Ranking:
    """Features (N, D) and (Q, D) as a search compares them: standardised by the gallery, of length 1."""
    vectors = [functional.normalize(part, dim=1).numpy() for part in standardise_features(gallery, queries)]
    return rank_by_class(vectors[0], of_gallery, vectors[1], of_queries, K)


def _retrieval(basis: Basis, ranking: Ranking, names: list[str]) -> Retrieval:
    return Retrieval(
        basis=basis,
        precision=float(ranking.precision.mean()),
        precision_ci95=mean_interval(ranking.precision, ranking.labels),
        mean_average_precision=float(ranking.average_precision.mean()),
        mean_average_precision_ci95=mean_interval(ranking.average_precision, ranking.labels),
        classes=by_class(ranking, names),
    )
