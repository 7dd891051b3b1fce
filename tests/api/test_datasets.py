"""Browsing a dataset: pages of rows, filters, pictures that a browser may keep."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.data.importers import simulate_dataset
from backend.data.store import GalaxyStore, describe
from backend.db.engine import open_database
from backend.jobs.registry import register
from backend.settings import Settings
from shared.configs import SimulateConfig
from shared.datasets import SPLIT_CODES, Split


@pytest.fixture
def sky(http: TestClient, settings: Settings) -> Path:
    """A dataset `sky` of 60 simulated galaxies, 32 px, in the store and in the database."""
    config = SimulateConfig(name="sky", n=60, img_size=32)
    path = simulate_dataset(config, settings.datasets_dir, "token", lambda *_: None, lambda: False)
    database = open_database(settings.database_path)
    with database.write() as session:
        info = describe(path, "sky").model_dump(mode="json")
        register(session, {"dataset": info, "file": path.name})
    return path


def test_every_row_is_on_one_page_as_the_file_has_it(http: TestClient, sky: Path) -> None:
    pages = [http.get(f"/datasets/sky/galaxies?offset={offset}&limit=25").json() for offset in (0, 25, 50)]
    assert [page["total"] for page in pages] == [60, 60, 60]
    galaxies = [galaxy for page in pages for galaxy in page["galaxies"]]
    assert [galaxy["row"] for galaxy in galaxies] == list(range(60))
    with GalaxyStore.open(sky) as store:
        assert [galaxy["label"] for galaxy in galaxies] == [
            store.class_names[label] for label in store.labels
        ]
        codes = [SPLIT_CODES[Split(galaxy["split"])] for galaxy in galaxies]
        assert codes == store.splits.tolist()


def test_filters_leave_just_what_was_asked_for(http: TestClient, sky: Path) -> None:
    info = http.get("/datasets/sky").json()
    label = max(info["class_counts"], key=info["class_counts"].get)
    found = http.get("/datasets/sky/galaxies", params={"label": label, "limit": 100}).json()
    assert found["total"] == info["class_counts"][label] == len(found["galaxies"])
    assert {galaxy["label"] for galaxy in found["galaxies"]} == {label}
    for split in Split:
        assert (
            http.get(f"/datasets/sky/galaxies?split={split}").json()["total"] == info["split_counts"][split]
        )
    both = http.get("/datasets/sky/galaxies", params={"label": label, "split": "train"}).json()
    assert {(galaxy["label"], galaxy["split"]) for galaxy in both["galaxies"]} == {(label, "train")}
    refused = http.get("/datasets/sky/galaxies?label=Quasar")
    assert refused.status_code == 422
    assert "Quasar" in refused.json()["detail"]


def test_a_picture_is_the_pixels_of_its_row(http: TestClient, sky: Path) -> None:
    with GalaxyStore.open(sky) as store:
        expected = store.rgb(store.images(np.array([7])))[0]
    answer = http.get("/datasets/sky/images/7.png")
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), expected)


def test_a_larger_picture_repeats_pixels_and_does_not_blur_them(http: TestClient, sky: Path) -> None:
    small = np.asarray(Image.open(io.BytesIO(http.get("/datasets/sky/images/7.png").content)))
    large = np.asarray(Image.open(io.BytesIO(http.get("/datasets/sky/images/7.png?size=96").content)))
    assert np.array_equal(large, small.repeat(3, axis=0).repeat(3, axis=1))


def test_a_browser_that_has_the_picture_is_not_sent_it_again(http: TestClient, sky: Path) -> None:
    first = http.get("/datasets/sky/images/7.png?size=48")
    again = http.get("/datasets/sky/images/7.png?size=48", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = http.get("/datasets/sky/images/8.png?size=48", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_a_row_that_is_not_there_is_named(http: TestClient, sky: Path) -> None:
    answer = http.get("/datasets/sky/images/60.png")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "sky has rows 0 to 59, not 60"


def test_a_taken_name_is_refused_before_anything_is_queued(http: TestClient, sky: Path) -> None:
    answer = http.post("/runs", json={"kind": "simulate", "config": {"name": "sky", "n": 20}})
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset_exists")
    assert http.get("/runs?all=true").json() == []


def test_a_pretraining_names_what_it_was_queued_with(http: TestClient, sky: Path) -> None:
    config = {"dataset": "sky", "epochs": 9}
    run = http.post("/runs", json={"kind": "pretrain", "preset": "demo-60s", "config": config}).json()
    assert (run["state"], run["queue_position"], run["dataset"]) == ("queued", 1, "sky")
    assert (run["config"]["epochs"], run["config"]["embed_dim"]) == (9, 128)
    assert http.get("/runs").json()[0]["id"] == run["id"]
    [event] = http.get(f"/runs/{run['id']}/events").json()
    assert (event["from_state"], event["to_state"]) == (None, "queued")
