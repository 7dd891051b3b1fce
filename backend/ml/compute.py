"""Where and in what precision a model runs, and random streams that any step can be replayed from."""

import os
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from timm.layers.attention import Attention
from torch import Tensor, nn

from shared.configs import PretrainConfig

STREAMS = {"weights": 0, "order": 1, "augmentation": 2, "masks": 3, "validation": 4, "samples": 5}


def resolve_device(config: PretrainConfig) -> torch.device:
    """The device that `config.device` means here; ValueError where a GPU is asked for and there is none."""
    available = torch.cuda.is_available()
    if config.device == "cuda" and not available:
        raise ValueError("device cuda was asked for, but PyTorch sees no GPU: set device to auto or cpu")
    return torch.device("cuda" if available and config.device != "cpu" else "cpu")


def resolve_precision(config: PretrainConfig, device: torch.device) -> torch.dtype:
    """bfloat16 or float32; auto takes bfloat16 where the device multiplies matrices in it."""
    if config.precision != "auto":
        return torch.bfloat16 if config.precision == "bfloat16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    capabilities = torch.cpu.get_capabilities()
    fast = capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False)
    return torch.bfloat16 if fast else torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """A context in which matrix products run in `dtype`."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)


def prepare(model: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Move `model` to `device` and set what makes it fast there.

    On a CPU in bfloat16 the backward of fused attention is the slowest part of a step (D192 L6 takes half
    the time without), while its forward alone is the faster one: there it is fused only where no gradient is
    wanted.
    """
    model.to(device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        return
    torch.set_num_threads(min(torch.get_num_threads(), len(os.sched_getaffinity(0))))
    if dtype == torch.bfloat16:
        for module in model.modules():
            if isinstance(module, Attention):
                module.register_forward_pre_hook(_fuse_without_gradient)


def _fuse_without_gradient(module: nn.Module, _inputs: tuple[Tensor, ...]) -> None:
    if isinstance(module, Attention):
        module.fused_attn = not torch.is_grad_enabled()  # type: ignore[misc]  # Final only for TorchScript


def stream(seed: int, name: str, index: int = 0) -> int:
    """A seed that depends on nothing but (seed, name, index): no state to save, any step can be replayed."""
    state = np.random.SeedSequence((seed, STREAMS[name], index)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def generator(device: torch.device, seed: int, name: str, index: int = 0) -> torch.Generator:
    """A torch generator of that stream, on `device`."""
    return torch.Generator(device).manual_seed(stream(seed, name, index))


def epoch_order(seed: int, epoch: int, n: int) -> Tensor:
    """The order (n,) int64 in which an epoch visits its images."""
    return torch.randperm(n, generator=generator(torch.device("cpu"), seed, "order", epoch))


def standardise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """uint8 (N, H, W, C) → float32 (N, C, H, W), less `mean` and over `std` (C,) given for 0 to 1."""
    scale = 1.0 / (255.0 * std)
    return torch.addcmul(-mean / std, images.float(), scale).permute(0, 3, 1, 2)


def to_tensor(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """`images` as a tensor on `device`; on the CPU without a copy where the array may be written to."""
    array = np.ascontiguousarray(images)
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)
