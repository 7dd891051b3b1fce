"""From files, folders or a simulation to a dataset of the store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.data.importers.inspecting import inspect_source, preview_sprite
from backend.data.importers.opening import open_source
from backend.data.importers.reporting import SILENT, Findings, ImportStopped, Reporter
from backend.data.importers.simulated import SimulatedSource
from backend.data.importers.trees import Roots
from backend.data.importers.writing import Source, made_by, write_source
from backend.data.layout import SkipLog
from shared.configs import ImportConfig, SimulateConfig

__all__ = [
    "ImportStopped",
    "Source",
    "check_source",
    "import_dataset",
    "inspect_source",
    "made_by",
    "preview_sprite",
    "simulate_dataset",
    "write_source",
]

HEADERS_CHECKED = 2000


def import_dataset(
    config: ImportConfig,
    folder: Path,
    token: str,
    progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
    roots: Roots,
) -> Path:
    """Path of the new dataset, `<folder>/<name>.h5` if that is free, made from `config.path`.

    Raises DataError for an unusable source, ForbiddenError for a link out of `roots`, ImportStopped once
    should_stop() is true, and then leaves nothing behind. A second call with the same token returns the
    dataset of the first.
    """
    finished = made_by(folder, config.name, token)
    if finished is not None:
        return finished
    reporter = Reporter(progress, should_stop)
    source = open_source(config, roots, Findings(strict=True), reporter)
    try:
        source.prepare(reporter)
    except BaseException:  # ImportStopped is not an Exception
        source.close()
        raise
    return write_source(source, config.name, folder, token, reporter, source.skipped)


def simulate_dataset(
    config: SimulateConfig,
    folder: Path,
    token: str,
    progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
) -> Path:
    """Path of a new dataset of simulated galaxies; errors and repeats as for import_dataset."""
    finished = made_by(folder, config.name, token)
    if finished is not None:
        return finished
    source = SimulatedSource(config)
    return write_source(source, config.name, folder, token, Reporter(progress, should_stop), SkipLog())


def check_source(config: ImportConfig, roots: Roots) -> dict[str, Any]:
    """What an import would find, from columns and the headers of 2,000 images: kind (galaxy10, array,
    parquet, hats, class_folders, folder_table, folder), n, img_size and class_names. Raises if it could not
    work."""
    source = open_source(config, roots, Findings(strict=True), SILENT, HEADERS_CHECKED)
    source.close()
    return {
        "kind": source.info.kind,
        "n": len(source.catalogue),
        "img_size": source.ready.img_size,
        "class_names": source.catalogue.class_names,
    }
