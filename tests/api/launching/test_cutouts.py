"""Cut-outs over HTTP and from the shell: their cost, a preview that asks only when wanted, a queued job."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.cli.shell import call
from tests.cutout_service import CutoutSite, cutout_service, table_text


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[CutoutSite]:
    with cutout_service() as site:
        monkeypatch.setenv("GALAXYSCOPE_HIPS2FITS_URL", site.url)
        yield site


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "positions.csv"
    path.write_text(table_text())
    return path


def test_the_cost_asks_nobody_and_the_preview_asks_for_sixteen(
    http: TestClient, site: CutoutSite, table: Path
) -> None:
    values = {"path": str(table), "survey": "legacy-dr10", "img_size": 32}
    cost = http.post("/cutouts/inspect", json=values).json()
    assert (cost["n"], cost["requests"], cost["service"], cost["problems"]) == (20, 20, "CDS hips2fits", [])
    assert cost["roles"]["label_column"] == "class"
    assert site.seen == []
    picture = http.get("/cutouts/preview.png", params={"config": json.dumps(values)})
    assert Image.open(io.BytesIO(picture.content)).size == (768, 192)
    assert len(site.seen) == 16
    assert http.post("/cutouts/inspect", json=values).json()["cached"] == 16


def test_what_cannot_work_is_refused_before_it_is_queued(
    http: TestClient, site: CutoutSite, table: Path, tmp_path: Path
) -> None:
    config = {"path": "positions.csv", "survey": "legacy-dr10", "name": "cut"}
    queued = http.post("/runs", json={"kind": "cutouts", "config": config}).json()
    assert (queued["lane"], queued["state"], queued["config"]["path"]) == ("network", "queued", str(table))
    for changes, status, code in (
        ({"path": "/etc/hosts.csv"}, 403, "outside_data_roots"),
        ({"path": "no.csv"}, 422, "no_such_file"),
        ({"survey": "mine"}, 422, "invalid_config"),
        ({"cone": "0,0,1"}, 422, "too_few_images"),
        ({"ra_column": "class"}, 422, "bad_number"),
    ):
        refused = http.post("/runs", json={"kind": "cutouts", "config": config | {"name": "other"} | changes})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    (tmp_path / "many.csv").write_text(table_text(20_001))
    refused = http.post("/cutouts/inspect", json={"path": "many.csv", "survey": "legacy-dr10"}).json()
    assert [problem["code"] for problem in refused["problems"]] == ["too_many_positions"]
    assert site.seen == []


def test_the_shell_says_the_cost_first_and_makes_the_dataset(
    tmp_path: Path, site: CutoutSite, table: Path
) -> None:
    home = tmp_path / "home"
    words = ("data", "cutouts", str(table), "--survey", "legacy-dr10", "--img-size", "32", "--name", "cut")
    cost = call(home, *words, "--cost", "--json")
    assert json.loads(cost.stdout)["requests"] == 20
    assert site.seen == []
    site.acts = {11: ["empty"]}
    made = call(home, *words, "--json")
    assert made.returncode == 0
    dataset = json.loads(made.stdout)
    assert (dataset["n"], dataset["skipped_count"], dataset["class_counts"]) == (19, 1, {"a": 10, "b": 9})
    assert "20 requests" in made.stderr
    shown = call(home, "data", "show", "cut").stdout
    assert "outside the survey" in shown
    refused = call(home, "data", "cutouts", str(table), "--survey", "no", "--name", "x", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["field"]) == (1, "survey")
