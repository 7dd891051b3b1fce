"""The encoder of a run as ONNX. Loads torch, so it is imported on use."""

from pathlib import Path

import torch
from torch import Tensor

from backend.db.engine import Database
from backend.errors import NotFoundError
from backend.jobs.encoders import find_encoder
from backend.jobs.run_dir import RunDir
from backend.ml.explore.loading import Checkpoint, load_checkpoint
from backend.ml.export.onnx_file import require_onnx, write_onnx
from backend.services.datasets.browsing import Datasets
from backend.services.evaluation.encoders import encoder_run
from backend.services.reconstruction.images import sampled_images
from backend.settings import Settings
from shared.base.vocabulary import Split

COMPARED = 16


def export_onnx(database: Database, settings: Settings, run_id: str, path: Path, checkpoint: str) -> str:
    """Write the file and say how it compares with torch. Raises NotFoundError, InvalidInputError."""
    require_onnx()
    with database.read() as session:
        run = encoder_run(session, run_id)
    step = find_encoder(settings.home, run_id, checkpoint).spec.step
    loaded = load_checkpoint(RunDir(settings.runs_dir / run_id).checkpoints, step)
    images, whose = _inputs(database, settings, run.dataset, loaded)
    difference = write_onnx(loaded, images, path)
    compared = f"differs from torch by at most {difference:.1e} on {whose}"
    return f"{path}: {path.stat().st_size:,} bytes; checkpoint {step}; {compared}"


def _inputs(
    database: Database, settings: Settings, dataset: str | None, loaded: Checkpoint
) -> tuple[Tensor, str]:
    """Images (N, C, H, W) from 0 to 1 to compare on: galaxies, or noise if the dataset is missing."""
    try:
        datasets = Datasets(database, settings)
        _, pixels = sampled_images(datasets, dataset or "", Split.VAL, COMPARED, loaded.config, loaded.bands)
    except NotFoundError:
        side = loaded.config.img_size
        drawn = torch.rand(COMPARED, loaded.bands, side, side, generator=torch.Generator().manual_seed(0))
        return drawn, f"{COMPARED} images of noise (its dataset is missing)"
    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255, f"{len(pixels)} galaxies of {dataset}"
