"""Looking at what a trained model does with one galaxy. Loads torch: services import it on first use."""

from backend.ml.explore.drawing import png_file, side_by_side, webp_file
from backend.ml.explore.embedding import embed_image
from backend.ml.explore.filling import Filled, Ladder, ToRgb, climb, fill
from backend.ml.explore.inside import Looked, look_inside, standardised
from backend.ml.explore.loading import (
    Checkpoint,
    load_checkpoint,
    saved_steps,
    stamp,
    usable_cores,
    use_threads,
)
from backend.ml.explore.masks import ChosenMasks, choose_masks, patch_ranks
from backend.ml.explore.picture_files import Strip, figure_file, sweep_file, sweep_panels
from backend.ml.explore.ratio_curves import LossCurve, sample_curve

__all__ = [
    "Checkpoint",
    "ChosenMasks",
    "Filled",
    "Ladder",
    "Looked",
    "LossCurve",
    "Strip",
    "ToRgb",
    "choose_masks",
    "climb",
    "embed_image",
    "figure_file",
    "fill",
    "load_checkpoint",
    "look_inside",
    "patch_ranks",
    "png_file",
    "sample_curve",
    "saved_steps",
    "side_by_side",
    "stamp",
    "standardised",
    "sweep_file",
    "sweep_panels",
    "usable_cores",
    "use_threads",
    "webp_file",
]
