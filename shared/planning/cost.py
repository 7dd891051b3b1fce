"""The cost of a training, by arithmetic."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from shared.base.vocabulary import Split
from shared.configs import ClassifierConfig, PretrainConfig, visible_patches
from shared.configs.models import EncoderConfig
from shared.contract.datasets import Dataset

SHAPE_FIELDS = (
    "img_size patch_size embed_dim depth mlp_ratio decoder_embed_dim decoder_depth mask_ratio batch_size "
    "precision device"
).split()

LIBRARY_BYTES = 150 * 10**6
ACTIVATION_BYTES = {"auto": 60, "bfloat16": 60, "float32": 100}
"""Bytes stored for the backward pass, a block, token and unit of width, at mlp_ratio 4."""
ATTENTION_BYTES = 6
"""The same a pair of tokens in a head: three scores of two bytes."""


@dataclass(frozen=True)
class Cost:
    """Counts of one run. `memory_bytes` is the peak over the idle process, estimated. `checkpoint_bytes` is
    for float32 weights; `disk_bytes` adds the kept ones, the last one's optimiser state (twice as much) and
    the samples. FLOPs are of one image's forward pass, multiply and add as two."""

    rows: int
    steps_per_epoch: int
    steps: int
    images_seen: int
    evaluations: int
    patches: int
    visible: int
    encoder_parameters: int
    decoder_parameters: int
    checkpoint_bytes: int
    disk_bytes: int
    memory_bytes: int
    encoder_flops: float
    decoder_flops: float

    @property
    def training_flops(self) -> float:
        """Of one image: the backward pass costs twice the forward."""
        return 3 * (self.encoder_flops + self.decoder_flops)


def training_rows(pretrain_rows: str, dataset: Dataset) -> int:
    """Number of images of a pretraining."""
    return dataset.n if pretrain_rows == "all" else dataset.split_counts.get(Split.TRAIN, 0)


def estimate_cost(config: PretrainConfig, dataset: Dataset) -> Cost:
    rows = training_rows(config.pretrain_rows, dataset)
    steps_per_epoch = max(rows // config.batch_size, 1)
    evaluations = 1 + math.ceil(config.epochs / config.eval_every_epochs)
    encoder = count_encoder(config, len(dataset.bands))
    decoder = count_decoder(config, len(dataset.bands))
    return Cost(
        rows=rows,
        steps_per_epoch=steps_per_epoch,
        steps=steps_per_epoch * config.epochs,
        images_seen=steps_per_epoch * config.epochs * min(config.batch_size, rows),
        evaluations=evaluations,
        patches=(config.img_size // config.patch_size) ** 2,
        visible=visible_patches(config.img_size, config.patch_size, config.mask_ratio),
        encoder_parameters=encoder,
        decoder_parameters=decoder,
        checkpoint_bytes=4 * (encoder + decoder),
        disk_bytes=_disk_bytes(config, 4 * (encoder + decoder), evaluations),
        memory_bytes=_memory_bytes(config, encoder + decoder, dataset, rows),
        encoder_flops=encoder_flops(config, len(dataset.bands)),
        decoder_flops=decoder_flops(config, len(dataset.bands)),
    )


def _memory_bytes(config: PretrainConfig, parameters: int, dataset: Dataset, rows: int) -> int:
    """Libraries; weights, gradients and Adam's two moments in float32, and weights in bfloat16; activations
    of a step; resident images; three copies of the features of an evaluation.

    Fitted to the peaks of the eight SIZES at 64 px on a CPU in bfloat16, to within 30 %.
    """
    visible = visible_patches(config.img_size, config.patch_size, config.mask_ratio) + 1
    length = config.num_patches + 1
    encoder = config.depth * visible * config.embed_dim
    decoder = config.decoder_depth * length * config.decoder_embed_dim
    each = ACTIVATION_BYTES[config.precision] * (1 + config.mlp_ratio) / 5
    heads = (
        config.depth * config.num_heads * visible**2
        + config.decoder_depth * config.decoder_num_heads * length**2
    )
    step = config.batch_size * (each * (encoder + decoder) + ATTENTION_BYTES * heads)
    held_out = dataset.split_counts.get(Split.VAL, 0)
    images = (rows + held_out) * config.img_size**2 * len(dataset.bands)
    features = 3 * 4 * config.embed_dim * (rows + held_out)
    return int(LIBRARY_BYTES + 18 * parameters + step + images + features)


def _disk_bytes(config: PretrainConfig, checkpoint_bytes: int, evaluations: int) -> int:
    kept = min(config.keep_checkpoints, evaluations) + 2  # besides last and best
    samples = evaluations * 4 * config.sample_count * config.img_size**2 * 3
    return (kept + 2) * checkpoint_bytes + samples


def block_flops(width: int, depth: int, mlp_ratio: float, tokens: int) -> float:
    """Forward FLOPs of `depth` transformer blocks on `tokens` tokens: projections, MLP, attention."""
    projections = 8 * tokens * width**2
    mlp = 4 * tokens * width * int(width * mlp_ratio)
    attention = 4 * tokens**2 * width
    return float(depth * (projections + mlp + attention))


def encoder_flops(config: PretrainConfig, in_chans: int) -> float:
    """Forward FLOPs of the encoder on one image: visible patches and the class token."""
    visible = visible_patches(config.img_size, config.patch_size, config.mask_ratio)
    embedding = 2 * visible * config.patch_size**2 * in_chans * config.embed_dim
    return embedding + block_flops(config.embed_dim, config.depth, config.mlp_ratio, visible + 1)


def decoder_flops(config: PretrainConfig, in_chans: int) -> float:
    """Forward FLOPs of the decoder on one image: every patch and the class token; the head on the removed."""
    visible = visible_patches(config.img_size, config.patch_size, config.mask_ratio)
    width, length = config.decoder_embed_dim, config.num_patches
    embedding = 2 * (visible + 1) * config.embed_dim * width
    head = 2 * (length - visible) * width * config.patch_size**2 * in_chans
    return embedding + head + block_flops(width, config.decoder_depth, config.mlp_ratio, length + 1)


def classifier_flops(
    encoder: EncoderConfig, config: ClassifierConfig, in_chans: int, n_classes: int
) -> float:
    """Forward FLOPs of an encoder with a head on one image: it sees every patch and the class token, and has
    no decoder. Training costs three times as much, layer decay or not: no block is frozen."""
    width, length = encoder.embed_dim, encoder.num_patches
    embedding = 2 * length * encoder.patch_size**2 * in_chans * width
    layers = [width, config.mlp_width, n_classes] if config.head == "mlp" else [width, n_classes]
    head = sum(2 * before * after for before, after in pairwise(layers))
    return embedding + block_flops(width, encoder.depth, encoder.mlp_ratio, length + 1) + head


def count_blocks(width: int, depth: int, mlp_ratio: float) -> int:
    """Parameters of `depth` transformer blocks and the norm after them (docs/science.md §3.3)."""
    hidden = int(width * mlp_ratio)
    attention = 4 * width * width + 4 * width
    mlp = 2 * width * hidden + hidden + width
    norms = 4 * width
    return depth * (attention + mlp + norms) + 2 * width


def count_encoder(config: PretrainConfig, in_chans: int) -> int:
    """Trained parameters of patch embedding, class token and encoder blocks."""
    values = config.patch_size**2 * in_chans
    embedding = values * config.embed_dim + config.embed_dim
    return embedding + config.embed_dim + count_blocks(config.embed_dim, config.depth, config.mlp_ratio)


def count_decoder(config: PretrainConfig, in_chans: int) -> int:
    """Trained parameters of the decoder: its embedding, mask token, blocks and head."""
    width, values = config.decoder_embed_dim, config.patch_size**2 * in_chans
    embedding = config.embed_dim * width + width
    head = width * values + values
    return embedding + width + count_blocks(width, config.decoder_depth, config.mlp_ratio) + head


def same_shape(config: PretrainConfig, other: Mapping[str, Any]) -> bool:
    """Whether another run's config takes the same steps: model, masking and batch, on the same device."""
    return all(other.get(name) == getattr(config, name) for name in SHAPE_FIELDS)
