"""The HTTP connection to one server."""

import os
from typing import Any, Self, TypeVar

import httpx2

from frontend.api.answers import BackendLostError, read_answer, refusal
from shared.contract import routes

DEFAULT_URL = "http://127.0.0.1:8501"
T = TypeVar("T")
PATIENCE_S = 120.0
"""A server that is gone refuses at once; one that is slow to answer is not gone."""
WAITS = ("connect", "read", "write", "pool")


class Connection:
    """Sends requests and reads responses.

    `http` replaces the HTTP client (a starlette TestClient runs the app without a socket), together with its
    base URL. Every method may raise ApiError or BackendLostError.
    """

    def __init__(self, base_url: str, token: str | None = None, http: httpx2.Client | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = http or httpx2.Client(
            base_url=base_url, headers=headers, timeout=PATIENCE_S, trust_env=False
        )

    @classmethod
    def from_environment(cls) -> Self:
        """The client of the server named by GALAXYSCOPE_API_URL and GALAXYSCOPE_TOKEN."""
        return cls(os.environ.get("GALAXYSCOPE_API_URL", DEFAULT_URL), os.environ.get("GALAXYSCOPE_TOKEN"))

    def _get(self, kind: type[T], path: str, query: dict[str, Any] | None = None) -> T:
        return read_answer(kind, self._answer("GET", path, query=query))

    def _send(
        self,
        kind: type[T],
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        patience_s: float | None = None,
    ) -> T:
        return read_answer(kind, self._answer(method, path, body=body, patience_s=patience_s))

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        content: bytes | None = None,
        patience_s: float | None = None,
    ) -> httpx2.Response:
        params = {key: value for key, value in (query or {}).items() if value is not None}
        waits = None if patience_s is None else {"timeout": dict.fromkeys(WAITS, patience_s)}
        try:
            response = self._http.request(
                method, routes.API + path, params=params, json=body, content=content, extensions=waits
            )
        except httpx2.TransportError as error:
            raise BackendLostError(
                "The server is not responding. Is `galaxyscope up` still running?"
            ) from error
        if response.is_success:
            return response
        raise refusal(response)
