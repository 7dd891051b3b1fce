"""Frozen features of a dataset's rows at any depth, computed once for all depths and cached.

Shapes: N galaxies, L patches, D width. Depth d is the output of block d, 1 to the number of blocks.
"""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import Tensor

from backend.data.byte_cache import ByteCache
from backend.data.feature_files import POOLED, feature_file, feature_folder, read_features
from backend.data.layout import Rows
from backend.data.store import GalaxyStore, load_images
from backend.errors import InvalidInputError
from backend.ml.mae.models_mae import MaskedAutoencoderViT, Pooling, pool
from backend.ml.runtime.compute import standardise, to_tensor
from shared.configs import ModelConfig

BATCH = 128
READ_AT_ONCE = 1024
FEATURE_BYTES = 4 * 10**9
CURVES: tuple[Pooling, ...] = POOLED
Tick = Callable[[int, int], None]
"""Called with (images done, all images); may raise to cancel."""


class FeatureCache:
    """Frozen features on disk by relative path (see backend.data.feature_files), under a budget of bytes.
    Each split has its own files, so that test rows are computed only once a depth is chosen."""

    def __init__(self, folder: Path, budget: int = FEATURE_BYTES) -> None:
        self.folder = folder
        self._files = ByteCache(folder, budget)

    def get(self, name: str, rows: int) -> Tensor | None:
        """The float32 (rows, D) stored under a name, or None if there are none of so many rows."""
        stored = read_features(self.folder / name, rows)
        return None if stored is None else torch.from_numpy(stored.astype(np.float32))

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def put(self, name: str, features: Tensor) -> None:
        """Store features (N, D), unless they alone are over the budget. In float32: the class token of some
        encoders hardly varies, and standardising would magnify what float16 loses."""
        buffer = io.BytesIO()
        np.save(buffer, features.numpy())
        self._files.put(name, buffer.getvalue())


def at_depths(
    model: MaskedAutoencoderViT, imgs: Tensor, depths: list[int], final_norm: bool
) -> Iterator[Tensor]:
    """Tokens (N, 1 + L, D) float32 after each of the depths, ascending, in one pass; the final norm is
    applied after the last block, and after inner ones with `final_norm`."""
    x = model.embed(imgs)
    for depth, block in enumerate(model.blocks[: max(depths)], start=1):
        x = block(x)
        if depth in depths:
            normed = model.norm(x) if final_norm or depth == len(model.blocks) else x
            yield normed.float()


@dataclass(frozen=True)
class Encoder:
    """A frozen model, its preprocessing, and the digest of its weights."""

    model: MaskedAutoencoderViT
    config: ModelConfig
    mean: Tensor
    std: Tensor
    weights_digest: str

    @property
    def layers(self) -> int:
        return len(self.model.blocks)

    def images(self, store: GalaxyStore, rows: Rows) -> Iterator[Tensor]:
        """Standardised images (n, C, H, W) of the rows, in order; few are in memory at once."""
        for start in range(0, len(rows), READ_AT_ONCE):
            part = rows[start : start + READ_AT_ONCE]
            pixels = load_images(store, part, self.config.img_size, self.config.crop_size)
            for place in range(0, len(pixels), BATCH):
                chunk = to_tensor(pixels[place : place + BATCH], torch.device("cpu"))
                yield standardise(chunk, self.mean, self.std)

    def tokens(self, imgs: Tensor, depths: list[int], final_norm: bool) -> Iterator[Tensor]:
        """As `at_depths`, always in float32, so that features are the same on every machine."""
        with torch.inference_mode():
            yield from at_depths(self.model, imgs, depths, final_norm)


@dataclass(frozen=True)
class FeatureSource:
    """Features of one encoder on one dataset, from the cache if possible."""

    encoder: Encoder
    store: GalaxyStore
    cache: FeatureCache
    final_norm: bool = True
    tick: Tick = lambda _done, _total: None
    computed: list[int] = field(default_factory=list)
    """How many images each pass read."""

    @property
    def folder(self) -> str:
        """Their folder in the cache."""
        return feature_folder(self.encoder.weights_digest, self.store.digest, self.encoder.config)

    def pooled(self, rows: Rows, split: str, depths: list[int]) -> dict[tuple[int, Pooling], Tensor]:
        """Features (N, D) float32 by depth and pooling (cls and mean) of a split's rows; missing ones are
        computed in one pass over the images."""
        keys = [(depth, pooling) for depth in depths for pooling in CURVES]
        found = {key: self.cache.get(self._name(*key, split), len(rows)) for key in keys}
        missing = sorted({depth for (depth, _), features in found.items() if features is None})
        if missing:
            found |= self._compute(rows, split, missing)
        return {key: features for key, features in found.items() if features is not None}

    def kept(self, split: str, depth: int) -> bool:
        """Whether both poolings of a depth are in the cache."""
        return all(self.cache.has(self._name(depth, pooling, split)) for pooling in CURVES)

    def patch_tokens(self, rows: Rows, depth: int) -> Tensor:
        """Patch tokens (N, L, D) float16 at one depth, in memory, not cached. Raises InvalidInputError if
        they would take more than half of the free memory."""
        shape = (len(rows), self.encoder.model.num_patches, self.encoder.model.embed_dim)
        needed, free = 2 * math.prod(shape), psutil.virtual_memory().available
        if needed > free / 2:
            why = f"attentive pooling needs {needed / 1e9:.1f} GB for the tokens of {len(rows)} images"
            advice = "leave attentive out, or use a smaller dataset"
            raise InvalidInputError(
                "tokens_too_large", f"{why}, {free / 1e9:.1f} GB are free; {advice}", "heads"
            )
        tokens = torch.empty(shape, dtype=torch.float16)
        self.computed.append(len(rows))
        done = 0
        for imgs in self.encoder.images(self.store, rows):
            [found] = self.encoder.tokens(imgs, [depth], self.final_norm)
            tokens[done : done + len(imgs)] = found[:, 1:]
            done += len(imgs)
            self.tick(done, len(rows))
        return tokens

    def _compute(self, rows: Rows, split: str, depths: list[int]) -> dict[tuple[int, Pooling], Tensor]:
        width = self.encoder.model.embed_dim
        made = {(depth, pooling): torch.empty(len(rows), width) for depth in depths for pooling in CURVES}
        self.computed.append(len(rows))
        done = 0
        for imgs in self.encoder.images(self.store, rows):
            for depth, tokens in zip(depths, self.encoder.tokens(imgs, depths, self.final_norm), strict=True):
                for pooling in CURVES:
                    made[depth, pooling][done : done + len(imgs)] = pool(tokens, pooling)
            done += len(imgs)
            self.tick(done, len(rows))
        for key, features in made.items():
            self.cache.put(self._name(*key, split), features)
        return dict(made)

    def _name(self, depth: int, pooling: Pooling, split: str) -> str:
        raw = not self.final_norm and depth != self.encoder.layers
        return f"{self.folder}/{feature_file(depth, pooling, split, raw=raw)}"


def combined(features: dict[tuple[int, Pooling], Tensor], depth: int, pooling: Pooling) -> Tensor:
    """Features (N, D) of one depth and pooling; for both, cls and mean side by side (N, 2D)."""
    if pooling == "both":
        return torch.cat([features[depth, one] for one in CURVES], dim=1)
    return features[depth, pooling]


def fresh_weights_digest(encoder: MaskedAutoencoderViT) -> str:
    """SHA-256 over the weights of an encoder that is not in a file."""
    digest = sha256()
    for name, value in sorted(encoder.state_dict().items()):
        if not name.startswith(("decoder", "mask_token")):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(value.numpy()).tobytes())
    return digest.hexdigest()
