"""Opening the dataset that a spec names."""

from pathlib import Path

from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.jobs.run_dir import Spec


def open_store(spec: Spec, home: Path) -> GalaxyStore:
    """The dataset of the run. Raises DataError where the file is gone or is not the one that was queued."""
    path = home / str(spec.dataset_file)
    store = GalaxyStore.open(path)
    if store.digest != spec.dataset_digest:
        store.close()
        raise DataError(
            "dataset_changed",
            f"{path.name} has changed since this run was queued ({store.digest[:12]} instead of "
            f"{str(spec.dataset_digest)[:12]}); launch a new run on it",
        )
    return store
