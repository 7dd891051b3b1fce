"""The features of one image, as a job of kind embed computes those of a dataset."""

import numpy as np
from numpy.typing import NDArray

from backend.data.layout import Pixels
from backend.ml.explore.inside import standardised
from backend.ml.explore.loading import Checkpoint
from backend.ml.mae.models_mae import Pooling, pool
from backend.ml.probing.feature_cache import rounded
from backend.ml.probing.features import Encoder


def embed_image(checkpoint: Checkpoint, pixels: Pixels, depth: int, pooling: Pooling) -> NDArray[np.float32]:
    """Features (1, D) of an image (H, W, C) uint8 of the model's size."""
    encoder = Encoder(checkpoint.model, checkpoint.config, checkpoint.mean, checkpoint.std, "")
    imgs = standardised(pixels, checkpoint.mean, checkpoint.std)
    [tokens] = encoder.tokens(imgs, [depth], final_norm=True)
    features: NDArray[np.float32] = rounded(pool(tokens, pooling)).numpy()
    return features
