"""What a model is shown: rows of datasets, and images that a person sends."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.settings import Settings
from tests.api.conftest import add_dataset
from tests.api.reconstruction.conftest import (
    Train,
    asked,
    colours,
    pixels,
    png,
    reconstruct,
    refusal,
    upload,
    view,
)


def test_a_galaxy_of_another_dataset_is_shown_to_the_model(
    http: TestClient, database: Database, settings: Settings, train: Train
) -> None:
    run = train(1)
    add_dataset(database, settings, "other", n=30)
    here, there = (reconstruct(http, run, viewed={"dataset": name}) for name in ("sky", "other"))
    assert here["ids_keep"] == there["ids_keep"]
    assert pixels(here["original"]).shape == pixels(there["original"]).shape
    assert (
        http.post("/reconstructions", json=asked(run, viewed={"dataset": "other", "row": 30})).status_code
        == 404
    )


def test_an_upload_is_viewed_by_its_central_square_cropped_as_the_run_did(
    http: TestClient, train: Train
) -> None:
    image = colours(40, 60)
    sent = upload(http, png(image))
    assert (sent["width"], sent["height"], sent["side"], sent["bands"]) == (60, 40, 40, 3)
    assert "central 40 × 40" in sent["notes"][0]
    found = view(http, train(1), sent).json()
    centre = Image.fromarray(image[8:32, 18:42]).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.array_equal(pixels(found["original"]), np.asarray(centre))


def test_alpha_is_dropped_and_sixteen_bits_are_stretched(http: TestClient, train: Train) -> None:
    image = colours(24, 24, 4)
    sent = upload(http, png(image))
    assert (sent["bands"], sent["notes"]) == (3, [])
    resized = Image.fromarray(image[..., :3]).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.array_equal(pixels(view(http, train(1), sent).json()["original"]), np.asarray(resized))
    deep = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24) * 100
    sent = upload(http, png(deep))
    assert (sent["bands"], "uint16 values became 8 bits" in sent["notes"][0]) == (1, True)


def test_an_image_of_other_bands_than_the_model_names_both(http: TestClient, train: Train) -> None:
    sent = upload(http, png(colours(24, 24)[..., 0]))
    code, detail = refusal(view(http, train(1), sent), 422)
    assert (code, "3 bands" in detail, "1 band" in detail) == ("bands_differ", True, True)
    run = train(1, channels=5)
    code, detail = refusal(http.post("/reconstructions", json=asked(run)), 422)
    assert (code, "5 bands" in detail, "sky has 3 bands" in detail) == ("bands_differ", True, True)


def test_a_model_of_one_band_is_shown_in_grey(http: TestClient, train: Train) -> None:
    sent = upload(http, png(colours(24, 24)[..., 0]))
    original = pixels(view(http, train(1, channels=1), sent).json()["original"])
    assert (original[..., 0] == original[..., 2]).all()


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "unreadable_image", "empty"),
        (b"<svg/>", "unreadable_image", "JPEG"),
        (png(colours(24, 24))[:200], "unreadable_image", "cannot be read"),
        (b"\x00" * 20_000_001, "upload_too_large", "over 20 MB"),
        (png(colours(4, 90)), "image_too_small", "90 × 4"),
    ],
    ids=["empty", "no image", "cut", "large", "small"],
)
def test_an_upload_that_is_no_usable_image_is_refused_and_not_kept(
    http: TestClient, settings: Settings, content: bytes, code: str, says: str
) -> None:
    found, detail = refusal(http.post("/reconstructions/uploads", content=content), 422)
    assert found == code
    assert says in detail
    assert list(settings.uploads_dir.iterdir()) == []


def test_a_small_file_of_a_huge_picture_is_not_decoded(http: TestClient) -> None:
    buffer = io.BytesIO()
    Image.new("L", (20_000, 20_000)).save(buffer, "PNG")
    found, detail = refusal(http.post("/reconstructions/uploads", content=buffer.getvalue()), 422)
    assert (found, "too many" in detail) == ("unreadable_image", True)


def test_a_random_galaxy_is_of_the_class_and_the_same_for_a_seed(http: TestClient, sky: Path) -> None:
    label = http.get("/datasets/sky").json()["class_names"][2]
    drawn = [
        http.get("/datasets/sky/random", params={"label": label, "seed": seed}).json() for seed in range(12)
    ]
    assert {galaxy["label"] for galaxy in drawn} == {label}
    assert len({galaxy["row"] for galaxy in drawn}) > 1
    assert http.get("/datasets/sky/random", params={"label": label, "seed": 3}).json() == drawn[3]
    val = [http.get("/datasets/sky/random", params={"split": "val"}).json()["split"] for _ in range(3)]
    assert val == ["val"] * 3
    code, detail = refusal(http.get("/datasets/sky/random", params={"label": "unlabelled"}), 404)
    assert (code, "sky has no galaxy" in detail) == ("no_galaxy", True)


def test_a_real_galaxy_is_viewed_as_it_was_sent(http: TestClient, train: Train, real_galaxies: Path) -> None:
    path = sorted((real_galaxies / "efigi" / "images").glob("*.jpg"))[0]
    sent = upload(http, path.read_bytes())
    image = np.asarray(Image.open(path).convert("RGB"))
    assert (sent["height"], sent["width"], sent["bands"]) == image.shape
    found = view(http, train(1, crop_size=None), sent).json()
    side, (top, left) = sent["side"], ((length - sent["side"]) // 2 for length in image.shape[:2])
    square = Image.fromarray(image[top : top + side, left : left + side])
    expected = np.asarray(square.resize((16, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(pixels(found["original"]), expected)
    assert found["visible"] == 8
