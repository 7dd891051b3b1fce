"""The verbs of datasets that read: list, browse, draw, measure."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from backend.data.layout import Rows
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
    """A few opened datasets, each let go when it has been unused longest, or its file is gone: then who still
    reads it is the last to hold it. Reading is by one thread at a time for each dataset, as HDF5 wants it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._open: OrderedDict[tuple[str, Stamp], tuple[GalaxyStore, Lock]] = OrderedDict()

    @contextmanager
    def use(self, file: str) -> Iterator[GalaxyStore]:
        self.let_go()
        with self._lock:
            key = file, self._stamp(file)
            entry = self._open.pop(key, None) or (GalaxyStore.open(self._folder / file), Lock())
            self._open[key] = entry
            while len(self._open) > OPEN_STORES:
                self._open.popitem(last=False)
        store, busy = entry
        with busy:
            yield store

    def let_go(self) -> None:
        """Unmap files that were deleted or made anew: the disk has their room only then."""
        with self._lock:
            for file, stamp in list(self._open):
                if self._stamp(file) != stamp:
                    del self._open[file, stamp]

    def _stamp(self, file: str) -> Stamp:
        """Tells a file from another of the same name, whose pixels, and so digest, may be the same."""
        path = self._folder / file
        return (path.stat().st_ino, path.stat().st_mtime_ns) if path.is_file() else None


@dataclass(frozen=True)
class Wanted:
    """Which rows of a dataset; `label` is a class name, or "unlabelled"; `among` are row numbers. A bound
    leaves out rows of unknown value."""

    label: str | None = None
    split: Split | None = None
    redshift_min: float | None = None
    redshift_max: float | None = None
    pxscale_min: float | None = None
    pxscale_max: float | None = None
    among: Sequence[int] | None = None

    def rows(self, store: GalaxyStore) -> Rows:
        """Row numbers, ascending."""
        return np.flatnonzero(self.mask(store)).astype(np.int64)

    def mask(self, store: GalaxyStore) -> NDArray[np.bool_]:
        """Which (N,) they are."""
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
    """The dataset as it crosses the wire: what its file says, under the name a person gave it."""
    return Dataset.model_validate(row.info | {"name": row.name, "description": row.description})


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

    def browse(self, name: str, wanted: Wanted, *, offset: int, limit: int) -> GalaxyPage:
        """A page of the rows that are wanted, in file order."""
        with self.use(name) as store:
            rows = wanted.rows(store)
            galaxies = [galaxy_of(store, int(row)) for row in rows[offset : offset + limit]]
        return GalaxyPage(total=len(rows), offset=offset, galaxies=galaxies)

    def sky_map(self, name: str, max_points: int) -> SkyMap:
        """The rows with coordinates; of more than `max_points` a random choice, always the same."""
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
        """Pixel values by band, worked out once for each dataset."""
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
        """The picture of one row as PNG, resized to `size` pixels a side where given (antialiased below its
        own size, pixels kept above). Raises NotFoundError."""
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
        """Changes only when the dataset does; the digest does not know how bands are shown."""
        dataset = self.row(name)
        return f'"{dataset.digest[:16]}-{dataset.created_at.timestamp():.0f}-{row}-{size or 0}"'

    def row(self, name: str) -> DatasetRow:
        with self._database.read() as session:
            row = session.get(DatasetRow, name)
        if row is None:
            raise NotFoundError("dataset_not_found", f"there is no dataset {name}; the data page lists them")
        return row

    @contextmanager
    def use(self, name: str) -> Iterator[GalaxyStore]:
        """The dataset, open for reading by this thread alone."""
        with self._stores.use(self.row(name).file) as store:
            yield store

    def let_go(self) -> None:
        """Hold no deleted dataset open."""
        self._stores.let_go()


def require_row(store: GalaxyStore, name: str, row: int) -> None:
    """Raises NotFoundError where the dataset has no such row."""
    if not 0 <= row < store.n:
        raise NotFoundError("row_not_found", f"{name} has rows 0 to {store.n - 1}, not {row}")


def _class_index(store: GalaxyStore, label: str) -> int:
    if label == "unlabelled":
        return -1
    if label not in store.class_names:
        known = ", ".join(store.class_names) or "none"
        raise InvalidInputError("unknown_class", f"there is no class {label}; there are: {known}", "label")
    return store.class_names.index(label)


def _within(values: NDArray[np.float64], low: float | None, high: float | None) -> NDArray[np.bool_]:
    """Which (N,) lie within the bounds that are given; where one is, none of unknown value."""
    keep = np.ones(len(values), dtype=bool)
    if low is not None:
        keep &= values >= low
    if high is not None:
        keep &= values <= high
    return keep


def galaxy_of(store: GalaxyStore, row: int) -> Galaxy:
    """What a dataset says of one galaxy."""
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
