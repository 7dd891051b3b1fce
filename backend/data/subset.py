"""A new dataset from part of another, or from all of it with a new split."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.data.importers.reporting import Reporter
from backend.data.importers.writing import made_by, write_source
from backend.data.layout import MIN_ROWS, SKY_KEYS, DatasetPlan, GalaxyBlock, Rows, SkipLog
from backend.data.split_table import REQUIRED, read_split_table
from backend.data.store import GalaxyStore
from backend.errors import DataError
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import SubsetConfig
from shared.contract.datasets import ReceiptLine

BLOCK_BYTES = 32 * 2**20
FILTERS = ("classes", "splits", "redshift_min", "redshift_max", "n")


class SubsetSource:
    """The chosen rows of an open dataset, in order."""

    def __init__(self, config: SubsetConfig, store: GalaxyStore) -> None:
        self._store = store
        self._rows, self._splits = choose_rows(config, store)
        _check_enough(config, store, self._splits)
        kept = np.unique(store.labels[self._rows])
        self._kept = kept[kept >= 0]
        self.plan = DatasetPlan(
            n=len(self._rows),
            img_size=store.img_size,
            channels=store.channels,
            class_names=[store.class_names[label] for label in self._kept],
            bands=store.bands,
            provenance=_provenance(config, store),
            licence=store.licence,
            simulated=store.simulated,
            stretch=store.stretch,
            display=store.display.tolist(),
            targets=store.target_units,
        )

    def close(self) -> None:
        """The dataset belongs to the caller."""

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        """Copies of the rows, about 32 MB at a time."""
        store, n = self._store, len(self._rows)
        size = max(1, BLOCK_BYTES // (store.img_size**2 * store.channels))
        before = store.labels[self._rows]
        labels = np.where(before < 0, -1, np.searchsorted(self._kept, before))
        for start in range(0, n, size):
            part = slice(start, min(start + size, n))
            rows = self._rows[part]
            yield GalaxyBlock(
                images=store.images(rows),
                labels=labels[part].astype(np.int64),
                source_ids=[store.source_ids[row] for row in rows],
                sky={key: getattr(store, key)[rows] for key in SKY_KEYS},
                splits=self._splits[part],
                targets={name: values[rows] for name, values in store.targets.items()},
            )
            reporter.tick(part.stop, n, f"Copied {part.stop:,} of {n:,} galaxies")

    def receipt(self) -> list[ReceiptLine]:
        """How many galaxies were taken."""
        text = f"{self.plan.n:,} of {self._store.n:,} galaxies of {self.plan.provenance['of']}."
        return [ReceiptLine(kind="read", text=text, count=self.plan.n)]


def choose_rows(config: SubsetConfig, store: GalaxyStore) -> tuple[Rows, NDArray[np.uint8]]:
    """Rows (n,) ascending and their split codes (n,), from the split table if there is one. Raises DataError
    for an unknown class or a faulty table."""
    rows, splits = np.arange(store.n), store.splits
    if config.split_table is not None:
        rows, splits = read_split_table(Path(config.split_table), store)
    keep = np.ones(len(rows), bool)
    if config.classes:
        keep &= np.isin(store.labels[rows], [_class_index(store, name) for name in config.classes])
    if config.splits:
        keep &= np.isin(splits, [SPLIT_CODES[Split(name)] for name in config.splits])
    if config.redshift_min is not None:
        keep &= store.redshift[rows] >= config.redshift_min
    if config.redshift_max is not None:
        keep &= store.redshift[rows] <= config.redshift_max
    places = np.flatnonzero(keep)
    if config.n is not None and len(places) > config.n:
        places = np.sort(np.random.default_rng(config.seed).choice(places, config.n, replace=False))
    return rows[places].astype(np.int64), splits[places]


def _class_index(store: GalaxyStore, name: str) -> int:
    if name not in store.class_names:
        classes = ", ".join(store.class_names) or "none"
        raise DataError("unknown_class", f"There is no class {name}; choose from: {classes}.", "classes")
    return store.class_names.index(name)


def _check_enough(config: SubsetConfig, store: GalaxyStore, splits: NDArray[np.uint8]) -> None:
    """Raise DataError for fewer than ten rows, or none to train or validate on."""
    n = len(splits)
    if n < MIN_ROWS:
        why = f"{n} of the {store.n:,} galaxies of {config.dataset} match, and a dataset needs {MIN_ROWS}"
        field = "classes" if config.classes else "n"
        raise DataError("too_few_images", f"{why}; include more classes, splits or redshifts.", field)
    for split in REQUIRED:
        if SPLIT_CODES[split] not in splits:
            why = f"None of the {n:,} chosen galaxies of {config.dataset} is in {split}"
            raise DataError("empty_split", f"{why}; include that split, or give a split_table.", "splits")


def _provenance(config: SubsetConfig, store: GalaxyStore) -> dict[str, Any]:
    """The source dataset and the filters that were set."""
    rows = config.model_dump(mode="json", include=set(FILTERS), exclude_defaults=True)
    if config.n is not None:
        rows["seed"] = config.seed
    table = Path(config.split_table).name if config.split_table is not None else None
    return {
        "kind": "subset",
        "of": config.dataset,
        "digest": store.digest,
        "filter": rows,
        "split": f"by {table}" if table else f"as in {config.dataset}",
        "origin": store.provenance,
    }


def subset_dataset(
    config: SubsetConfig,
    store: GalaxyStore,
    folder: Path,
    token: str,
    progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
) -> Path:
    """Path of the new dataset; errors and repeated calls as in backend.data.importers.import_dataset."""
    made = made_by(folder, config.name, token)
    if made is not None:
        return made
    source = SubsetSource(config, store)
    return write_source(source, config.name, folder, token, Reporter(progress, should_stop), SkipLog())
