"""Looking inside over HTTP: the numbers of the model itself, and questions that cannot be answered."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from starlette.testclient import TestClient
from torch.nn import functional

from backend.data.store import GalaxyStore
from backend.ml.checkpoints.store import CheckpointStore, build_model
from backend.ml.runtime.compute import standardise
from backend.settings import Settings
from tests.api.reconstruction.conftest import Train, asked, colours, png, refusal, upload


def question(http: TestClient, run: str, viewed: dict[str, Any] | None = None, **changes: Any) -> Any:
    query = {"viewed": {"run": run, "row": 7} | (viewed or {})} | changes
    return http.get("/reconstructions/inside", params={"query": json.dumps(query)})


def look(http: TestClient, run: str, viewed: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    answer = question(http, run, viewed, **changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_numbers_are_those_of_the_model_on_the_same_galaxy(
    http: TestClient, settings: Settings, sky: Path, train: Train
) -> None:
    run = train(40, depth=3)
    found = look(http, run, layer=2, patch=5)
    store = CheckpointStore(settings.runs_dir / run / "checkpoints", 12)
    model = build_model(store.meta(40)).eval()
    store.load(40, model)
    with GalaxyStore.open(sky) as galaxies:
        image = galaxies.images(np.array([7]))[0][4:28, 4:28]  # the run's central 24 pixels
    small = np.asarray(Image.fromarray(image).resize((16, 16), Image.Resampling.BILINEAR))
    imgs = standardise(torch.from_numpy(small.copy())[None], torch.full((3,), 0.2), torch.full((3,), 0.1))
    entering: list[torch.Tensor] = []
    attn = model.blocks[1].attn
    attn.register_forward_pre_hook(lambda _, given: entering.append(given[0]))
    with torch.no_grad():
        tokens = model.forward_features(imgs, depth=2)[0]
        q, k, _ = attn.qkv(entering[0]).view(17, 3, 2, 16).permute(1, 2, 0, 3)
        attention = (q[:, 6] * 16**-0.5)[:, None] @ k.transpose(1, 2)
    attention = attention.softmax(dim=-1)[:, 0]  # (H, 1 + L)
    assert np.allclose(found["attention"], attention[:, 1:], atol=1e-6)
    assert np.allclose(found["attention_to_cls"], attention[:, 0], atol=1e-6)
    assert np.allclose(found["mean_attention"], attention.mean(dim=0)[1:], atol=1e-6)
    cosines = functional.cosine_similarity(tokens[1:], tokens[6:7])
    assert np.allclose(found["similarity"], cosines, atol=1e-5)
    spread = torch.linalg.svdvals(tokens[1:] - tokens[1:].mean(dim=0)) ** 2
    assert np.allclose(found["explained"], (spread / spread.sum())[:3], atol=1e-5)
    shape = [
        found[name] for name in ("step", "img_size", "patch_size", "patches", "layer", "layers", "heads")
    ]
    assert shape == [40, 16, 4, 16, 2, 3, 2]


def test_an_answer_adds_up(http: TestClient, train: Train) -> None:
    run = train(1)
    for patch in (None, 0, 15):
        found = look(http, run, patch=patch)
        assert (found["layer"], found["layers"], found["patch"], found["note"]) == (2, 2, patch, "")
        sums = np.sum(found["attention"], axis=1) + found["attention_to_cls"]
        assert np.allclose(sums, 1, atol=1e-6)
        assert sum(found["mean_attention"]) + found["mean_attention_to_cls"] == pytest.approx(1, abs=1e-6)
        assert np.shape(found["pca"]) == (16, 3)
        assert (np.min(found["pca"], axis=0) == 0).all()
        assert (np.max(found["pca"], axis=0) == 1).all()
        assert 1 >= sum(found["explained"]) > 0
        assert found["explained"] == sorted(found["explained"], reverse=True)
        if patch is not None:
            assert found["similarity"][patch] == pytest.approx(1)


def test_components_do_not_depend_on_who_asks_and_layers_differ(http: TestClient, train: Train) -> None:
    run = train(1)
    one, other, before = look(http, run, patch=3), look(http, run), look(http, run, layer=1)
    assert one["pca"] == other["pca"]
    assert one["attention"] != other["attention"]
    assert before["pca"] != other["pca"]


def test_checkpoints_and_own_images_are_looked_into_alike(http: TestClient, train: Train) -> None:
    run = train(1, 2)
    first, last = look(http, run, {"checkpoint": "1"}), look(http, run)
    assert (first["step"], last["step"]) == (1, 2)
    assert first["attention"] != last["attention"]
    sent = upload(http, png(colours(40, 40)))
    own = look(http, run, {"row": None, "upload": sent["id"]})
    assert own["similarity"] != last["similarity"]


def test_an_encoder_without_a_decoder_is_looked_into(
    http: TestClient, settings: Settings, train: Train
) -> None:
    run = train(5)
    whole = look(http, run, patch=2)
    path = settings.runs_dir / run / "checkpoints" / "step_00000005" / "model.safetensors"
    weights = {
        key: value
        for key, value in load_file(path).items()
        if not key.startswith("decoder") and key != "mask_token"
    }
    save_file(weights, path)
    alone = look(http, run, patch=2)
    assert alone["attention"] == whole["attention"]
    assert refusal(http.post("/reconstructions", json=asked(run)), 422)[0] == "no_decoder"


@pytest.mark.parametrize(
    ("viewed", "changes", "status", "code", "says"),
    [
        ({}, {"layer": 3}, 422, "no_such_layer", "no layer 3; this model has layers 1 to 2"),
        ({}, {"patch": 16}, 422, "no_such_patch", "no patch 16; this model has patches 0 to 15"),
        ({}, {"layer": 0}, 422, "invalid_config", "layer"),
        ({}, {"patch": -1}, 422, "invalid_config", "patch"),
        ({}, {"layer": "last"}, 422, "invalid_config", "layer"),
        ({"row": 60}, {}, 404, "row_not_found", "rows 0 to 59, not 60"),
        ({"row": None}, {}, 422, "invalid_config", "one galaxy"),
        ({"checkpoint": "7"}, {}, 404, "checkpoint_not_found", "there are: 1"),
        ({"dataset": "andromeda"}, {}, 404, "dataset_not_found", "andromeda"),
        ({"row": None, "upload": "0" * 16}, {}, 404, "upload_not_found", "send it again"),
        ({"run": "no-such-run"}, {}, 404, "run_not_found", "no-such-run"),
    ],
)
def test_a_question_that_cannot_be_answered_is_named(
    http: TestClient,
    train: Train,
    viewed: dict[str, Any],
    changes: dict[str, Any],
    status: int,
    code: str,
    says: str,
) -> None:
    found, detail = refusal(question(http, train(1), viewed, **changes), status)
    assert found == code
    assert says in detail


@pytest.mark.parametrize("query", ["{", "[]", '{"viewed": 3}', "x" * 2001])
def test_a_query_that_is_no_question_is_refused(http: TestClient, query: str) -> None:
    assert http.get("/reconstructions/inside", params={"query": query}).status_code == 422
