"""An encoder as ONNX, written only if onnxruntime reproduces the features of torch.

Input `images` (N, C, H, W) float32 from 0 to 1, N free; outputs `cls` and `mean` (N, D): the class token, and
the mean of the patch tokens, after the final norm. The mean and std of the bands are included.
"""

import logging
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from backend.errors import InvalidInputError
from backend.ml.explore.loading import Checkpoint
from backend.ml.mae.models_mae import MaskedAutoencoderViT, pool

MAX_DIFFERENCE = 1e-4
EXTRA = ("onnx", "onnxscript", "onnxruntime")
INSTALL = "pip install -c constraints.txt -e '.[onnx]'"


class PooledEncoder(nn.Module):
    """Images from 0 to 1 → class token and mean of patches."""

    band_mean: Tensor
    band_std: Tensor

    def __init__(self, encoder: MaskedAutoencoderViT, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("band_mean", mean.view(1, -1, 1, 1))
        self.register_buffer("band_std", std.view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.encoder.forward_features((images - self.band_mean) / self.band_std)
        return pool(tokens, "cls"), pool(tokens, "mean")


def require_onnx() -> None:
    """Raise InvalidInputError, with the command, if the extra is not installed."""
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise InvalidInputError("no_onnx", f"ONNX export needs {', '.join(missing)}; install: {INSTALL}")


def write_onnx(checkpoint: Checkpoint, images: Tensor, path: Path) -> float:
    """Export to `path`; the largest difference from torch of any feature of `images` (N, C, H, W; 0 to 1).
    Raises InvalidInputError above MAX_DIFFERENCE, and then leaves no file."""
    require_onnx()
    model = PooledEncoder(checkpoint.model, checkpoint.mean, checkpoint.std).eval()
    building = path.with_name(f".{path.name}.building")
    try:
        _export(model, images[:2], building)
        difference = _difference(model, images, building)
        if not difference <= MAX_DIFFERENCE:
            why = f"onnxruntime differs from torch by {difference:.2g}, more than {MAX_DIFFERENCE:g}"
            raise InvalidInputError("onnx_differs", f"{why}; use the safetensors of --encoder")
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)
    return difference


def _export(model: nn.Module, images: Tensor, path: Path) -> None:
    logging.getLogger("onnxscript").setLevel(logging.ERROR)  # it logs how it rewrites the graph
    with torch.inference_mode():
        torch.onnx.export(
            model,
            (images,),
            str(path),
            input_names=["images"],
            output_names=["cls", "mean"],
            dynamic_shapes={"images": {0: torch.export.Dim.DYNAMIC}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )


@torch.inference_mode()
def _difference(model: nn.Module, images: Tensor, path: Path) -> float:
    """Of all images at once, and of one alone."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = 0.0
    for some in (images, images[:1]):
        answers = session.run(["cls", "mean"], {"images": some.numpy()})
        pairs = zip(model(some), map(torch.from_numpy, answers), strict=True)
        found = max(found, *(float((ours - theirs).abs().max()) for ours, theirs in pairs))
    return found
