"""Looking at what a trained model does with one galaxy. Loads torch: services import it on first use."""

from backend.ml.explore.drawing import png_file, side_by_side, webp_file
from backend.ml.explore.filling import Filled, Ladder, ToRgb, climb, fill
from backend.ml.explore.loading import (
    Checkpoint,
    load_checkpoint,
    saved_steps,
    stamp,
    usable_cores,
    use_threads,
)
from backend.ml.explore.masks import ChosenMasks, choose_masks, patch_ranks

__all__ = [
    "Checkpoint",
    "ChosenMasks",
    "Filled",
    "Ladder",
    "ToRgb",
    "choose_masks",
    "climb",
    "fill",
    "load_checkpoint",
    "patch_ranks",
    "png_file",
    "saved_steps",
    "side_by_side",
    "stamp",
    "usable_cores",
    "use_threads",
    "webp_file",
]
