"""Routes and calls agree with the table of endpoints."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

import backend.web
from shared.base.states import RunState
from shared.contract import endpoints
from shared.contract.endpoints import API, Endpoint
from shared.contract.launching import Direction, QueueMove

ROOT = Path(backend.web.__file__).parent.parent
TABLE = {name: value for name, value in vars(endpoints).items() if isinstance(value, Endpoint)}


def test_every_route_is_an_endpoint_and_every_endpoint_a_route(http: TestClient) -> None:
    registered = []
    for context in iter_route_contexts(http.app.routes):  # type: ignore[attr-defined]
        route = context.original_route
        if isinstance(route, APIRoute) and route.name != "_no_such_route":
            registered += [(method, context.path, str(route.response_model)) for method in route.methods]
    described = {bytes: None, NoneType: None}
    assert sorted(registered) == sorted(
        (one.method, API + one.path, str(described.get(one.response, one.response))) for one in TABLE.values()
    )


def test_calls_name_parameters_of_their_endpoint(http: TestClient) -> None:
    """The server ignores an unknown query parameter, and no type checks its name."""
    document = http.get("/openapi.json").json()["paths"]
    found = 0
    for path in [*ROOT.glob("frontend/**/*.py"), *ROOT.glob("backend/**/*.py"), *ROOT.glob("tests/**/*.py")]:
        for call, name in calls(path):
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            operation = document[API + TABLE[name].path][TABLE[name].method.lower()]
            parameters = {one["name"]: one["required"] for one in operation.get("parameters", [])}
            given = {keyword.arg for keyword in call.keywords}
            unknown = given - parameters.keys() - {None, "body", "content", "patience_s"}
            assert not unknown, f"{place}: {name} takes no {unknown}"
            missing = {key for key, required in parameters.items() if required} - given
            assert None in given or not missing, f"{place}: {name} needs {missing}"
            assert "body" not in given or "requestBody" in operation, f"{place}: {name} takes no body"
            found += 1
    assert found > 100


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Each `….call(endpoints.NAME, …)` and `endpoints.NAME.url(…)` of a file, with NAME."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            kind = node.func.attr
            at = node.func.value if kind == "url" else node.args[0] if kind == "call" and node.args else None
            if (
                isinstance(at, ast.Attribute)
                and isinstance(at.value, ast.Name)
                and at.value.id == "endpoints"
            ):
                yield node, at.attr


@pytest.mark.parametrize(
    ("endpoint", "params", "url"),
    [
        (endpoints.GET_RUN, {"run_id": "a b/../c"}, "/runs/a%20b%2F..%2Fc"),
        (
            endpoints.LIST_RUNS,
            {"all": True, "tag": ["x", "y z"], "limit": None},
            "/runs?all=true&tag=x&tag=y%20z",
        ),
        (endpoints.LIST_RUNS, {"state": RunState.QUEUED, "tag": []}, "/runs?state=queued"),
        (endpoints.LIST_RUNS, {"tag": []}, "/runs"),
        (
            endpoints.SEARCH,
            {"query": QueueMove(to=Direction.TOP)},
            "/search?query=%7B%22to%22%3A%22top%22%7D",
        ),
    ],
)
def test_an_address_holds_its_parameters(endpoint: Endpoint[Any], params: dict[str, Any], url: str) -> None:
    assert endpoint.url(**params) == API + url
