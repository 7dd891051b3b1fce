"""Exporting the encoder of a checkpoint for timm, without decoder or head, and without torch."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import InvalidInputError
from backend.jobs.encoders import WEIGHTS, FoundEncoder, find_encoder
from backend.services.evaluation.encoders import encoder_run
from backend.settings import Settings
from shared.configs import ModelConfig
from shared.contract.bundles import METADATA, encoder_name

ENCODER = re.compile(r"(patch_embed|blocks|norm)\..+|cls_token|pos_embed")
"""Names of facebookresearch/mae and timm; fixed positions are stored too."""


@dataclass(frozen=True)
class EncoderFile:
    """A safetensors file; `left_out` names parts of the checkpoint that it lacks."""

    name: str
    content: bytes
    left_out: str


def encoder_file(database: Database, settings: Settings, run_id: str, checkpoint: str) -> EncoderFile:
    """The encoder of best, last or a step. Raises NotFoundError, InvalidInputError."""
    with database.read() as session:
        run = encoder_run(session, run_id)
    found = find_encoder(settings.home, run_id, checkpoint)
    weights = _encoder_weights(settings.home / found.spec.folder / WEIGHTS, found.spec.step)
    metadata = {METADATA: json.dumps(encoder_metadata(run, found)), "format": "pt"}
    return EncoderFile(encoder_name(run_id), save(weights, metadata=metadata), _left_out(run))


def encoder_metadata(run: RunRow, found: FoundEncoder) -> dict[str, Any]:
    """Arguments of timm's VisionTransformer, mean and std a band (images from 0 to 1), and the origin."""
    config = ModelConfig.of(found.meta["config"])
    return {
        "timm": {
            "img_size": config.img_size,
            "patch_size": config.patch_size,
            "in_chans": found.channels,
            "embed_dim": config.embed_dim,
            "depth": config.depth,
            "num_heads": config.num_heads,
            "mlp_ratio": config.mlp_ratio,
            "class_token": True,
            "global_pool": "token",
            "num_classes": 0,
        },
        "mean": found.meta["mean"],
        "std": found.meta["std"],
        "crop_size": config.crop_size,
        "run": run.id,
        "kind": run.kind,
        "step": found.spec.step,
        "dataset": run.dataset,
        "dataset_digest": found.meta.get("dataset_digest"),
    }


def _encoder_weights(path: Path, step: int) -> dict[str, NDArray[Any]]:
    try:
        weights = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InvalidInputError(
            "damaged_checkpoint", f"checkpoint {step} does not load: {error}; choose another", "checkpoint"
        ) from None
    return {name: np.ascontiguousarray(value) for name, value in weights.items() if ENCODER.fullmatch(name)}


def _left_out(run: RunRow) -> str:
    parts = {"pretrain": "the decoder", "import_model": "the decoder, if it has one,"}
    return f"{parts.get(run.kind, 'the head')} is left out"
