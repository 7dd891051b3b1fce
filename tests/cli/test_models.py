"""`galaxyscope models import` as a person types it: a real process, a supervisor, a worker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from backend.cli import main
from backend.ml.models_mae import MaskedAutoencoderViT


def shell(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"GALAXYSCOPE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "backend.cli", "models", "import", *words]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=100)


def test_a_model_is_imported_and_stands_in_the_list_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": 64, "depth": 1, "num_heads": 1}
    model = MaskedAutoencoderViT(**sizes, decoder_embed_dim=32, decoder_depth=1)
    home = tmp_path / "home"
    torch.save(model.state_dict(), tmp_path / "mae.pth")
    answer = shell(home, str(tmp_path / "mae.pth"), "--name", "from elsewhere", "--decoder-num-heads", "16")
    assert answer.returncode == 0, answer.stderr
    words = " ".join(answer.stdout.split())
    assert "adopt: succeeded ViT D64 L1 p8 at 32 px, 3 bands, encoder and decoder;" in words
    monkeypatch.setenv("GALAXYSCOPE_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["galaxyscope", "runs", "list", "--json"])
    with pytest.raises(SystemExit):
        main()
    [run] = json.loads(capsys.readouterr().out)
    assert (run["kind"], run["state"], run["name"]) == ("adopt", "succeeded", "from elsewhere")
    assert answer.stdout.startswith(run["id"])
    assert (home / "runs" / run["id"] / "checkpoints" / "step_00000000" / "model.safetensors").is_file()
