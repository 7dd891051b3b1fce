"""Reconstructions over HTTP: the real app, real checkpoints, and questions that cannot be answered."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from backend.data.store import GalaxyStore
from backend.ml.checkpoints.store import CheckpointStore, build_model
from backend.ml.runtime.compute import standardise
from backend.settings import Settings
from shared.contract.reconstruction import LADDER
from tests.api.reconstruction.conftest import (
    Train,
    asked,
    own_path,
    pixels,
    reconstruct,
    refusal,
)


def test_a_reconstruction_is_the_training_forward_on_the_same_galaxy_and_noise(
    http: TestClient, settings: Settings, sky: Path, train: Train
) -> None:
    run = train(40)
    found = reconstruct(http, run)
    store = CheckpointStore(settings.runs_dir / run / "checkpoints", 12)
    model = build_model(store.meta(40)).eval()
    store.load(40, model)
    with GalaxyStore.open(sky) as galaxies:
        image = galaxies.images(np.array([7]))[0][4:28, 4:28]  # the run's central 24 pixels
    small = np.asarray(Image.fromarray(image).resize((16, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(pixels(found["original"]), small)
    imgs = standardise(torch.from_numpy(small.copy())[None], torch.full((3,), 0.2), torch.full((3,), 0.1))
    noise = torch.rand(1, 16, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        loss, _, mask = model(imgs, 0.75, noise)
    assert found["loss"] == pytest.approx(float(loss), abs=1e-5)
    assert found["ids_keep"] == (mask[0] == 0).nonzero().flatten().tolist()
    assert (found["visible"], found["patches"], found["step"]) == (4, 16, 40)
    hidden = pixels(found["masked"]).reshape(4, 4, 4, 4, 3).transpose(0, 2, 1, 3, 4).reshape(16, -1)
    assert [index for index in range(16) if (hidden[index] == 72).all()] == mask[
        0
    ].nonzero().flatten().tolist()


def test_the_ranks_of_the_answer_are_those_of_the_ladder(http: TestClient, train: Train) -> None:
    run = train(1)
    found = reconstruct(http, run)
    query = json.dumps({"viewed": {"run": run, "row": 7}, "seed": 3})
    ladder = http.get("/reconstructions/ladder", params={"query": query}).json()
    assert ladder["ranks"] == found["ranks"]
    assert sorted(index for index, rank in enumerate(found["ranks"]) if rank < 4) == found["ids_keep"]


def test_a_ladder_has_the_single_picture_of_each_ratio_and_is_kept(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(1)
    query = json.dumps({"viewed": {"run": run, "row": 7}, "seed": 3, "kind": "core"})
    ladder = http.get("/reconstructions/ladder", params={"query": query}).json()
    assert ladder["curve"]["ratios"] == list(LADDER)
    answer = http.get(own_path(ladder))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    sprite = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    for place in (0, 9, 18):
        single = reconstruct(http, run, masking={"ratio": LADDER[place], "seed": 3, "kind": "core"})
        assert np.array_equal(sprite[:16, 16 * place : 16 * place + 16], pixels(single["reconstruction"]))
        assert ladder["curve"]["losses"][place] == pytest.approx(single["loss"], abs=1e-5)
        assert ladder["error_max"] == single["error_max"]
    kept = sorted((settings.home / "cache" / "sprites").iterdir())
    assert [path.suffix for path in kept] == [".json", ".webp"]
    again = http.get(own_path(ladder), headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/reconstructions/ladder", params={"query": query}).json() == ladder


def test_the_sprite_of_last_stays_that_of_its_step_while_a_run_goes_on(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(1)
    query = json.dumps({"viewed": {"run": run, "row": 7}})
    first = http.get("/reconstructions/ladder", params={"query": query}).json()
    before = http.get(own_path(first))
    store = CheckpointStore(settings.runs_dir / run / "checkpoints", 12)
    store.save(2, build_model(store.meta(1)), store.meta(1))
    second = http.get("/reconstructions/ladder", params={"query": query}).json()
    assert (first["step"], second["step"]) == (1, 2)
    assert http.get(own_path(first)).headers["etag"] == before.headers["etag"]
    assert http.get(own_path(second)).headers["etag"] != before.headers["etag"]


def test_ratio_zero_and_one_and_a_mask_by_hand(http: TestClient, train: Train) -> None:
    run = train(1)
    nothing = reconstruct(http, run, masking={"ratio": 0})
    assert (nothing["visible"], nothing["loss"], nothing["psnr_db"]) == (16, None, None)
    assert "Nothing is hidden" in nothing["note"]
    everything = reconstruct(http, run, masking={"ratio": 1})
    assert (everything["visible"], everything["ids_keep"]) == (0, [])
    assert everything["loss"] > 0
    hand = reconstruct(http, run, masking={"hidden": [0, 5], "ratio": 0.9})
    assert (hand["visible"], hand["ranks"]) == (14, [])
    assert hand["ids_keep"] == [1, 2, 3, 4, *range(6, 16)]


@pytest.mark.parametrize(
    ("changes", "status", "code", "says"),
    [
        ({"viewed": {"row": 60}}, 404, "row_not_found", "rows 0 to 59, not 60"),
        ({"viewed": {"checkpoint": "7"}}, 404, "checkpoint_not_found", "there are: 1"),
        ({"viewed": {"run": "no-such-run-1"}}, 404, "run_not_found", "no-such-run-1"),
        ({"viewed": {"dataset": "andromeda"}}, 404, "dataset_not_found", "andromeda"),
        ({"viewed": {"row": None, "upload": "../../etc"}}, 404, "upload_not_found", "../../etc"),
        ({"viewed": {"row": None, "upload": "0" * 16}}, 404, "upload_not_found", "send it again"),
        ({"viewed": {"row": None}}, 422, "invalid_request", "one galaxy"),
        ({"masking": {"hidden": [99]}}, 422, "no_such_patch", "no patch 99"),
        ({"masking": {"ratio": 1.5}}, 422, "invalid_request", "masking.ratio"),
        ({"average": 33}, 422, "invalid_request", "average"),
    ],
)
def test_a_question_that_cannot_be_answered_is_named(
    http: TestClient, train: Train, changes: dict[str, Any], status: int, code: str, says: str
) -> None:
    run = train(1)
    found, detail = refusal(http.post("/reconstructions", json=asked(run, **changes)), status)
    assert found == code
    assert says in detail


def test_a_ladder_query_that_is_wrong_is_named(http: TestClient, train: Train) -> None:
    run = train(1)
    for query in (
        "{",
        "[]",
        '{"viewed": 3}',
        json.dumps({"viewed": {"run": run, "row": 1}, "kind": "spiral"}),
    ):
        assert http.get("/reconstructions/ladder", params={"query": query}).status_code == 422
        assert http.get("/reconstructions/sprite.webp", params={"query": query}).status_code == 422
