"""The version and device of torch: `python -m backend.ml.runtime.torch_facts` prints JSON.

Run in its own process, so that a server neither loads torch nor holds memory of the GPU.
"""

import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import pynvml


@dataclass(frozen=True)
class CudaEnvironment:
    """What determines whether torch sees a GPU. `driver_cuda` is the newest CUDA version of the driver,
    (major, minor); `visible` is CUDA_VISIBLE_DEVICES."""

    torch_cuda: str | None
    available: bool
    gpus: int
    driver: str | None
    driver_cuda: tuple[int, int] | None
    visible: str | None


def why_cpu(seen: CudaEnvironment) -> str:
    """Why torch sees no GPU, and what to do; empty if it sees one."""
    if seen.available:
        return ""
    if seen.driver is None:
        return "torch sees no GPU because no NVIDIA driver was found; with an NVIDIA GPU, install its driver"
    if not seen.gpus:
        return f"torch sees no GPU because the driver {seen.driver} finds none; check its power and slot"
    if seen.torch_cuda is None:
        return "torch sees no GPU because it is a CPU build; install the CUDA build of constraints.txt"
    if seen.visible is not None and seen.visible.strip() in ("", "-1"):
        return "torch sees no GPU because CUDA_VISIBLE_DEVICES is empty; unset it and start again"
    needed = _version(seen.torch_cuda)
    if seen.driver_cuda is not None and needed is not None and seen.driver_cuda[0] < needed[0]:
        runs = ".".join(map(str, seen.driver_cuda))
        why = f"the driver {seen.driver} supports CUDA up to {runs} and torch needs {seen.torch_cuda}"
        return f"torch sees no GPU because {why}; install a newer driver"
    return f"torch sees no GPU although the driver {seen.driver} does; try `nvidia-smi` and a restart"


def _version(text: str) -> tuple[int, int] | None:
    major, _, minor = text.partition(".")
    return (int(major), int(minor.split(".")[0] or 0)) if major.isdigit() else None


def ask_driver() -> tuple[int, str | None, tuple[int, int] | None]:
    """The number of GPUs of the driver, its version, and its newest CUDA version; (0, None, None) without
    one."""
    try:
        pynvml.nvmlInit()
        newest = int(pynvml.nvmlSystemGetCudaDriverVersion_v2())
        version = str(pynvml.nvmlSystemGetDriverVersion())
        return int(pynvml.nvmlDeviceGetCount()), version, (newest // 1000, newest % 1000 // 10)
    except pynvml.NVMLError:
        return 0, None, None


def facts() -> dict[str, Any]:
    """torch, torch_cuda, cuda_available, device_name, capability, bf16 and why_cpu."""
    import torch

    from backend.ml.runtime.compute import multiplies_in_bfloat16, resolve_device

    available = torch.cuda.is_available()
    gpus, driver, driver_cuda = ask_driver()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    seen = CudaEnvironment(torch.version.cuda, available, gpus, driver, driver_cuda, visible)
    return {
        "torch": str(torch.__version__),
        "torch_cuda": torch.version.cuda,
        "cuda_available": available,
        "device_name": torch.cuda.get_device_name(0) if available else None,
        "capability": ".".join(map(str, torch.cuda.get_device_capability(0))) if available else None,
        "bf16": multiplies_in_bfloat16(resolve_device("auto")),
        "why_cpu": why_cpu(seen),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(facts()) + "\n")
