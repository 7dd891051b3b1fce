"""Browsing a dataset: pages of rows, filters, pictures that a browser may keep."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.settings import Settings
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import ImportConfig
from tests.api.conftest import enter_dataset


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


def test_a_copy_in_another_split_is_shown_as_a_pair_with_how_it_was_turned(
    http: TestClient, database: Database, settings: Settings, tmp_path: Path
) -> None:
    images = np.random.default_rng(1).integers(0, 255, (20, 32, 32, 3), dtype=np.uint8)
    images[17] = np.rot90(images[2])
    path = tmp_path / "turned.npz"
    splits = np.array(["train"] * 16 + ["test"] * 2 + ["val"] * 2)
    np.savez(path, images=images, labels=np.arange(20) % 2, split=splits)
    enter_dataset(database, settings, ImportConfig(path=str(path), name="turned"))
    found = http.get("/datasets/turned/duplicates").json()
    assert found["total"] == 1
    [pair] = found["pairs"]
    assert (pair["row"], pair["other"], pair["how"]) == (17, 2, "turned")
    assert (pair["split"], pair["other_split"]) == ("test", "train")


def test_redshift_sky_and_statistics_are_of_the_rows_that_have_them(
    http: TestClient, database: Database, settings: Settings, tmp_path: Path
) -> None:
    images = np.full((20, 16, 16, 1), 100, np.uint8)
    images[:, 0, 0] = np.arange(20)[:, None] * 12
    redshift = np.linspace(0.01, 0.2, 20)
    redshift[5] = np.nan
    ra, dec = np.linspace(0, 350, 20), np.linspace(-80, 80, 20)
    ra[3] = np.nan
    path = tmp_path / "far.npz"
    np.savez(path, images=images, labels=np.arange(20) % 2, redshift=redshift, ra=ra, dec=dec)
    enter_dataset(database, settings, ImportConfig(path=str(path), name="far"))
    rows = "/datasets/far/galaxies?redshift_min=0.05&redshift_max=0.1"
    between = [row for row in range(20) if 0.05 <= redshift[row] <= 0.1]
    assert [galaxy["row"] for galaxy in http.get(rows).json()["galaxies"]] == between
    info = http.get("/datasets/far").json()
    assert (info["with_sky"], info["redshift_range"]) == (19, pytest.approx([0.01, 0.2]))
    sky_map = http.get("/datasets/far/sky").json()
    assert (sky_map["total"], 3 in sky_map["row"], len(sky_map["ra"])) == (19, False, 19)
    few = http.get("/datasets/far/sky?max_points=5").json()
    assert (few["total"], len(few["row"])) == (19, 5)
    statistics = http.get("/datasets/far/statistics").json()
    assert statistics["n"] == info["split_counts"]["train"]
    [band] = statistics["bands"]
    assert sum(band["counts"]) == statistics["n"] * 256
    assert band["counts"][25] >= statistics["n"] * 255
