"""An encoder as ONNX, where the extra is installed."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backend.errors import InvalidInputError
from backend.ml.explore.loading import Checkpoint
from backend.ml.export import onnx_file
from backend.ml.export.onnx_file import require_onnx, write_onnx
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from shared.configs import ModelConfig
from tests.data.conftest import raises

SIZES = {"img_size": 16, "patch_size": 4, "embed_dim": 32, "depth": 2, "num_heads": 2}


def made() -> Checkpoint:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = MaskedAutoencoderViT(**SIZES, decoder_embed_dim=16, decoder_depth=1, decoder_num_heads=1)  # type: ignore[arg-type]
    config = ModelConfig(**SIZES, decoder_embed_dim=16, decoder_depth=1, decoder_num_heads=1)  # type: ignore[arg-type]
    return Checkpoint(
        3, model.eval().requires_grad_(False), config, torch.full((3,), 0.2), torch.full((3,), 0.1)
    )


@pytest.fixture
def _extra() -> None:
    """A loud skip where the extra is not installed."""
    try:
        require_onnx()
    except InvalidInputError as error:
        pytest.skip(error.detail)


@pytest.mark.usefixtures("_extra")
def test_onnxruntime_gives_our_features_for_any_number_of_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    checkpoint, images, path = made(), torch.rand(5, 3, 16, 16), tmp_path / "encoder.onnx"
    assert write_onnx(checkpoint, images, path) <= 1e-5
    session = onnxruntime.InferenceSession(str(path))
    tokens = checkpoint.model.forward_features((images - 0.2) / 0.1)
    for count in (1, 3, 5):
        cls, mean = map(torch.from_numpy, session.run(None, {"images": images[:count].numpy()}))
        torch.testing.assert_close(cls, tokens[:count, 0], rtol=0, atol=1e-5)
        torch.testing.assert_close(mean, tokens[:count, 1:].mean(dim=1), rtol=0, atol=1e-5)
    path.unlink()
    monkeypatch.setattr(onnx_file, "MAX_DIFFERENCE", -1.0)
    with raises(InvalidInputError, "onnx_differs"):
        write_onnx(replace(checkpoint), images, path)
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_the_command_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "EXTRA", ("onnx_is_not_here",))
    with raises(InvalidInputError, "no_onnx", "onnx_is_not_here", "pip install"):
        require_onnx()
