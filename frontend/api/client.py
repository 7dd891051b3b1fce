"""The HTTP client of one server."""

import os
from typing import Any, Self, TypeVar

import httpx2
from pydantic import BaseModel

from frontend.api.answers import ApiError, BackendLostError, read_answer, refusal
from shared.contract import endpoints
from shared.contract.endpoints import Endpoint
from shared.contract.sweeps import SweepLaunch, SweepReport, SweepSpec

__all__ = ["DEFAULT_URL", "ApiError", "BackendLostError", "Client"]

DEFAULT_URL = "http://127.0.0.1:8501"
T = TypeVar("T")
PATIENCE_S = 120.0
"""A server that is gone refuses at once; one that is slow to answer is not gone."""
WAITS = ("connect", "read", "write", "pool")


class Client:
    """Calls endpoints; every method may raise ApiError or BackendLostError.

    `http` replaces the HTTP client (a starlette TestClient runs the app without a socket), together with its
    base URL.
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

    def call(
        self,
        endpoint: Endpoint[T],
        /,
        *,
        body: BaseModel | dict[str, Any] | None = None,
        content: bytes | None = None,
        patience_s: float | None = None,
        **params: Any,
    ) -> T:
        """Its response; `params` as in Endpoint.url. `content` is sent as a file, `body` as JSON."""
        sent = body.model_dump(mode="json", exclude_none=True) if isinstance(body, BaseModel) else body
        waits = None if patience_s is None else {"timeout": dict.fromkeys(WAITS, patience_s)}
        try:
            response = self._http.request(
                endpoint.method, endpoint.url(**params), json=sent, content=content, extensions=waits
            )
        except httpx2.TransportError as error:
            raise BackendLostError(
                "The server is not responding. Is `galaxyscope up` still running?"
            ) from error
        if response.is_success:
            return read_answer(endpoint.response, response)
        raise refusal(response)

    def launch_sweep(self, spec: SweepSpec, *, confirm_runs: int | None = None) -> SweepReport:
        """Queue the missing runs; hundreds of runs take several requests."""
        launch = SweepLaunch(spec=spec, confirm_runs=confirm_runs)
        while (report := self.call(endpoints.LAUNCH_SWEEP, body=launch)).summary.missing:
            continue
        return report
