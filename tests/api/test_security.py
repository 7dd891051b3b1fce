"""Who is answered: the right host, no foreign origin, and with a token only who brings it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.errors import InvalidInputError
from backend.settings import Settings
from backend.web import create_app
from shared.contract.endpoints import API

RUN = {"kind": "simulate", "config": {"name": "sky", "n": 20, "img_size": 32}}


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8501", "localhost.evil.example", ""]
)
def test_an_unknown_host_is_refused(http: TestClient, host: str) -> None:
    answer = http.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]:8501"])
def test_this_machine_is_answered(http: TestClient, host: str) -> None:
    assert http.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_cannot_start_a_run(http: TestClient, headers: dict[str, str]) -> None:
    answer = http.post("/runs", json=RUN, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert http.get("/runs?all=true").json() == []


def test_a_body_less_post_from_a_foreign_page_is_refused_too(http: TestClient) -> None:
    run_id = http.post("/runs", json=RUN).json()["id"]
    answer = http.post(f"/runs/{run_id}/stop", headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert http.get(f"/runs/{run_id}").json()["state"] == "queued"


def test_its_own_page_and_the_shell_may_write(http: TestClient) -> None:
    own = {"Origin": "http://127.0.0.1:8501", "Sec-Fetch-Site": "same-origin"}
    assert http.post("/runs", json=RUN, headers=own).status_code == 201
    assert http.post("/runs", json=RUN | {"config": {"name": "two", "n": 20}}).status_code == 201


def test_a_foreign_page_opens_no_websocket(http: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    with (
        pytest.raises(WebSocketDisconnect) as refused,
        http.websocket_connect("/_stcore/stream", headers={"Origin": "http://evil.example"}),
    ):
        pass
    assert refused.value.code == 1008


def test_every_answer_forbids_sniffing_and_use_by_foreign_pages(http: TestClient) -> None:
    headers = http.get("/health").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "frame-ancestors 'self'"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_listening_to_others_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="GALAXYSCOPE_TOKEN"):
        create_app(Settings(home=tmp_path, host="0.0.0.0"), ui=False)


def test_with_a_token_only_who_brings_it_is_answered(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, host="0.0.0.0", token="s3cret")
    app = create_app(settings, ui=False)
    with TestClient(app, base_url=f"http://gpu-box:8501{API}") as http:
        assert http.get("/health").status_code == 401
        assert http.get("/health", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert http.get("/health", headers={"Authorization": "Bearer s3cret"}).status_code == 200
        opened = http.get("/health?token=s3cret&x=1", follow_redirects=False)
        assert (opened.status_code, opened.headers["location"]) == (303, f"{API}/health?x=1")
        assert "httponly" in opened.headers["set-cookie"].lower()
        assert "samesite=lax" in opened.headers["set-cookie"].lower()
        assert http.get("/health").status_code == 200
