"""The embeddings that are in the cache of features, as vectors."""

from collections.abc import Sequence
from pathlib import Path

from backend.data.feature_files import read_features
from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.search.vectors import Features, Vectors, standard_of, standardised, train_rows


def kept_vectors(files: Sequence[str], store: GalaxyStore, home: Path) -> Vectors:
    """Vectors (N, D) of length 1 from files that stand side by side. Raises DataError where one is gone."""
    parts: list[Features] = []
    for file in files:
        part = read_features(home / "cache" / "features" / file, store.n)
        if part is None:
            raise DataError(
                "not_embedded",
                "the embeddings are no longer in the cache; embed it again",
                "dataset",
            )
        parts.append(part)
    return standardised(parts, *standard_of(parts, train_rows(store.splits)))
