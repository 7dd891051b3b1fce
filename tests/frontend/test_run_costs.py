"""Images and FLOPs of a step, worked out by hand."""

import pytest

from frontend.features.compare.run_costs import cost_of_steps
from shared.configs.kinds import RunKind
from tests.frontend.datasets import make_dataset
from tests.frontend.runs import made_run

SIZES = {"img_size": 16, "patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 1}
PRETRAINED = made_run(
    "mae",
    step=100,
    batch_size=8,
    mask_ratio=0.5,
    decoder_embed_dim=16,
    decoder_depth=1,
    decoder_num_heads=1,
    **SIZES,
)
TUNED = made_run("tuned", RunKind.FINETUNE, encoder="mae", batch_size=4)
SCRATCH = made_run("scratch", RunKind.SUPERVISED, encoder="mae", batch_size=4, **SIZES)
DATASETS = {"sky": make_dataset("sky")}


def block(tokens: int) -> int:
    """A block of width 16: four projections and an MLP of ratio 4 a token, scores and their sum."""
    return tokens * (8 * 16 * 16 + 4 * 16 * 64) + 4 * tokens * tokens * 16


ENCODER = 2 * 2 * 192 * 16 + block(3)  # two of four patches and the class token
DECODER = 2 * 3 * 16 * 16 + block(5) + 2 * 2 * 16 * 192  # embedding, every patch, head on the hidden two
CLASSIFIER = 2 * 4 * 192 * 16 + block(5) + 2 * 16 * 2  # head of two classes


def test_a_step_of_a_pretraining_is_its_batch_forward_and_twice_that_backward() -> None:
    cost = cost_of_steps(PRETRAINED, {}, DATASETS)
    assert (cost.images, cost.flops, cost.pretraining_flops) == (8, 3 * 8 * (ENCODER + DECODER), 0)


def test_fine_tuning_takes_its_sizes_from_the_encoder_and_adds_its_pretraining() -> None:
    cost = cost_of_steps(TUNED, {"mae": PRETRAINED}, DATASETS)
    assert (cost.images, cost.flops) == (4, 3 * 4 * CLASSIFIER)
    assert cost.pretraining_flops == 100 * 3 * 8 * (ENCODER + DECODER)


def test_from_scratch_costs_the_same_a_step_and_nothing_before() -> None:
    cost = cost_of_steps(SCRATCH, {}, DATASETS)
    assert (cost.flops, cost.pretraining_flops) == (3 * 4 * CLASSIFIER, 0)


@pytest.mark.parametrize("runs", [{}, {"mae": made_run("mae", RunKind.IMPORT_MODEL, path="/weights.pt")}])
def test_an_encoder_of_unknown_size_has_images_but_no_flops(runs: dict[str, object]) -> None:
    cost = cost_of_steps(TUNED, runs, DATASETS)  # type: ignore[arg-type]
    assert (cost.images, cost.flops, cost.pretraining_flops) == (4, None, None)


def test_without_its_dataset_the_bands_are_not_known() -> None:
    assert cost_of_steps(PRETRAINED, {}, {}).flops is None
