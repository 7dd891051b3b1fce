"""Inside an encoder that sees every patch of one galaxy: attention, features and their similarity.

Nothing is masked, as in feature extraction (docs/science.md §3.8). Tokens are the class token, 0, then the
patches, row by row. The decoder is not used.

Shapes: L patches, D width, H heads, M of the tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from backend.errors import InvalidInputError
from backend.ml.explore.loading import Checkpoint
from backend.ml.mae.models_mae import MaskedAutoencoderViT, Pooling, pool
from backend.ml.probing.features import Encoder
from backend.ml.runtime.compute import standardise, to_tensor
from backend.ml.runtime.contracts import Pixels

COMPONENTS = 3
PERCENTILES = (0.01, 0.99)
NO_VARIANCE = 1e-9
"""A component of a smaller share of the variance is rounding."""


@dataclass(frozen=True)
class InsideView:
    """Attention (H, 1 + L) of the query token over all tokens, in block `layer` of `layers`; similarity (L,),
    components (L, 3) and explained (3,) of the patch features after that block and the final norm."""

    layer: int
    layers: int
    attention: Tensor
    similarity: Tensor
    components: Tensor
    explained: Tensor
    note: str


@torch.inference_mode()
def look_inside(
    model: MaskedAutoencoderViT, imgs: Tensor, layer: int | None, patch: int | None
) -> InsideView:
    """One standardised image (1, C, H, W) in block `layer` (the last if None), with a patch as the query (the
    class token if None). Raises InvalidInputError for an unknown layer or patch."""
    layers, patches = len(model.blocks), model.num_patches
    layer = layers if layer is None else layer
    _require("layer", layer, f"layers 1 to {layers}", 1 <= layer <= layers)
    if patch is not None:
        _require("patch", patch, f"patches 0 to {patches - 1}", 0 <= patch < patches)
    query = 0 if patch is None else 1 + patch
    attention, features = attention_from(model, imgs, layer, query)
    components, explained = principal_components(features[1:])
    similarity = patch_similarity(features, query)
    return InsideView(layer, layers, attention, similarity, components, explained, _note(explained))


def standardised(image: Pixels, mean: Tensor, std: Tensor) -> Tensor:
    """An image (H, W, C) uint8 as `look_inside` takes it."""
    return standardise(to_tensor(image[None], mean.device), mean, std)


def embed_image(checkpoint: Checkpoint, pixels: Pixels, depth: int, pooling: Pooling) -> NDArray[np.float32]:
    """Features (1, D) of an image (H, W, C) uint8 of the model's size, as a job of kind embed computes
    them."""
    encoder = Encoder(checkpoint.model, checkpoint.config, checkpoint.mean, checkpoint.std, "")
    imgs = standardised(pixels, checkpoint.mean, checkpoint.std)
    [tokens] = encoder.tokens(imgs, [depth], final_norm=True)
    features: NDArray[np.float32] = pool(tokens, pooling).numpy()
    return features


def attention_from(
    model: MaskedAutoencoderViT, imgs: Tensor, layer: int, query: int
) -> tuple[Tensor, Tensor]:
    """Of one image (1, C, H, W): the attention (H, 1 + L) of token `query` in block `layer`, from 1, and the
    features (1 + L, D) of all tokens after it and the final norm."""
    x = model.embed(imgs)
    for block in model.blocks[: layer - 1]:
        x = block(x)
    block = model.blocks[layer - 1]
    attention = attention_rows(block, x, [query])[0, :, 0]
    features: Tensor = model.norm(block(x))
    return attention, features[0]


def attention_rows(block: nn.Module, x: Tensor, queries: Sequence[int]) -> Tensor:
    """softmax(q·kᵀ/√d) of a timm block for tokens x (N, 1 + L, D): the rows (N, H, M, 1 + L) of M =
    len(queries) tokens, each of sum 1."""
    part: Any = block  # timm has no types
    normed, attn = part.norm1(x), part.attn
    shape = (*normed.shape[:2], 3, attn.num_heads, attn.head_dim)
    q, k, _ = attn.qkv(normed).view(shape).permute(2, 0, 3, 1, 4)  # each (N, H, 1 + L, d)
    q = attn.q_norm(q[:, :, list(queries)]) * attn.scale
    rows: Tensor = (q @ attn.k_norm(k).transpose(-2, -1)).softmax(dim=-1)
    return rows


def patch_similarity(features: Tensor, query: int) -> Tensor:
    """Cosines (L,), −1 to 1, of the patches of features (1 + L, D) with token `query`; 1 with itself."""
    units = functional.normalize(features.double(), dim=-1)
    cosines: Tensor = units[1:] @ units[query]
    return cosines.clamp(-1, 1)


def principal_components(features: Tensor) -> tuple[Tensor, Tensor]:
    """The first three principal components of features (L, D) as colours: values (L, 3) in 0 to 1, and the
    shares (3,) of the variance that they explain.

    Each is scaled from its 1st to its 99th percentile, its sign such that the patch farthest from the mean is
    above it. A missing component is 0.5 everywhere, and explains 0.
    """
    centred = features.double() - features.double().mean(dim=0)
    axes, spread, _ = torch.linalg.svd(centred, full_matrices=False)
    shares = spread.square() / spread.square().sum().clamp_min(torch.finfo(torch.float64).tiny)
    values = torch.full((len(features), COMPONENTS), 0.5, dtype=torch.float64)
    explained = torch.zeros(COMPONENTS, dtype=torch.float64)
    for i in range(min(COMPONENTS, len(spread))):
        if shares[i] > NO_VARIANCE and spread[i] > _rounding(features):
            values[:, i], explained[i] = _stretched(axes[:, i]), shares[i]
    return values, explained


def _stretched(scores: Tensor) -> Tensor:
    """Scores (L,) of mean 0 as 0 to 1, the farthest from 0 above it."""
    scores = scores * scores[scores.abs().argmax()].sign()
    low, high = torch.quantile(scores, torch.tensor(PERCENTILES, dtype=scores.dtype))
    if high - low < NO_VARIANCE:  # all but a patch or two are equal
        low, high = scores.min(), scores.max()
    stretched: Tensor = (scores - low) / (high - low)
    return stretched.clamp(0, 1)


def _rounding(features: Tensor) -> float:
    """The spread of equal float32 features due to rounding."""
    return float(features.double().norm()) * torch.finfo(torch.float32).eps


def _note(explained: Tensor) -> str:
    """Which components are missing; "" if none."""
    found = int((explained > 0).sum())
    if found == 0:
        return "The features of all patches are the same, so there is no component to show."
    if found < COMPONENTS:
        return f"The features of the patches vary along only {found} of {COMPONENTS} components."
    return ""


def _require(what: str, value: int, known: str, is_known: bool) -> None:
    if not is_known:
        why = f"there is no {what} {value}; this model has {known}"
        raise InvalidInputError(f"no_such_{what}", why, what)
