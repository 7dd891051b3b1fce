"""Where and in what precision a model runs, and how pixels get there."""

import os
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from backend.errors import InvalidInputError
from shared.configs import TrainingConfig


@runtime_checkable
class FusableAttention(Protocol):
    """A timm attention layer, recognised by its switch: importing timm takes seconds."""

    fused_attn: bool


def resolve_device(device: str) -> torch.device:
    """The device for auto, cpu or cuda; InvalidInputError if a GPU is requested and there is none."""
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        why = "device cuda was requested, but PyTorch sees no GPU; set device to auto or cpu"
        raise InvalidInputError("no_gpu", why, "device")
    return torch.device("cuda" if available and device != "cpu" else "cpu")


def resolve_precision(config: TrainingConfig, device: torch.device) -> torch.dtype:
    """bfloat16 or float32; auto is bfloat16 if the device multiplies matrices in it natively."""
    if config.precision != "auto":
        return torch.bfloat16 if config.precision == "bfloat16" else torch.float32
    return torch.bfloat16 if multiplies_in_bfloat16(device) else torch.float32


def multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has native bfloat16 products: a recent GPU, a CPU with AMX or AVX512-BF16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False))


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """A context in which matrix products run in `dtype`."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)


def prepare(model: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Move `model` to `device` and tune it.

    On a CPU in bfloat16 the backward pass of fused attention is slow (D192 L6 takes half the time without),
    and its forward pass fast, so attention is fused only without gradients.
    """
    model.to(device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        return
    torch.set_num_threads(min(torch.get_num_threads(), len(os.sched_getaffinity(0))))
    if dtype == torch.bfloat16:
        for module in model.modules():
            if isinstance(module, FusableAttention):
                module.register_forward_pre_hook(_fuse_without_gradient)


def _fuse_without_gradient(module: nn.Module, _inputs: tuple[Tensor, ...]) -> None:
    if isinstance(module, FusableAttention):
        module.fused_attn = not torch.is_grad_enabled()


def standardise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """uint8 (N, H, W, C) → float32 (N, C, H, W), less `mean` and over `std` (C,) given for 0 to 1."""
    scale = 1.0 / (255.0 * std)
    return torch.addcmul(-mean / std, images.float(), scale).permute(0, 3, 1, 2)


def to_tensor(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """`images` as a tensor on `device`; on the CPU without a copy if the array is writeable."""
    array = np.ascontiguousarray(images)
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)


def move(drawn: Tensor, device: torch.device) -> Tensor:
    """Move `drawn` from the CPU to `device` without synchronising."""
    if device.type == "cpu":
        return drawn
    return drawn.pin_memory().to(device, non_blocking=True)


def synchronise(device: torch.device) -> None:
    """Wait until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
