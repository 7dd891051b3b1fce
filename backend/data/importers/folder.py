"""Folders of images: one folder a class, a CSV of labels, or no labels at all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backend.data.importers.images import GREY_MODES, UnreadableImageError, decode, open_image
from backend.data.importers.reporting import Reporter
from backend.data.importers.tables import IMAGE_SUFFIXES, ImageList, read_table
from backend.data.layout import (
    MAX_CLASS_NAME,
    MAX_CLASSES,
    DatasetPlan,
    GalaxyBlock,
    Pixels,
    SkipLog,
    default_bands,
)
from backend.errors import DataError
from shared.configs import ImportConfig

BLOCK_BYTES = 32 * 2**20
TICK_ROWS = 64
MAX_UNREADABLE_SHARE = 0.1


def list_images(config: ImportConfig) -> ImageList:
    """The images a folder import would read: by a CSV if there is one, else by class folders, else flat."""
    path = Path(config.path).expanduser()
    folder = path.parent if path.is_file() else path
    table = _table(config, path)
    if table is not None:
        return read_table(table, folder, config)
    found = _class_folders(folder)
    if not found.paths:
        raise DataError(
            "no_images",
            f"{folder} holds no {', '.join(IMAGE_SUFFIXES)} files, nor folders of them; give a folder with "
            "one folder a class, a CSV of labels, or an HDF5 file.",
            "path",
        )
    return found


def _table(config: ImportConfig, path: Path) -> Path | None:
    """The CSV to use: the one given, the path itself, labels.csv, or the only CSV in the folder."""
    if config.labels is not None:
        given = Path(config.labels).expanduser()
        inside = path / given if path.is_dir() else given
        for table in (given, inside):
            if table.is_file():
                return table
        raise DataError("no_such_file", f"There is no file {given}; check the path of the CSV.", "labels")
    if path.is_file():
        return path
    tables = sorted(path.glob("*.csv"))
    named = [table for table in tables if table.name == "labels.csv"]
    return (named or tables)[0] if named or len(tables) == 1 else None


def _class_folders(folder: Path) -> ImageList:
    flat = _images_in(folder)
    classes = [
        child for child in sorted(folder.iterdir()) if child.is_dir() and not child.name.startswith(".")
    ]
    labelled = [(child.name, path) for child in classes for path in _images_in(child)]
    if labelled and not flat:
        found = ImageList("class_folders", [path for _, path in labelled], [name for name, _ in labelled])
    else:
        found = ImageList("folder", flat, [None] * len(flat))
    found.source_ids = [path.relative_to(folder).as_posix() for path in found.paths]
    if len(found.class_names()) == 1:
        raise DataError(
            "one_class",
            f"All images of {folder.name} lie in one folder, '{found.class_names()[0]}'; give that folder "
            "itself for images without labels, or one folder a class.",
            "path",
        )
    return found


def _images_in(folder: Path) -> list[Path]:
    return [
        path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    ]


def checked_class_names(found: ImageList) -> list[str]:
    """The classes, or why they are too many or too long to be classes."""
    names = found.class_names()
    if len(names) > MAX_CLASSES:
        raise DataError(
            "too_many_classes",
            f"The labels have {len(names):,} different values, first '{names[0]}'; at most {MAX_CLASSES} can "
            "be classes: choose another label_column.",
            "label_column",
        )
    long = next((name for name in names if len(name) > MAX_CLASS_NAME), None)
    if long is not None:
        raise DataError(
            "class_name_too_long",
            f"The class '{long[:40]}…' has {len(long)} characters; use at most {MAX_CLASS_NAME}.",
            "label_column",
        )
    return names


class FolderSource:
    """A listed folder whose headers have been read; `plan` is what it will make,
    `skipped` what it leaves out."""

    def __init__(self, config: ImportConfig, reporter: Reporter) -> None:
        self._config = config
        self._found = list_images(config)
        self.kind = self._found.kind
        self.skipped = SkipLog()
        class_names = checked_class_names(self._found)
        self._codes = {name: code for code, name in enumerate(class_names)}
        self._rows, side, channels = self._read_headers(reporter)
        self.plan = DatasetPlan(
            n=len(self._rows),
            img_size=side,
            channels=channels,
            class_names=class_names,
            bands=default_bands(channels),
            provenance={
                "kind": self.kind,
                "folder": Path(config.path).name,
                "labels": Path(config.labels).name if config.labels else None,
                "label_column": config.label_column,
                "resized_to": config.img_size,
            },
            split_seed=config.split_seed,
        )

    def close(self) -> None:
        """Nothing stays open between images."""

    def _read_headers(self, reporter: Reporter) -> tuple[list[int], int, int]:
        """Rows with a readable header, their common side, and 1 band if all are grey, else 3."""
        rows: list[int] = []
        first: tuple[Path, tuple[int, int]] | None = None
        grey = True
        n = len(self._found.paths)
        for row, path in enumerate(self._found.paths):
            if row % (4 * TICK_ROWS) == 0:
                reporter.tick(0, n, f"Checked {row:,} of {n:,} files")
            try:
                with open_image(path) as image:
                    size, mode = image.size, image.mode
            except UnreadableImageError as error:
                self._skip(row, error)
                continue
            first = first or (path, size)
            self._check_size(path, size, *first)
            grey = grey and mode in GREY_MODES
            rows.append(row)
        self._check_readable()
        side = self._config.img_size or (first[1][0] if first else 0)
        return rows, side, 1 if grey else 3

    def _check_size(
        self, path: Path, size: tuple[int, int], first: Path, first_size: tuple[int, int]
    ) -> None:
        if self._config.img_size is not None:
            return
        if size != first_size or size[0] != size[1] or not 8 <= size[0] <= 1024:
            beside = f" while {first.name} is {first_size[0]} × {first_size[1]}" if path != first else ""
            raise DataError(
                "mixed_sizes",
                f"{path.name} is {size[0]} × {size[1]} pixels{beside}; set img_size (for example 128) to "
                "crop every image to its central square and resize it.",
                "img_size",
            )

    def _skip(self, row: int, error: UnreadableImageError) -> None:
        self.skipped.add(self._found.source_ids[row], str(error))

    def _check_readable(self) -> None:
        n = len(self._found.paths)
        if self.skipped.count > MAX_UNREADABLE_SHARE * n:
            first = self.skipped.first[0]
            raise DataError(
                "unreadable_images",
                f"{self.skipped.count:,} of {n:,} images cannot be read, first '{first.source}' "
                f"({first.reason}); replace or remove them.",
                "path",
            )

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        """Decoded galaxies in list order, about 32 MB at a time; unreadable ones are counted in `skipped`."""
        plan = self.plan
        per_block = max(1, BLOCK_BYTES // max(1, plan.nbytes // max(1, plan.n)))
        for start in range(0, plan.n, per_block):
            rows: list[int] = []
            images: list[Pixels] = []
            for done, row in enumerate(self._rows[start : start + per_block], start):
                if done % TICK_ROWS == 0:
                    reporter.tick(done, plan.n, f"Decoded {done:,} of {plan.n:,} images")
                pixels = self._decode(row)
                if pixels is not None:
                    rows.append(row)
                    images.append(pixels)
            self._check_readable()
            if rows:
                yield self._block(rows, images)
        reporter.tick(plan.n, plan.n, f"Decoded {plan.n:,} images")

    def _decode(self, row: int) -> Pixels | None:
        try:
            with open_image(self._found.paths[row]) as image:
                return decode(image, self.plan.channels, self._config.img_size)
        except UnreadableImageError as error:
            self._skip(row, error)
            return None

    def _block(self, rows: list[int], images: list[Pixels]) -> GalaxyBlock:
        labels = [self._found.labels[row] for row in rows]
        return GalaxyBlock(
            images=np.stack(images),
            labels=np.array([-1 if label is None else self._codes[label] for label in labels], np.int64),
            source_ids=[self._found.source_ids[row] for row in rows],
            sky={key: np.array(values)[rows] for key, values in self._found.sky.items()},
        )
