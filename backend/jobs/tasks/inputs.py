"""The datasets and cached embeddings that a spec names."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from backend.data.feature_files import read_features
from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.jobs.run_dir import Spec
from backend.search.vectors import Vectors, standard_of, standardised, train_rows


def open_store(spec: Spec, home: Path) -> GalaxyStore:
    """The dataset of the run. Raises DataError if the file is missing or has changed since it was queued."""
    return _open(home / str(spec.dataset_file), spec.dataset_digest)


def open_eval_store(spec: Spec, home: Path) -> AbstractContextManager[GalaxyStore | None]:
    """The eval_dataset of the run, or None without one. Raises as open_store does."""
    if spec.eval_dataset_file is None:
        return nullcontext()
    return _open(home / spec.eval_dataset_file, spec.eval_dataset_digest)


def _open(path: Path, digest: str | None) -> GalaxyStore:
    store = GalaxyStore.open(path)
    if store.digest != digest:
        store.close()
        raise DataError(
            "dataset_changed",
            f"{path.name} has changed since this run was queued ({store.digest[:12]} instead of "
            f"{str(digest)[:12]}); launch a new run on it",
        )
    return store


def cached_vectors(files: Sequence[str], store: GalaxyStore, home: Path) -> Vectors:
    """Vectors (N, D) of length 1 from feature files side by side. Raises DataError if one is missing."""
    parts = [read_features(home / "cache" / "features" / file, store.n) for file in files]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        raise DataError(
            "not_embedded", "the embeddings are no longer cached; embed the dataset again", "dataset"
        )
    return standardised(found, *standard_of(found, train_rows(store.splits)))
