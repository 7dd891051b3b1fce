"""Reading datasets: list, browse, draw, measure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.data.split_table import split_csv
from backend.data.statistics import pixel_statistics
from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.db.models import DatasetRow
from backend.errors import InvalidInputError, NotFoundError
from backend.settings import Settings
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.contract.datasets import (
    Dataset,
    DuplicatePair,
    Duplicates,
    Galaxy,
    GalaxyPage,
    PixelStatistics,
    SkyMap,
)

SPLIT_OF_CODE = {code: split for split, code in SPLIT_CODES.items()}
OPEN_STORES = 4
Stamp = tuple[int, int] | None


class StoreCache:
    """The datasets used last, held open. A file that is gone or replaced is closed when its last reader is
    done. HDF5 wants one reader at a time, so each dataset has a lock."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, Lock()
        self._open: LRUCache[tuple[str, Stamp], tuple[GalaxyStore, Lock]] = LRUCache(OPEN_STORES)

    @contextmanager
    def use(self, file: str) -> Iterator[GalaxyStore]:
        self.close_deleted()
        with self._lock:
            key = file, self._stamp(file)
            if key not in self._open:
                self._open[key] = GalaxyStore.open(self._folder / file), Lock()
            store, busy = self._open[key]
        with busy:
            yield store

    def close_deleted(self) -> None:
        """Unmap files that were deleted or replaced: until then they take up disk space."""
        with self._lock:
            for file, stamp in list(self._open):
                if self._stamp(file) != stamp:
                    del self._open[file, stamp]

    def _stamp(self, file: str) -> Stamp:
        """Tells a file from an earlier one of the same name, which may have the same pixels and digest."""
        path = self._folder / file
        return (path.stat().st_ino, path.stat().st_mtime_ns) if path.is_file() else None


@dataclass(frozen=True)
class RowSelection:
    """A filter on rows: `label` is a class name or "unlabelled", `among` are row numbers. A bound excludes
    rows of unknown value."""

    label: str | None = None
    split: Split | None = None
    redshift_min: float | None = None
    redshift_max: float | None = None
    pxscale_min: float | None = None
    pxscale_max: float | None = None
    among: Sequence[int] | None = None

    def mask(self, store: GalaxyStore) -> NDArray[np.bool_]:
        """(N,), True for selected rows."""
        keep = np.ones(store.n, dtype=bool)
        if self.label is not None:
            keep &= store.labels == _class_index(store, self.label)
        if self.split is not None:
            keep &= store.splits == SPLIT_CODES[self.split]
        keep &= _within(store.redshift, self.redshift_min, self.redshift_max)
        keep &= _within(store.pxscale, self.pxscale_min, self.pxscale_max)
        if self.among is not None:
            keep &= np.isin(np.arange(store.n), self.among)
        return keep


def to_dataset(row: DatasetRow) -> Dataset:
    """The dataset on the wire: what its file says, under the name and description a person gave it."""
    return Dataset.model_validate(row.info | {"name": row.name, "description": row.description})


def require_dataset(session: Session, name: str, field: str | None = "dataset") -> DatasetRow:
    """The row of a dataset. Raises NotFoundError, which lists the existing ones."""
    row = session.get(DatasetRow, name)
    if row is None:
        known = ", ".join(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name))) or "none yet"
        raise NotFoundError("dataset_not_found", f"there is no dataset {name}; there are: {known}", field)
    return row


class Datasets:
    """Reads the store for pages and images."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._stores = StoreCache(settings.datasets_dir)
        self._statistics: dict[tuple[str, datetime], PixelStatistics] = {}

    def list_all(self) -> list[Dataset]:
        """Every dataset, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(DatasetRow).order_by(DatasetRow.created_at.desc()))
            return [to_dataset(row) for row in rows]

    def get(self, name: str) -> Dataset:
        return to_dataset(self.row(name))

    def browse(self, name: str, selection: RowSelection, *, offset: int, limit: int) -> GalaxyPage:
        """A page of the selected rows, in file order."""
        with self.use(name) as store:
            rows = np.flatnonzero(selection.mask(store))
            galaxies = [galaxy_of(store, int(row)) for row in rows[offset : offset + limit]]
        return GalaxyPage(total=len(rows), offset=offset, galaxies=galaxies)

    def sky_map(self, name: str, max_points: int) -> SkyMap:
        """Rows with coordinates; more than `max_points` are thinned at random, always to the same rows."""
        with self.use(name) as store:
            rows = np.flatnonzero(np.isfinite(store.ra) & np.isfinite(store.dec))
            total = len(rows)
            if total > max_points:
                rows = np.sort(np.random.default_rng(0).choice(rows, max_points, replace=False))
            return SkyMap(
                total=total,
                row=rows.tolist(),
                ra=np.round(store.ra[rows] % 360, 5).tolist(),
                dec=np.round(store.dec[rows], 5).tolist(),
                label=store.labels[rows].tolist(),
                class_names=store.class_names,
            )

    def statistics(self, name: str) -> PixelStatistics:
        """Pixel values by band, computed once a dataset."""
        row = self.row(name)
        key = row.file, row.created_at
        if key not in self._statistics:
            with self.use(name) as store:
                self._statistics[key] = pixel_statistics(store)
        return self._statistics[key]

    def duplicates(self, name: str) -> Duplicates:
        """Held-out rows with a near-duplicate in another split."""
        with self.use(name) as store:
            pairs = [
                DuplicatePair(
                    row=pair.row,
                    split=SPLIT_OF_CODE[int(store.splits[pair.row])],
                    other=pair.other,
                    other_split=SPLIT_OF_CODE[int(store.splits[pair.other])],
                    how=pair.how,
                    rms_levels=pair.rms,
                )
                for pair in store.near_duplicates
            ]
        return Duplicates(total=self.get(name).duplicates_across_splits, pairs=pairs)

    def split_csv(self, name: str) -> str:
        """CSV of row, source_id, split."""
        with self.use(name) as store:
            return "".join(split_csv(store))

    def image_png(self, name: str, row: int, size: int | None) -> bytes:
        """One row as PNG, resized to `size` pixels a side where given (antialiased when smaller, nearest
        pixel when larger). Raises NotFoundError."""
        with self.use(name) as store:
            require_row(store, name, row)
            pixels = store.rgb(store.images(np.array([row])))[0]
        image = Image.fromarray(pixels)
        if size is not None and size != image.width:
            how = Image.Resampling.LANCZOS if size < image.width else Image.Resampling.NEAREST
            image = image.resize((size, size), how)
        out = BytesIO()
        image.save(out, "PNG", compress_level=1)
        return out.getvalue()

    def etag(self, name: str, row: int, size: int | None) -> str:
        """Changes with the dataset; its digest does not cover how bands are shown, hence the date."""
        dataset = self.row(name)
        return f'"{dataset.digest[:16]}-{dataset.created_at.timestamp():.0f}-{row}-{size or 0}"'

    def row(self, name: str) -> DatasetRow:
        with self._database.read() as session:
            return require_dataset(session, name, None)

    @contextmanager
    def use(self, name: str) -> Iterator[GalaxyStore]:
        """The dataset, open for reading by this thread alone."""
        with self._stores.use(self.row(name).file) as store:
            yield store

    def close_deleted(self) -> None:
        """Close the files of deleted datasets."""
        self._stores.close_deleted()


def require_row(store: GalaxyStore, name: str, row: int) -> None:
    """Raise NotFoundError where the dataset has no such row."""
    if not 0 <= row < store.n:
        raise NotFoundError("row_not_found", f"{name} has rows 0 to {store.n - 1}, not {row}", "row")


def _class_index(store: GalaxyStore, label: str) -> int:
    if label == "unlabelled":
        return -1
    if label not in store.class_names:
        known = ", ".join(store.class_names) or "none"
        raise InvalidInputError("unknown_class", f"there is no class {label}; there are: {known}", "label")
    return store.class_names.index(label)


def _within(values: NDArray[np.float64], low: float | None, high: float | None) -> NDArray[np.bool_]:
    """(N,), True within the given bounds; False for unknown values where there is a bound."""
    keep = np.ones(len(values), dtype=bool)
    if low is not None:
        keep &= values >= low
    if high is not None:
        keep &= values <= high
    return keep


def galaxy_of(store: GalaxyStore, row: int) -> Galaxy:
    """One galaxy of a dataset, on the wire."""
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
