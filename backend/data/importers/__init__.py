"""From files, folders or a simulation to a dataset of the store."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from backend.data.hdf5_safety import open_hdf5
from backend.data.importers.folder import FolderSource, checked_class_names, list_images
from backend.data.importers.galaxy10 import Galaxy10Source
from backend.data.importers.images import UnreadableImageError, open_image
from backend.data.importers.reporting import ImportStopped, Reporter
from backend.data.importers.simulated import SimulatedSource
from backend.data.layout import DatasetPlan, GalaxyBlock, SkipLog
from backend.data.writer import StoreWriter, cleanup_partials
from backend.errors import DataError
from shared.configs import ImportConfig, SimulateConfig

__all__ = ["ImportStopped", "check_source", "import_dataset", "simulate_dataset"]


class Source(Protocol):
    """What can be written to the store."""

    plan: DatasetPlan

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]: ...

    def close(self) -> None: ...


def import_dataset(
    config: ImportConfig,
    folder: Path,
    token: str,
    progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
) -> Path:
    """Path of the new dataset `<folder>/<name>.h5`, made from what `config.path` is.

    Raises DataError for a source that cannot be used, ImportStopped once should_stop() is true; either
    way nothing is left behind. A second call with the same token returns what the first one finished.
    """
    if _made_by(folder / f"{config.name}.h5", token):
        return folder / f"{config.name}.h5"
    reporter = Reporter(progress, should_stop)
    path = _existing(config)
    if _is_hdf5(path):
        return _write(Galaxy10Source(config), config.name, folder, token, reporter, SkipLog())
    source = FolderSource(config, reporter)
    return _write(source, config.name, folder, token, reporter, source.skipped)


def simulate_dataset(
    config: SimulateConfig,
    folder: Path,
    token: str,
    progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
) -> Path:
    """Path of a new dataset of simulated galaxies; errors and repeats as for import_dataset."""
    if _made_by(folder / f"{config.name}.h5", token):
        return folder / f"{config.name}.h5"
    source = SimulatedSource(config)
    return _write(source, config.name, folder, token, Reporter(progress, should_stop), SkipLog())


def check_source(config: ImportConfig) -> dict[str, Any]:
    """What an import would find, from headers and columns alone: kind (galaxy10, class_folders, folder_csv,
    folder), n, img_size and class_names; DataError where it could not work."""
    path = _existing(config)
    if _is_hdf5(path):
        source = Galaxy10Source(config)
        source.close()
        plan = source.plan
        return {"kind": source.kind, "n": plan.n, "img_size": plan.img_size, "class_names": plan.class_names}
    found = list_images(config)
    return {
        "kind": found.kind,
        "n": len(found.paths),
        "img_size": config.img_size or _first_side(found.paths),
        "class_names": checked_class_names(found),
    }


def _existing(config: ImportConfig) -> Path:
    path = Path(config.path).expanduser()
    if not path.exists():
        raise DataError("no_such_file", f"There is no file or folder {path}; check the path.", "path")
    if not os.access(path, os.R_OK):
        raise DataError("unreadable", f"{path} may not be read; change its permissions.", "path")
    return path


def _is_hdf5(path: Path) -> bool:
    """Files are HDF5 unless they are a CSV; open_hdf5 says so if they are not."""
    return path.is_file() and path.suffix.lower() != ".csv"


def _first_side(paths: list[Path]) -> int | None:
    for path in paths[:20]:
        try:
            with open_image(path) as image:
                return int(image.width)
        except UnreadableImageError:
            continue
    return None


def _made_by(path: Path, token: str) -> bool:
    """Whether this very import finished before it was killed."""
    if not path.exists():
        return False
    with open_hdf5(path) as file:
        return bool(file.attrs.get("token") == token)


def _write(source: Source, name: str, folder: Path, token: str, reporter: Reporter, skipped: SkipLog) -> Path:
    try:
        with StoreWriter(folder, name, token, source.plan) as writer:
            for block in source.blocks(reporter):
                writer.append(block)
            n = source.plan.n
            reporter.tick(n, n, "Making splits and statistics")
            return writer.finish(skipped)
    except OSError as error:
        cleanup_partials(folder, token)
        if error.errno == errno.ENOSPC:
            raise DataError(
                "disk_full", f"The disk of {folder} is full; free some space and import again.", "path"
            ) from error
        raise
    finally:
        source.close()
