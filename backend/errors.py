"""Errors a person may see.

    GalaxyscopeError
    ├── InvalidInputError  422  a value that cannot work: names it and the next step
    │   └── DataError      422  a file, folder or table that is not what it should be
    ├── NotFoundError      404  no such run, dataset, row or file
    ├── ConflictError      409  the name is taken, or the state does not allow it
    ├── ForbiddenError     403  foreign origin, or a path outside the allowed folders
    └── UnavailableError   503  the server cannot do it just now

Services and importers raise these; one handler turns them into `{code, detail}`, the worker into the
reason of a failed run, the shell into one line on stderr.
"""


class GalaxyscopeError(Exception):
    """One sentence for a person (`detail`), a stable word for programs (`code`), the field at fault."""

    status = 500

    def __init__(self, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


class InvalidInputError(GalaxyscopeError):
    status = 422


class DataError(InvalidInputError):
    pass


class NotFoundError(GalaxyscopeError):
    status = 404


class ConflictError(GalaxyscopeError):
    status = 409


class ForbiddenError(GalaxyscopeError):
    status = 403


class UnavailableError(GalaxyscopeError):
    status = 503


def shortened(value: object) -> str:
    """A value as an error names it, in at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
