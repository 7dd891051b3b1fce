"""Opening the datasets that a spec names."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.jobs.run_dir import Spec


def open_store(spec: Spec, home: Path) -> GalaxyStore:
    """The dataset of the run. Raises DataError where the file is gone or is not the one that was queued."""
    return _open(home / str(spec.dataset_file), spec.dataset_digest)


def open_eval_store(spec: Spec, home: Path) -> AbstractContextManager[GalaxyStore | None]:
    """The eval_dataset of the run, or None where it has none. Raises as open_store does."""
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
