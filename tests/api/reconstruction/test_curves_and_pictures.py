"""Curves over a sample, and what is seen as a file, over HTTP."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence
from starlette.testclient import TestClient

from backend.data.store import GalaxyStore
from backend.settings import Settings
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import removed_patches
from shared.contract.reconstruction import LADDER
from tests.api.reconstruction.conftest import Train, asked, pixels, reconstruct, refusal, upload

SIDE, SCALE = 16, 16  # a panel is enlarged 16 times, to 256 pixels


def curve(http: TestClient, run: str, **changes: Any) -> Any:
    return http.get("/reconstructions/curve", params={"query": json.dumps({"run": run} | changes)})


def ladder_query(run: str, **changes: Any) -> dict[str, str]:
    return {"query": json.dumps({"viewed": {"run": run, "row": 7}, "seed": 3} | changes)}


def panel(figure: np.ndarray, place: int, strip: int = 0) -> np.ndarray:
    """One panel of a saved figure at the model's own pixels."""
    top = strip * (figure.shape[0] // 2) + 20
    left = 8 + place * (SIDE * SCALE + 8)
    enlarged = figure[top : top + SIDE * SCALE, left : left + SIDE * SCALE]
    small = enlarged[::SCALE, ::SCALE]
    assert np.array_equal(np.kron(small, np.ones((SCALE, SCALE, 1), np.uint8)), enlarged), "whole squares"
    return small


def test_a_sample_is_of_validation_rows_alone_and_its_mean_that_of_single_galaxies(
    http: TestClient, sky: Path, train: Train
) -> None:
    run = train(1)
    found = curve(http, run, kind="core", seed=5, count=4).json()
    with GalaxyStore.open(sky) as store:
        validation = np.flatnonzero(store.splits == SPLIT_CODES[Split.VAL]).tolist()
    assert set(found["rows"]) <= set(validation)
    assert len(found["rows"]) == min(4, len(validation))
    alone = [
        reconstruct(
            http, run, viewed={"row": row}, masking={"ratio": LADDER[9], "seed": 5 + n, "kind": "core"}
        )
        for n, row in enumerate(found["rows"])
    ]
    losses = [one["loss"] for one in alone]
    assert found["curve"]["losses"][9] == pytest.approx(np.mean(losses), abs=1e-5)
    assert found["curve"]["errors"][9] == pytest.approx(np.std(losses, ddof=1) / len(losses) ** 0.5, abs=1e-5)


def test_the_core_vanishes_first_so_all_loss_is_of_the_centre(http: TestClient, train: Train) -> None:
    found = curve(http, train(1), kind="core").json()["curve"]
    assert found["centre_shares"][4] == pytest.approx(1.0)  # 4 of 16 patches: the central ones
    assert found["sky_shares"][4] == pytest.approx(0.0)
    assert found["centre_shares"][18] < 0.6


def test_a_curve_is_measured_once_and_again_for_other_weights(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(1, 2)
    first = curve(http, run, checkpoint="1").content
    assert curve(http, run, checkpoint="1").content == first
    assert len(list((settings.home / "cache" / "curves").iterdir())) == 1
    assert curve(http, run, checkpoint="2").content != first


def test_a_galaxy_has_its_own_curve_without_an_error(http: TestClient, train: Train) -> None:
    run = train(1)
    found = http.get("/reconstructions/ladder", params=ladder_query(run)).json()["curve"]
    single = reconstruct(http, run, masking={"ratio": LADDER[14], "seed": 3})
    assert found["losses"][14] == pytest.approx(single["loss"], abs=1e-5)
    assert found["errors"] == [None] * len(LADDER)
    assert all(0 <= share <= 1 for share in found["centre_shares"] + found["sky_shares"] if share is not None)


@pytest.mark.parametrize(
    ("changes", "status", "code", "says"),
    [
        ({"checkpoint": "9"}, 404, "checkpoint_not_found", "there are: 1"),
        ({"dataset": "andromeda"}, 404, "dataset_not_found", "andromeda"),
        ({"count": 0}, 422, "invalid_config", "count"),
        ({"kind": "spiral"}, 422, "invalid_config", "spiral"),
    ],
)
def test_a_curve_that_cannot_be_is_refused_by_name(
    http: TestClient, train: Train, changes: dict[str, Any], status: int, code: str, says: str
) -> None:
    found, detail = refusal(curve(http, train(1), **changes), status)
    assert found == code
    assert says in detail


def test_a_saved_picture_has_the_panels_pixel_for_pixel_and_says_what_it_is(
    http: TestClient, train: Train
) -> None:
    run = train(40)
    requests = [asked(run), asked(run, masking={"hidden": [0, 5]}, pixels="true")]
    answer = http.post("/reconstructions/picture", json={"requests": requests})
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{run}_last_row7_75.0pc.png"
    figure = np.asarray(Image.open(io.BytesIO(answer.content)))
    for strip, request in enumerate(requests):
        single = http.post("/reconstructions", json=request).json()
        for place, name in enumerate(("original", "masked", "reconstruction", "composite", "error")):
            assert np.array_equal(panel(figure, place, strip), pixels(single[name])), name


@pytest.mark.parametrize("file_format", ["gif", "webp"])
def test_a_sweep_goes_through_all_ratios_and_back(http: TestClient, train: Train, file_format: str) -> None:
    run = train(1)
    answer = http.get(f"/reconstructions/sweep.{file_format}", params=ladder_query(run))
    assert answer.headers["content-type"] == f"image/{file_format}"
    animation = Image.open(io.BytesIO(answer.content))
    frames = [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(animation)]
    assert len(frames) == 2 * len(LADDER) - 2
    ranks = np.array(http.get("/reconstructions/ladder", params=ladder_query(run)).json()["ranks"])
    for place in (0, 9, 18):
        masked = panel_of_frame(frames[place], 1)
        hidden = (
            (np.abs(masked - 72) < 12).all(axis=2).reshape(4, 4, 4, 4).transpose(0, 2, 1, 3).reshape(16, 16)
        )
        expected = ranks >= 16 - removed_patches(16, LADDER[place])
        assert (hidden.mean(axis=1) > 0.9).tolist() == expected.tolist(), LADDER[place]
    assert np.abs(frames[1] - frames[-1]).mean() < 2, "the way back shows the same"


def panel_of_frame(frame: np.ndarray, place: int) -> np.ndarray:
    """The middles of the enlarged pixels of a panel, as an animation may blur their borders."""
    left = 8 + place * (SIDE * SCALE + 8)
    return frame[20 : 20 + SIDE * SCALE, left : left + SIDE * SCALE][SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]


def test_what_cannot_be_seen_cannot_be_saved(http: TestClient, train: Train) -> None:
    run = train(1)
    assert http.post("/reconstructions/picture", json={"requests": []}).status_code == 422
    gone = http.post("/reconstructions/picture", json={"requests": [asked(run, viewed={"row": 600})]})
    assert refusal(gone, 404)[0] == "row_not_found"
    assert http.get("/reconstructions/sweep.mp4", params=ladder_query(run)).status_code == 422


def test_an_image_of_ones_own_can_be_saved_too(http: TestClient, train: Train) -> None:
    run = train(1)
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    viewed = {"run": run, "upload": upload(http, buffer.getvalue())["id"]}
    saved = http.post("/reconstructions/picture", json={"requests": [{"viewed": viewed}]})
    assert saved.headers["content-disposition"].endswith("_image_75.0pc.png")
    sweep = http.get("/reconstructions/sweep.webp", params={"query": json.dumps({"viewed": viewed})})
    assert sweep.status_code == 200
