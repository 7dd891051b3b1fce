"""`galaxyscope models import`: a real process, a supervisor, a worker."""

import json
from pathlib import Path

import torch

from backend.ml.mae.models_mae import MaskedAutoencoderViT
from tests.cli.shell import call, shell


def test_an_imported_model_is_in_the_list_of_runs(tmp_path: Path) -> None:
    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": 64, "depth": 1, "num_heads": 1}
    model = MaskedAutoencoderViT(**sizes, decoder_embed_dim=32, decoder_depth=1)
    home = tmp_path / "home"
    torch.save(model.state_dict(), tmp_path / "mae.pth")
    words = ("--name", "from elsewhere", "--decoder-num-heads", "16")
    answer = shell(home, "models", "import", str(tmp_path / "mae.pth"), *words)
    assert answer.returncode == 0, answer.stderr
    printed = " ".join(answer.stdout.split())
    assert "import_model: succeeded ViT D64 L1 p8 at 32 px, 3 bands, encoder and decoder;" in printed
    [run] = json.loads(call(home, "runs", "list", "--json").stdout)
    assert (run["kind"], run["state"], run["name"]) == ("import_model", "succeeded", "from elsewhere")
    assert answer.stdout.startswith(run["id"])
    assert (home / "runs" / run["id"] / "checkpoints" / "step_00000000" / "model.safetensors").is_file()
