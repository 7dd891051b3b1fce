"""The verbs of datasets: list, describe, browse, draw."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image
from sqlalchemy import select

from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.db.models import DatasetRow
from backend.errors import InvalidInputError, NotFoundError
from backend.settings import Settings
from shared.datasets import SPLIT_CODES, Dataset, Galaxy, GalaxyPage, Split

SPLIT_OF_CODE = {code: split for split, code in SPLIT_CODES.items()}
OPEN_STORES = 4


class StoreCache:
    """A few opened datasets, each closed when it has been unused longest. Reading is by one thread at a time
    for each dataset, as HDF5 wants it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._open: OrderedDict[tuple[str, str], tuple[GalaxyStore, Lock]] = OrderedDict()

    @contextmanager
    def use(self, file: str, digest: str) -> Iterator[GalaxyStore]:
        with self._lock:
            entry = self._open.pop((file, digest), None)
            if entry is None:
                entry = (GalaxyStore.open(self._folder / file), Lock())
            self._open[file, digest] = entry
            evicted = [self._open.popitem(last=False)[1] for _ in range(len(self._open) - OPEN_STORES)]
        for old, busy in evicted:
            with busy:
                old.close()
        store, busy = entry
        with busy:
            yield store


class Datasets:
    """Reads the store for pages and images."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._stores = StoreCache(settings.datasets_dir)

    def list_all(self) -> list[Dataset]:
        """Every dataset, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(DatasetRow).order_by(DatasetRow.created_at.desc()))
            return [Dataset.model_validate(row.info) for row in rows]

    def get(self, name: str) -> Dataset:
        return Dataset.model_validate(self._row(name).info)

    def browse(
        self, name: str, *, offset: int, limit: int, label: str | None = None, split: Split | None = None
    ) -> GalaxyPage:
        """A page of rows in file order; `label` is a class name, or "unlabelled"."""
        with self._use(name) as store:
            keep = np.ones(store.n, dtype=bool)
            if label is not None:
                keep &= store.labels == _class_index(store, label)
            if split is not None:
                keep &= store.splits == SPLIT_CODES[split]
            rows = np.flatnonzero(keep)
            galaxies = [_galaxy(store, int(row)) for row in rows[offset : offset + limit]]
        return GalaxyPage(total=len(rows), offset=offset, galaxies=galaxies)

    def image_png(self, name: str, row: int, size: int | None) -> bytes:
        """The picture of one row as PNG, resized to `size` pixels a side where given (antialiased below its
        own size, pixels kept above). Raises NotFoundError."""
        with self._use(name) as store:
            if not 0 <= row < store.n:
                raise NotFoundError("row_not_found", f"{name} has rows 0 to {store.n - 1}, not {row}")
            pixels = store.rgb(store.images(np.array([row])))[0]
        image = Image.fromarray(pixels)
        if size is not None and size != image.width:
            how = Image.Resampling.LANCZOS if size < image.width else Image.Resampling.NEAREST
            image = image.resize((size, size), how)
        out = BytesIO()
        image.save(out, "PNG", compress_level=1)
        return out.getvalue()

    def etag(self, name: str, row: int, size: int | None) -> str:
        """Changes only when the dataset does."""
        return f'"{self._row(name).digest[:16]}-{row}-{size or 0}"'

    def _row(self, name: str) -> DatasetRow:
        with self._database.read() as session:
            row = session.get(DatasetRow, name)
        if row is None:
            raise NotFoundError("dataset_not_found", f"there is no dataset {name}; the data page lists them")
        return row

    @contextmanager
    def _use(self, name: str) -> Iterator[GalaxyStore]:
        row = self._row(name)
        with self._stores.use(row.file, row.digest) as store:
            yield store


def _class_index(store: GalaxyStore, label: str) -> int:
    if label == "unlabelled":
        return -1
    if label not in store.class_names:
        known = ", ".join(store.class_names) or "none"
        raise InvalidInputError("unknown_class", f"there is no class {label}; there are: {known}", "label")
    return store.class_names.index(label)


def _galaxy(store: GalaxyStore, row: int) -> Galaxy:
    label = int(store.labels[row])
    return Galaxy(
        row=row,
        source_id=store.source_ids[row],
        label=store.class_names[label] if label >= 0 else None,
        split=SPLIT_OF_CODE[int(store.splits[row])],
        ra=_finite(store.ra[row]),
        dec=_finite(store.dec[row]),
        redshift=_finite(store.redshift[row]),
        pxscale=_finite(store.pxscale[row]),
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
