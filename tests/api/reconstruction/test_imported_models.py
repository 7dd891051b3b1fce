"""A model that was trained elsewhere, taken in through the API and looked at like any other."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from starlette.testclient import TestClient

from backend.data.store import GalaxyStore, load_images
from backend.errors import InvalidInputError
from backend.jobs.run_dir import Result, RunDir
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks import import_model as task
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from backend.ml.runtime.compute import standardise, to_tensor
from backend.settings import Settings
from shared.contract.reconstruction import LadderRequest
from tests.api.reconstruction.conftest import asked, reconstruct, refusal

ImportModel = Callable[..., tuple[str, Result]]
HEADS = {"num_heads": 2, "decoder_num_heads": 2}


@pytest.fixture
def import_model(http: TestClient, settings: Settings, sky: Path) -> ImportModel:
    """Asks for an import through the API and does the worker's part here; the run's id and how it ended."""

    def make(path: Path, **config: Any) -> tuple[str, Result]:
        answer = http.post("/runs", json={"kind": "import_model", "config": {"path": str(path)} | config})
        assert answer.status_code == 201, answer.text
        run_dir = RunDir(settings.runs_dir / answer.json()["id"])
        with RunWriter(run_dir, 1) as writer:
            return answer.json()["id"], task.run(run_dir.spec(), settings.home, writer)

    return make


def mae(**changes: Any) -> MaskedAutoencoderViT:
    sizes = {"img_size": 16, "patch_size": 4, "embed_dim": 32, "depth": 2, "num_heads": 2}
    decoder = {"decoder_embed_dim": 32, "decoder_depth": 1, "decoder_num_heads": 2}
    model = MaskedAutoencoderViT(**sizes | decoder | changes)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()


def saved(path: Path, weights: dict[str, torch.Tensor]) -> Path:
    save_file(weights, path) if path.suffix == ".safetensors" else torch.save({"model": weights}, path)
    return path


def meta_of(settings: Settings, run: str) -> dict[str, Any]:
    path = settings.runs_dir / run / "checkpoints" / "step_00000000" / "meta.json"
    meta: dict[str, Any] = json.loads(path.read_text())
    return meta


@pytest.mark.parametrize("name", ["mae.pth", "mae.safetensors"])
@pytest.mark.parametrize("norm_pix_loss", [True, False])
def test_an_imported_mae_reconstructs_as_its_source_does(
    http: TestClient, tmp_path: Path, sky: Path, import_model: ImportModel, name: str, norm_pix_loss: bool
) -> None:
    source = mae(norm_pix_loss=norm_pix_loss)
    run, _ = import_model(
        saved(tmp_path / name, source.state_dict()), dataset="sky", crop_size=24, norm_pix_loss=norm_pix_loss,
        **HEADS,
    )  # fmt: skip
    answer = reconstruct(http, run)
    with GalaxyStore.open(sky) as store:
        images = load_images(store, torch.tensor([7]).numpy(), 16, 24)
        mean, std = torch.from_numpy(store.channel_mean), torch.from_numpy(store.channel_std)
    noise = torch.ones(1, 16)
    noise[0, answer["ids_keep"]] = 0
    with torch.inference_mode():
        loss = source(standardise(to_tensor(images, mean.device), mean, std), 0.75, noise)[0]
    assert answer["loss"] == pytest.approx(float(loss), rel=1e-5)
    assert ("norm_pix_loss off" in answer["note"]) is not norm_pix_loss


def test_the_checkpoint_says_where_it_came_from_and_what_was_assumed(
    http: TestClient, settings: Settings, tmp_path: Path, import_model: ImportModel
) -> None:
    path = saved(tmp_path / "mae.pth", mae().state_dict())
    run, result = import_model(path)
    origin = meta_of(settings, run)["origin"]
    assert origin["file"] == "mae.pth"
    assert origin["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert origin["format"] == "facebookresearch/mae"
    for words in (
        "ImageNet's mean and std",
        "1 head of width 32 assumed in the encoder",
        "1 head of width 32 assumed in the decoder",
        "normalised patches",
    ):
        assert any(words in note for note in origin["notes"])
        assert words in str(result.reason)
    assert str(result.reason).startswith("ViT D32 L2 p4 at 16 px, 3 bands, encoder and decoder; ")
    found = http.get(f"/runs/{run}/checkpoints").json()
    assert (found["steps"], found["epochs"], found["last"]) == ([0], [0.0], 0)


def test_mean_and_std_are_those_given_then_the_datasets_then_imagenets(
    settings: Settings, tmp_path: Path, sky: Path, import_model: ImportModel
) -> None:
    path = saved(tmp_path / "mae.pth", mae().state_dict())
    given = {"mean": "0.1,0.2,0.3", "std": "0.4, 0.5, 0.6"}
    with GalaxyStore.open(sky) as store:
        own, digest = store.channel_mean.tolist(), store.digest
    meta = meta_of(settings, import_model(path, dataset="sky", **given)[0])
    assert (meta["mean"], meta["std"], meta["dataset_digest"]) == ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6], digest)
    assert meta_of(settings, import_model(path, dataset="sky")[0])["mean"] == own
    assert meta_of(settings, import_model(path)[0])["mean"] == [0.485, 0.456, 0.406]


def test_bands_of_which_nothing_is_known_are_asked_for(tmp_path: Path, import_model: ImportModel) -> None:
    path = saved(tmp_path / "deep.pth", mae(in_chans=5).state_dict())
    for config, says in (
        ({}, "5 bands of unknown mean and std"),
        ({"dataset": "sky"}, "reads 5 bands and sky has 3"),
        ({"mean": [0.1, 0.1], "std": [1, 1]}, "reads 5 bands and mean has 2"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            import_model(path, **config)


def test_a_timm_vit_is_looked_into_but_reconstructs_nothing_and_says_why(
    http: TestClient, settings: Settings, tmp_path: Path, import_model: ImportModel
) -> None:
    source = timm.create_model("vit_tiny_patch16_224", pretrained=False, img_size=64, patch_size=8)
    run, result = import_model(saved(tmp_path / "vit.pth", source.state_dict()), dataset="sky")
    assert "ViT D192 L12 p8 at 64 px, 3 bands, encoder only; read as timm ViT" in str(result.reason)
    ladder = LadderRequest.model_validate({"viewed": {"run": run, "row": 7}}).model_dump_json()
    for answer in (
        http.post("/reconstructions", json=asked(run)),
        http.get("/reconstructions/ladder", params={"query": ladder}),
    ):
        code, detail = refusal(answer, 422)
        assert code == "no_decoder"
        assert "decoder" in detail
    assert http.get(f"/runs/{run}/checkpoints").json()["loaded"] == [0]


def test_an_imported_model_is_listed_among_models_but_is_no_training(
    http: TestClient, tmp_path: Path, import_model: ImportModel
) -> None:
    run, _ = import_model(saved(tmp_path / "mae.pth", mae().state_dict()), dataset="sky")
    [listed] = http.get("/runs").json()
    assert (listed["id"], listed["kind"]) == (run, "import_model")
    assert (listed["lane"], listed["dataset"]) == ("light", "sky")
    assert (listed["metrics"], listed["baselines"]) == ({}, {})
    assert refusal(http.post(f"/runs/{run}/pause"), 409)[0] == "not_pausable"
    launch = {"kind": "pretrain", "config": {"dataset": "sky", "batch_size": 16}}
    estimate = http.post("/launch/estimate", json=launch).json()
    assert estimate["starts"] == "at once"


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"path": "/etc/passwd"}, 403, "outside the folders"),
    ({"path": "nothing.pth"}, 422, "there is no file"),
    ({"path": ""}, 422, "path"),
    ({"path": "here.pth", "dataset": "moon"}, 404, "there is no dataset moon"),
    ({"path": "here.pth", "mean": "0.5"}, 422, "std is missing"),
    ({"path": "here.pth", "mean": "0.5,0.5", "std": "1"}, 422, "mean has 2 bands and std 1"),
    ({"path": "here.pth", "mean": "0.5", "std": "0"}, 422, "std 0 is not above 0"),
    ({"path": "here.pth", "mean": "red", "std": "1"}, 422, "red"),
    ({"path": "here.pth", "mean": ["inf"], "std": [1]}, 422, "1 to 5 numbers"),
    ({"path": "here.pth", "num_heads": 0}, 422, "num_heads = 0"),
]


def test_what_cannot_work_is_refused_before_it_is_queued(http: TestClient, tmp_path: Path, sky: Path) -> None:
    (tmp_path / "here.pth").touch()
    for config, status, says in REFUSED:
        assert says in refusal(http.post("/runs", json={"kind": "import_model", "config": config}), status)[1]
    assert http.get("/runs").json() == []


def test_a_link_out_of_the_folders_made_after_the_question_is_not_followed(
    http: TestClient, settings: Settings, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = saved(tmp_path_factory.mktemp("elsewhere") / "mae.pth", mae().state_dict())
    path = saved(tmp_path / "mae.pth", mae().state_dict())
    run = http.post("/runs", json={"kind": "import_model", "config": {"path": "mae.pth"}}).json()["id"]
    path.unlink()
    path.symlink_to(secret)
    run_dir = RunDir(settings.runs_dir / run)
    with RunWriter(run_dir, 1) as writer, pytest.raises(Exception, match="outside the folders"):
        task.run(run_dir.spec(), settings.home, writer)
    assert not run_dir.checkpoints.exists()
