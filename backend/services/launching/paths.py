"""Paths that a request names: made absolute, and refused outside the readable roots."""

from pathlib import Path

from backend.errors import ForbiddenError, InvalidInputError
from backend.settings import Settings


def within_base(value: str, field: str, settings: Settings) -> str:
    """The absolute path, within the first data root: the worker, which reads it, works in another folder."""
    base = settings.data_roots[0] if settings.data_roots else settings.home
    return str((base.expanduser() / expanded(value, field)).absolute())


def require_file(value: str, roots: tuple[Path, ...], field: str) -> None:
    """Raise ForbiddenError outside `roots`, InvalidInputError where there is no file."""
    require_readable(value, roots, field)
    if not expanded(value, field).is_file():
        raise InvalidInputError("no_such_file", f"there is no file {value}; check its path", field)


def require_readable(value: str, roots: tuple[Path, ...], field: str) -> None:
    """Raise ForbiddenError where a path, its links followed, lies in none of `roots`."""
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
        path.resolve()  # raises where the text cannot be a path
        return path
    except (ValueError, RuntimeError, OSError) as error:
        raise InvalidInputError(
            "bad_path", f"{value!r} is not a path: {error}; check its spelling", field
        ) from None
