"""The cost of a launch, worked out by hand and held against the real model."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.ml.checkpoints.store import model_from_config
from shared.configs import FinetuneConfig, PretrainConfig
from shared.configs.models import EncoderConfig
from shared.configs.presets import SIZES
from shared.contract.datasets import Dataset
from shared.planning.cost import (
    classifier_flops,
    count_blocks,
    count_decoder,
    count_encoder,
    estimate_cost,
    same_shape,
)

SMALL = PretrainConfig(
    dataset="sky",
    img_size=32,
    patch_size=8,
    embed_dim=16,
    depth=1,
    num_heads=1,
    decoder_embed_dim=16,
    decoder_depth=1,
    decoder_num_heads=1,
    epochs=10,
    warmup_epochs=1.0,
    batch_size=32,
    eval_every_epochs=4,
    mask_ratio=0.75,
)


def dataset(train: int, bands: int = 3) -> Dataset:
    return Dataset(
        name="sky",
        digest="0" * 64,
        n=train + 20,
        img_size=32,
        bands=list("grizy"[:bands]),
        class_names=[],
        class_counts={},
        split_counts={"train": train, "val": 10, "test": 10},
        unlabelled=0,
        simulated=True,
        provenance={},
        channel_mean=[0.5] * bands,
        channel_std=[0.1] * bands,
        duplicates_across_splits=0,
        skipped=[],
        skipped_count=0,
        size_bytes=1,
        created_at=datetime.now(UTC),
    )


def test_steps_and_images_by_hand() -> None:
    cost = estimate_cost(SMALL, dataset(train=100))
    assert cost.steps_per_epoch == 3  # 100 rows, batches of 32, the rest left out
    assert cost.steps == 30
    assert cost.images_seen == 960
    assert cost.evaluations == 4  # at the start, after 4, 8 and 10 epochs
    assert (cost.patches, cost.visible) == (16, 4)


def test_all_rows_are_seen_when_pretraining_is_transductive() -> None:
    config = SMALL.model_copy(update={"pretrain_rows": "all"})
    assert estimate_cost(config, dataset(train=100)).rows == 120


def test_one_block_of_width_two_by_hand() -> None:
    # qkv 2·6+6, proj 2·2+2, mlp 2·8+8 and 8·2+2, two norms of 4, final norm 4
    assert count_blocks(2, 1, 4.0) == 18 + 6 + 24 + 18 + 8 + 4


@pytest.mark.parametrize("bands", [1, 3, 5])
@pytest.mark.parametrize(
    "changes", [{}, {"embed_dim": 48, "depth": 3, "num_heads": 3, "mlp_ratio": 2.0, "decoder_embed_dim": 32}]
)
def test_parameters_are_those_of_the_real_model(bands: int, changes: dict[str, object]) -> None:
    config = SMALL.model_copy(update=changes)
    model = model_from_config(config, bands)
    decoder, encoder = 0, 0
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            continue
        if name.startswith(("decoder", "mask_token")):
            decoder += weight.numel()
        else:
            encoder += weight.numel()
    assert count_encoder(config, bands) == encoder
    assert count_decoder(config, bands) == decoder


@pytest.mark.parametrize("change", [{"embed_dim": 32}, {"precision": "float32"}, {"device": "cpu"}])
def test_a_run_has_the_same_shape_whatever_its_length(change: dict[str, Any]) -> None:
    longer = SMALL.model_copy(update={"epochs": 90, "blr": 1e-3, "seed": 7})
    assert same_shape(SMALL, longer.model_dump())
    assert not same_shape(SMALL.model_copy(update=change), longer.model_dump())


def paper(width: int, decoder: tuple[int, int]) -> PretrainConfig:
    return PretrainConfig(
        dataset="sky",
        img_size=224,
        patch_size=16,
        embed_dim=width,
        depth=12,
        num_heads=width // 64,
        decoder_embed_dim=decoder[0],
        decoder_depth=decoder[1],
        decoder_num_heads=decoder[0] // 64,
        mask_ratio=0.75,
    )


@pytest.mark.parametrize(
    ("width", "decoder", "gflops"),
    [
        (192, (512, 8), 33.7), (192, (192, 4), 4.3), (384, (512, 8), 38.7), (384, (256, 4), 11.0),
        (768, (512, 8), 58.0), (768, (384, 4), 35.4),
    ],
)  # fmt: skip
def test_training_flops_of_the_papers_models(width: int, decoder: tuple[int, int], gflops: float) -> None:
    cost = estimate_cost(paper(width, decoder), dataset(train=1000))
    assert cost.training_flops / 1e9 == pytest.approx(gflops, rel=0.02)


TWO_PATCHES_A_SIDE = EncoderConfig(img_size=16, patch_size=8, embed_dim=16, depth=1, num_heads=1)


@pytest.mark.parametrize(
    ("head", "head_flops"), [("linear", 2 * 16 * 10), ("mlp", 2 * 16 * 32 + 2 * 32 * 10)]
)
def test_a_classifier_reads_every_patch_and_has_no_decoder(head: str, head_flops: int) -> None:
    config = FinetuneConfig.model_validate({"encoder": "run", "head": head, "mlp_width": 32})
    embedding = 2 * 4 * (8 * 8 * 3) * 16  # four patches of 192 values, to width 16
    projections = 5 * (2 * 16 * 48 + 2 * 16 * 16)  # qkv and proj of five tokens
    attention = 2 * (2 * 5 * 5 * 16)  # scores, and their weighted sum
    mlp = 5 * (2 * 16 * 64 + 2 * 64 * 16)
    whole = embedding + projections + attention + mlp + head_flops
    assert classifier_flops(TWO_PATCHES_A_SIDE, config, 3, 10) == whole


SEEN_MB = {
    ("laptop-tiny", 128): 200, ("laptop-small", 128): 275, ("laptop-base", 128): 410,
    ("laptop-large", 128): 613, ("vit-tiny", 128): 856, ("vit-small", 64): 1034, ("vit-base", 64): 2695,
    ("vit-large", 64): 7565,
}  # fmt: skip
"""Peak over the idle process of a few bfloat16 steps and one batch of an evaluation at 64 px, patches of 8,
on two cores with AMX; one batch of images resident."""


@pytest.mark.parametrize(("size", "batch"), list(SEEN_MB))
def test_memory_is_within_thirty_percent_of_what_was_seen(size: str, batch: int) -> None:
    values = next(found.values for found in SIZES if found.key == size)
    config = PretrainConfig(dataset="sky", img_size=64, patch_size=8, batch_size=batch, **values)
    found = estimate_cost(config, dataset(train=batch)).memory_bytes / 1e6
    assert found == pytest.approx(SEEN_MB[size, batch], rel=0.3)


def test_resident_images_count_byte_by_byte() -> None:
    few, many = (estimate_cost(SMALL, dataset(train=n)).memory_bytes for n in (1000, 3000))
    features = 3 * 4 * SMALL.embed_dim
    assert many - few == 2000 * (32 * 32 * 3 + features)
