"""A GPU computes what the CPU does, in float32 closely, in bfloat16 nearly, and resumes where it was."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from backend.ml.checkpoints.store import CheckpointStore
from backend.ml.pretraining.pretrain import Pretraining, fresh_model, pretrain
from backend.ml.runtime.compute import autocast, multiplies_in_bfloat16

Make = Callable[..., Any]
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.fixture(autouse=True)
def _float32_means_float32() -> Iterator[None]:
    """TF32 off: a training turns it on for all that follows."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(before)


def loss_and_gradients(config: Any, device: str, dtype: torch.dtype) -> tuple[float, dict[str, Tensor]]:
    """Of one batch with the same weights, images and masks everywhere."""
    model = fresh_model(config, 3).to(device)
    imgs = torch.randn(16, 3, 16, 16, generator=torch.Generator().manual_seed(1)).to(device)
    noise = torch.rand(16, 16, generator=torch.Generator().manual_seed(2)).to(device)
    with autocast(torch.device(device), dtype):
        loss, _, _ = model(imgs, config.mask_ratio, noise)
    loss.backward()
    return loss.item(), {name: p.grad.cpu() for name, p in model.named_parameters() if p.grad is not None}


def relative(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm() / b.norm().clamp_min(1e-12))


def test_float32_loss_and_gradients_are_those_of_the_cpu(tiny_config: Make) -> None:
    config = tiny_config()
    loss, gradients = loss_and_gradients(config, "cuda", torch.float32)
    expected_loss, expected = loss_and_gradients(config, "cpu", torch.float32)
    assert loss == pytest.approx(expected_loss, rel=1e-4)
    assert set(gradients) == set(expected)
    for name, gradient in gradients.items():
        if name.endswith("qkv.bias"):  # the part of the keys is zero by the softmax: only rounding is left
            gradient, expected[name] = (g.view(3, -1)[[0, 2]] for g in (gradient, expected[name]))
        assert relative(gradient, expected[name]) < 1e-4, name


def test_bfloat16_loss_is_near_that_of_float32(tiny_config: Make) -> None:
    if not multiplies_in_bfloat16(torch.device("cuda")):
        pytest.skip("this GPU does not compute in bfloat16")
    config = tiny_config()
    exact, _ = loss_and_gradients(config, "cuda", torch.float32)
    rough, _ = loss_and_gradients(config, "cuda", torch.bfloat16)
    assert rough == pytest.approx(exact, abs=5e-3)


def test_a_step_sees_the_same_images_and_masks_as_on_the_cpu(
    tiny_config: Make, tiny_data: Make, tmp_path: Path
) -> None:
    config, data = tiny_config(), tiny_data()
    cpu, gpu = (
        Pretraining(config.model_copy(update={"device": name}), data, tmp_path) for name in ("cpu", "cuda")
    )
    for index in (0, 5):
        assert torch.equal(cpu.schedule.batch(index), gpu.schedule.batch(index).cpu())
        assert torch.equal(cpu.noise(index), gpu.noise(index).cpu())


def test_a_resumed_run_equals_the_uninterrupted_one(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    config, data = tiny_config(device="cuda", precision="float32"), tiny_data()
    pretrain(config, data, memory_run(), tmp_path / "whole")
    paused = pretrain(config, data, memory_run({7: "pause"}), tmp_path / "parts")
    assert paused.outcome == "paused"
    pretrain(config, data, memory_run(), tmp_path / "parts")
    whole, parts = (
        load_file(CheckpointStore(tmp_path / name / "checkpoints", 12).folder(12) / "model.safetensors")
        for name in ("whole", "parts")
    )
    for name, value in whole.items():
        assert relative(parts[name], value) < 1e-5, name
