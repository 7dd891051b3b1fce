"""What an answer of the server is: the model that its route promises, or a refusal."""

from typing import TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from shared.base.wire import ErrorBody

T = TypeVar("T")


class ApiError(Exception):
    """The server refused: `detail` is one sentence for a person, `field` the config field at fault."""

    def __init__(self, code: str, detail: str, field: str | None = None, status: int = 0) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.status = status


class BackendLostError(Exception):
    """No answer came from the server."""


def read_answer(kind: type[T], response: httpx2.Response) -> T:
    """The body as the model that the route promises."""
    try:
        return TypeAdapter(kind).validate_json(response.content)
    except ValidationError as error:
        sentence = (
            f"The server's answer to {response.request.url.path} could not be read; "
            "page and server may be of different versions: start `galaxyscope up` again."
        )
        raise ApiError("unreadable_answer", sentence, status=response.status_code) from error


def refusal(response: httpx2.Response) -> ApiError:
    """The ApiError that a response other than 2xx stands for."""
    try:
        body = ErrorBody.model_validate_json(response.content)
    except ValidationError:
        sentence = f"The server answered {response.status_code} without a reason; its log says more."
        return ApiError("unreadable_answer", sentence, status=response.status_code)
    return ApiError(body.code, body.detail, body.field, response.status_code)
