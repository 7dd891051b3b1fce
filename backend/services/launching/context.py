"""What a launch may read: the home, and files under the readable roots."""

from dataclasses import dataclass
from pathlib import Path

from backend.db.engine import Database
from backend.errors import ForbiddenError, InvalidInputError
from backend.settings import Settings


@dataclass(frozen=True)
class LaunchContext:
    """The home of a launch; it may read the folders in `settings.readable_roots`."""

    database: Database
    settings: Settings


def within_base(value: str, field: str, settings: Settings) -> str:
    """The absolute path, relative to the first data root. The worker that reads it has another working
    directory."""
    base = settings.data_roots[0] if settings.data_roots else settings.home
    return str((base.expanduser() / expanded(value, field)).absolute())


def require_file(value: str, roots: tuple[Path, ...], field: str) -> None:
    """Raise ForbiddenError outside `roots`, InvalidInputError where there is no file."""
    require_readable(value, roots, field)
    if not expanded(value, field).is_file():
        raise InvalidInputError("no_such_file", f"there is no file {value}; check its path", field)


def require_readable(value: str, roots: tuple[Path, ...], field: str) -> None:
    """Raise ForbiddenError where a path, with links resolved, is outside `roots`."""
    path = expanded(value, field).resolve()
    if not any(path.is_relative_to(root.expanduser().resolve()) for root in roots):
        allowed = ", ".join(str(root) for root in roots)
        raise ForbiddenError(
            "outside_data_roots",
            f"{value} is outside the folders the server may read ({allowed}); move it there, or start the "
            "server with its folder in GALAXYSCOPE_DATA_ROOTS",
            field,
        )


def expanded(value: str, field: str) -> Path:
    """The path with ~ expanded. Raises InvalidInputError for text that cannot be a path."""
    try:
        path = Path(value).expanduser()
        path.resolve()  # raises for text that cannot be a path
        return path
    except (ValueError, RuntimeError, OSError) as error:
        detail = f"{value!r} is not a path: {error}; check its spelling"
        raise InvalidInputError("bad_path", detail, field) from None
