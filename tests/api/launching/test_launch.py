"""What a launch would cost, asked of the server: where each figure comes from, and when it would start."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.db.models import RunRow
from shared.base.states import RunState
from shared.contract.launching import PREFLIGHT_KEYS
from tests.api.conftest import Move

S = RunState
CONFIG = {"dataset": "sky", "batch_size": 8, "epochs": 10, "warmup_epochs": 1}


def request(**more: Any) -> dict[str, Any]:
    return {"kind": "pretrain", "preset": "demo-60s", "config": CONFIG | more}


def estimate(http: TestClient, **more: Any) -> dict[str, Any]:
    answer = http.post("/launch/estimate", json=request(**more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def set_figures(database: Database, run_id: str, latest: dict[str, float], **progress: float) -> None:
    with database.write() as session:
        run = session.get_one(RunRow, run_id)
        run.latest_metrics, run.progress = latest, progress


def test_where_nothing_has_run_the_time_is_unknown_and_the_rest_is_arithmetic(
    http: TestClient, sky: Path
) -> None:
    found = estimate(http)
    assert (found["source"], found["total_s"], found["images_per_s"]) == ("estimated", None, None)
    assert found["training_flops"] == 3 * found["forward_flops"] > 0
    assert found["memory_bytes"] > 16 * found["parameters"]  # weights, gradients and Adam's two moments
    assert (found["starts"], found["starts_in_s"], found["device_busy"]) == ("at once", 0.0, False)
    assert found["fits"] is True
    assert http.get("/runs?all=true").json() == []


def test_a_self_test_gives_a_first_idea_of_the_time(
    http: TestClient, sky: Path, database: Database, move: Move
) -> None:
    tested = http.post("/runs", json={"kind": "selftest"}).json()["id"]
    move(tested, S.STARTING, S.RUNNING, S.SUCCEEDED)
    set_figures(database, tested, {}, images_per_s=600.0)
    small, large = estimate(http), estimate(http, depth=8)
    assert (small["source"], large["source"]) == ("estimated", "estimated")
    assert tested in small["basis"]
    ratio = large["training_flops"] / small["training_flops"]
    assert large["total_s"] == pytest.approx(ratio * small["total_s"])
    laptop = http.post("/launch/estimate", json=request() | {"preset": "laptop-base"}).json()
    assert laptop["images_per_s"] == pytest.approx(600.0)  # the very model of the self-test


def test_a_run_of_the_same_shape_tells_the_time(
    http: TestClient, sky: Path, database: Database, move: Move
) -> None:
    earlier = http.post("/runs", json=request(epochs=3)).json()["id"]
    move(earlier, S.STARTING, S.RUNNING, S.SUCCEEDED)
    set_figures(database, earlier, {"system/peak_memory_bytes": 5e8}, images_per_s=100.0)
    found = estimate(http)
    assert (found["source"], found["images_per_s"]) == ("earlier run", 100.0)
    assert earlier in found["basis"]
    assert found["memory_bytes"] == 500_000_000
    assert found["total_s"] == pytest.approx(10 * 5 * 8 / 100)  # 42 train rows: five batches of eight
    assert found["epoch_s"] == pytest.approx(0.4)
    other = estimate(http, depth=8)
    assert other["source"] == "estimated"
    assert other["images_per_s"] == pytest.approx(100 * found["training_flops"] / other["training_flops"])


def test_a_preflight_of_just_this_config_wins(
    http: TestClient, sky: Path, database: Database, move: Move
) -> None:
    tried = http.post("/runs", json=request() | {"kind": "preflight"}).json()
    assert (tried["kind"], tried["lane"]) == ("preflight", "train")
    move(tried["id"], S.STARTING, S.RUNNING, S.SUCCEEDED)
    set_figures(database, tried["id"], dict(zip(PREFLIGHT_KEYS, (7e8, 9e9, 0.02, 1.5, 4.0), strict=True)))
    found = estimate(http, epochs=20, eval_every_epochs=5, blr=0.01)
    assert (found["source"], found["memory_bytes"]) == ("measured", 700_000_000)
    assert found["images_per_s"] == pytest.approx(8 / 0.02)
    assert found["total_s"] == pytest.approx(4.0 + 20 * 5 * 0.02 + 5 * 1.5)
    assert estimate(http, mask_ratio=0.5)["source"] == "estimated"


def test_a_busy_device_is_not_measured_and_a_launch_waits_its_turn(
    http: TestClient, sky: Path, database: Database, move: Move
) -> None:
    running = http.post("/runs", json=request()).json()["id"]
    move(running, S.STARTING, S.RUNNING)
    set_figures(database, running, {}, eta_s=90.0)
    found = estimate(http)
    assert found["device_busy"] is True
    assert (found["starts"], found["starts_in_s"]) == (f"after {running}", 90.0)
    refused = http.post("/runs", json=request() | {"kind": "preflight"})
    assert (refused.status_code, refused.json()["code"]) == (409, "device_busy")
    http.post("/runs", json=request())
    assert estimate(http)["starts"] == f"after {running} and 1 more"
    assert estimate(http)["starts_in_s"] is None


def test_a_launch_ends_the_preflight_before_it(http: TestClient, sky: Path) -> None:
    tried = http.post("/runs", json=request() | {"kind": "preflight"}).json()["id"]
    http.post("/runs", json=request())
    assert http.get(f"/runs/{tried}").json()["state"] == "cancelled"


def test_the_first_batch_is_a_picture_and_what_cannot_be_drawn_says_why(http: TestClient, sky: Path) -> None:
    asked = {"request": json.dumps(request(img_size=32, patch_size=8))}
    answer = http.get("/launch/first-batch.png", params=asked)
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == http.get("/launch/first-batch.png", params=asked).content
    other = {"request": json.dumps(request(img_size=32, patch_size=8, mask_ratio=0.5))}
    assert answer.content != http.get("/launch/first-batch.png", params=other).content
    too_large = http.get("/launch/first-batch.png", params={"request": json.dumps(request(batch_size=64))})
    assert (too_large.status_code, too_large.json()["field"]) == (422, "batch_size")
    assert "42 training rows" in too_large.json()["detail"]
    assert http.get("/launch/first-batch.png?request=nonsense").status_code == 422
