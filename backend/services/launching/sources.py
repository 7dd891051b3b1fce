"""What is asked of a new dataset before it is queued: a free name, a readable source, room on the disk."""

import shutil
from pathlib import Path

from backend.data.importers import check_source
from backend.db.engine import Database
from backend.errors import ForbiddenError, InvalidInputError
from backend.services.datasets.names import require_free_name
from backend.settings import Settings
from shared.configs import AdoptConfig, DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig

MakerConfig = ImportConfig | SimulateConfig | DownloadConfig | SubsetConfig


def check_maker(
    database: Database, settings: Settings, config: MakerConfig, roots: tuple[Path, ...] | None
) -> None:
    """Raise where the dataset cannot come to be, in one sentence for the person who asked. `roots` are the
    folders it may read; None allows all."""
    with database.read() as session:
        require_free_name(session, config.name)
    if isinstance(config, ImportConfig):
        require_under_roots(config, roots)
        check_source(config, roots)
    elif isinstance(config, SubsetConfig):
        _check_file(config.split_table, roots, "split_table")
    elif isinstance(config, SimulateConfig):
        _require_disk(settings, config.n * config.img_size**2 * 3)


def absolute_source(config: ImportConfig, settings: Settings) -> ImportConfig:
    """The same import with absolute paths: `path` within the first data root, `labels` beside the images."""
    base = settings.data_roots[0] if settings.data_roots else settings.home
    path = base / _expanded(config.path, "path")
    folder = path if path.is_dir() else path.parent
    labels = str(folder / _expanded(config.labels, "labels")) if config.labels else None
    return config.model_copy(update={"path": str(path), "labels": labels})


def absolute_table(config: SubsetConfig, settings: Settings) -> SubsetConfig:
    """The same subset with its table's absolute path."""
    if config.split_table is None:
        return config
    return config.model_copy(update={"split_table": _absolute(config.split_table, "split_table", settings)})


def absolute_weights(config: AdoptConfig, settings: Settings) -> AdoptConfig:
    """The same import of a model with the absolute path of its weights."""
    return config.model_copy(update={"path": _absolute(config.path, "path", settings)})


def check_weights(config: AdoptConfig, roots: tuple[Path, ...] | None) -> None:
    """Raise where the weights are no file, or outside `roots`."""
    _check_file(config.path, roots, "path")


def require_under_roots(config: ImportConfig, roots: tuple[Path, ...] | None) -> None:
    """Raise ForbiddenError where an import names a path outside `roots`."""
    for field in ("path", "labels"):
        value = getattr(config, field)
        if value is not None and roots is not None:
            _require_under_roots(value, roots, field)


def _check_file(value: str | None, roots: tuple[Path, ...] | None, field: str) -> None:
    if value is None:
        return
    if roots is not None:
        _require_under_roots(value, roots, field)
    if not _expanded(value, field).is_file():
        raise InvalidInputError("no_such_file", f"there is no file {value}; check its path", field)


def _require_under_roots(value: str, roots: tuple[Path, ...], field: str) -> None:
    path = _expanded(value, field).resolve()
    if not any(path.is_relative_to(root.expanduser().resolve()) for root in roots):
        allowed = ", ".join(str(root) for root in roots)
        raise ForbiddenError(
            "outside_data_roots",
            f"{value} is outside the folders the server may read ({allowed}); move it there, or start the "
            "server with its folder in GALAXYSCOPE_DATA_ROOTS",
            field,
        )


def _absolute(value: str, field: str, settings: Settings) -> str:
    """Within the first data root: the worker, which reads it, works in another folder."""
    base = settings.data_roots[0] if settings.data_roots else settings.home
    return str((base.expanduser() / _expanded(value, field)).absolute())


def _expanded(value: str, field: str) -> Path:
    try:
        path = Path(value).expanduser()
        path.resolve()  # refuses what can be no path
        return path
    except (ValueError, RuntimeError, OSError) as error:
        raise InvalidInputError(
            "bad_path", f"{value!r} is no path: {error}; check its spelling", field
        ) from None


def _require_disk(settings: Settings, needed: int) -> None:
    free = shutil.disk_usage(settings.home).free
    if needed > free:
        raise InvalidInputError(
            "disk_full",
            f"the dataset needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; make fewer "
            "or smaller images",
            "n",
        )
