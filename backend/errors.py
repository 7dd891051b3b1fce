"""Errors shown to people.

    GalaxyscopeError
    ├── InvalidInputError  422  an invalid value: names it and the next step
    │   └── DataError      422  an invalid file, folder or table
    ├── NotFoundError      404  no such run, dataset, row or file
    ├── ConflictError      409  the name is taken, or the state forbids it
    ├── ForbiddenError     403  a foreign origin, or a path outside the allowed folders
    └── UnavailableError   503  the server cannot do it at the moment

Services and importers raise them. The API answers with `{code, detail, field}`, a worker with the reason of
a failed run, the shell with one line on stderr.
"""


class GalaxyscopeError(Exception):
    """One sentence for a person (`detail`), a stable code for programs, and the field at fault."""

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
    """A value as shown in an error, at most 80 characters long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
