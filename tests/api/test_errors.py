"""Bad input gets one sentence that names the value and the next step, in one shape everywhere."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.web import create_app
from shared.configs import PretrainConfig
from shared.contract.endpoints import API
from tests.homes import new_home


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An app over a home without runs and datasets, for requests that change nothing."""
    app = create_app(new_home(tmp_path_factory.mktemp("empty")), ui=False)
    with TestClient(app, base_url=f"http://127.0.0.1:8501{API}") as client:
        yield client


def refusal(http: TestClient, method: str, path: str, **more: object) -> dict[str, str]:
    answer = http.request(method, path, **more)
    assert answer.status_code >= 400
    body: dict[str, str] = answer.json()
    assert set(body) == {"code", "detail", "field"}
    return body | {"status": str(answer.status_code)}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", path) for path in ("", "/metrics", "/events", "/log", "/samples", "/samples/3.png")]
    + [("POST", path) for path in ("/stop", "/pause", "/resume", "/retry")],
)
def test_a_run_that_does_not_exist_is_named(empty: TestClient, method: str, path: str) -> None:
    body = refusal(empty, method, f"/runs/no-such-run-1{path}")
    assert (body["status"], body["code"]) == ("404", "run_not_found")
    assert "no-such-run-1" in body["detail"]


@pytest.mark.parametrize("path", ["", "/galaxies", "/images/0.png"])
def test_a_dataset_that_does_not_exist_is_named(empty: TestClient, path: str) -> None:
    body = refusal(empty, "GET", f"/datasets/andromeda{path}")
    assert (body["status"], body["code"]) == ("404", "dataset_not_found")
    assert "andromeda" in body["detail"]


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/runs", "/api/v1/galaxy/of/nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_unknown_route_under_the_api_is_404_and_no_page(empty: TestClient, method: str, path: str) -> None:
    body = refusal(empty, method, f"http://127.0.0.1:8501{path}")
    assert (body["status"], body["code"]) == ("404", "route_not_found")
    assert f"{method} {path}" in body["detail"]


@pytest.mark.parametrize(
    ("config", "field", "says"),
    [
        ({"patch_size": 7}, "patch_size", "patch_size 7 does not divide img_size 64; try 8"),
        ({"img_size": 60}, "patch_size", "patch_size 8 does not divide img_size 60; try 10"),
        ({"num_heads": 5}, "num_heads", "num_heads 5 does not divide embed_dim 192"),
        ({"epochs": 4}, "warmup_epochs", "warmup_epochs 5 is not shorter than epochs 4"),
        ({"min_lr": 0.5}, "min_lr", "min_lr 0.5 is above the peak learning rate"),
        ({"batch_size": 1}, "batch_size", "batch_size = 1"),
        ({"mask_ratio": 1.5}, "mask_ratio", "mask_ratio = 1.5"),
        ({"learning_rate": 1}, "learning_rate", "there is no setting learning_rate"),
        ({"embed_dim": 18, "num_heads": 3}, "embed_dim", "embed_dim 18"),
    ],
)
def test_a_config_that_cannot_work_names_field_value_and_next_step(
    empty: TestClient, config: dict[str, object], field: str, says: str
) -> None:
    body = refusal(empty, "POST", "/runs", json={"kind": "pretrain", "config": {"dataset": "sky"} | config})
    assert body["status"] == "422"
    assert body["field"] == field
    assert says in body["detail"]


def test_missing_dataset_unknown_dataset_and_unknown_preset_are_named(http: TestClient) -> None:
    assert refusal(http, "POST", "/runs", json={"kind": "pretrain"})["field"] == "dataset"
    unknown = refusal(http, "POST", "/runs", json={"kind": "pretrain", "config": {"dataset": "m31"}})
    assert (unknown["status"], unknown["field"]) == ("404", "dataset")
    assert "m31" in unknown["detail"]
    preset = refusal(
        http, "POST", "/runs", json={"kind": "pretrain", "preset": "huge", "config": {"dataset": "x"}}
    )
    assert "demo-60s" in preset["detail"]


def test_a_name_that_is_being_made_is_taken(http: TestClient) -> None:
    request = {"kind": "simulate", "config": {"name": "sky", "n": 20, "img_size": 32}}
    first = http.post("/runs", json=request).json()
    body = refusal(http, "POST", "/runs", json=request)
    assert (body["status"], body["code"]) == ("409", "dataset_coming")
    assert first["id"] in body["detail"]


def test_the_page_may_not_read_outside_the_data_roots(http: TestClient, tmp_path: Path) -> None:
    outside = tmp_path.parent
    inside = tmp_path / "link"
    inside.symlink_to("/etc")
    for path in ("/etc/passwd", str(outside), f"{tmp_path}/../..", str(inside)):
        body = refusal(http, "POST", "/runs", json={"kind": "import", "config": {"path": path, "name": "x"}})
        assert (body["status"], body["code"], body["field"]) == ("403", "outside_data_roots", "path")


def test_a_source_that_cannot_work_is_refused_before_it_is_queued(http: TestClient, tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("not an HDF5 file")
    for name in ("text.h5", "absent.h5", "nul\0.h5"):
        config = {"path": str(tmp_path / name), "name": "x"}
        body = refusal(http, "POST", "/runs", json={"kind": "import", "config": config})
        assert body["status"] in {"404", "422"}
        assert name in body["detail"] or repr(name)[1:-1] in body["detail"]
    assert http.get("/runs?all=true").json() == []


def test_a_table_is_looked_for_beside_the_images(http: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "cutouts"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"")
    config = {"path": "cutouts", "name": "x", "labels": "cat.csv"}
    body = refusal(http, "POST", "/runs", json={"kind": "import", "config": config})
    assert str(folder / "cat.csv") in body["detail"]


def test_requests_of_the_wrong_form_are_explained(http: TestClient) -> None:
    assert refusal(http, "GET", "/runs/x/metrics?since=99999999999999999999")["status"] == "422"
    broken = refusal(http, "POST", "/runs", content="{", headers={"Content-Type": "application/json"})
    assert "not JSON" in broken["detail"]
    assert "max_points = '1'" in refusal(http, "GET", "/runs/x/metrics?max_points=1")["detail"]
    assert refusal(http, "POST", "/runs", json={"kind": "fly"})["status"] == "422"


def test_a_run_in_the_wrong_state_says_which(http: TestClient) -> None:
    run_id = http.post("/runs", json={"kind": "simulate", "config": {"name": "sky", "n": 20}}).json()["id"]
    assert "cannot pause" in refusal(http, "POST", f"/runs/{run_id}/pause")["detail"]
    assert "is queued" in refusal(http, "POST", f"/runs/{run_id}/resume")["detail"]
    assert http.post(f"/runs/{run_id}/stop").json()["state"] == "cancelled"
    assert http.post(f"/runs/{run_id}/stop").json()["state"] == "cancelled"
    assert http.post(f"/runs/{run_id}/retry").json()["parent_id"] == run_id


def test_the_vendored_plotly_is_served_from_here_and_cached(http: TestClient) -> None:
    answer = http.get("/vendor/plotly.min.js")
    assert answer.status_code == 200
    assert b"plotly.js v" in answer.content[:200]
    assert "max-age" in answer.headers["cache-control"]
    plain = http.get("/vendor/plotly.min.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content
    assert int(answer.headers["content-length"]) < 0.4 * int(plain.headers["content-length"])
    assert refusal(http, "GET", "/vendor/..%2f..%2fpasswd")["status"] == "404"


STARTS = {
    "web": "from backend.web import create_app; create_app(Settings(home=Path(sys.argv[1])), ui=False)",
    "shell": "import backend.cli.app",
    "supervisor": "import backend.serving",
}


@pytest.mark.parametrize("process", STARTS)
def test_it_starts_without_torch(tmp_path: Path, process: str) -> None:
    code = (
        "import sys; from pathlib import Path; from backend.settings import Settings; "
        f"{STARTS[process]}; print([m for m in ('torch', 'timm') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_defaults_of_a_pretraining_fit_together() -> None:
    config = PretrainConfig(dataset="sky")
    assert config.lr == pytest.approx(1.5e-4 * 128 / 256)
    assert config.num_patches == 64
