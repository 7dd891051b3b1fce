"""Responses of the server: the type of the endpoint, or an error."""

from typing import TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from shared.base.wire import ErrorBody

T = TypeVar("T")


class ApiError(Exception):
    """The server returned an error: `detail` is a sentence for the user, `field` the invalid config field."""

    def __init__(self, code: str, detail: str, field: str | None = None, status: int = 0) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.status = status


class BackendLostError(Exception):
    """The server did not respond."""


def read_answer(kind: type[T], response: httpx2.Response) -> T:
    """The response body, validated as the type of its endpoint."""
    adapter = TypeAdapter(kind)
    try:
        if kind is bytes:
            return adapter.validate_python(response.content)
        return adapter.validate_json(response.content or b"null")
    except ValidationError as error:
        sentence = (
            f"The response to {response.request.url.path} could not be read. The page and the server may "
            "have different versions; restart `galaxyscope up`."
        )
        raise ApiError("unreadable_answer", sentence, status=response.status_code) from error


def refusal(response: httpx2.Response) -> ApiError:
    """The ApiError for a response other than 2xx."""
    try:
        body = ErrorBody.model_validate_json(response.content)
    except ValidationError:
        sentence = f"The server returned {response.status_code} without a reason; see its log."
        return ApiError("unreadable_answer", sentence, status=response.status_code)
    return ApiError(body.code, body.detail, body.field, response.status_code)
