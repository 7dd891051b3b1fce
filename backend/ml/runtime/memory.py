"""How much memory training uses, and how much it may use."""

import contextlib
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
HEADROOM = 0.05
"""Share of the free memory that is left to others."""


class PeakMemory:
    """The peak memory of this process since `restart`, above that at construction (with libraries, before
    data).

    On a CPU, resident memory; pages of a mapped dataset count, so restart once it is unmapped. On a GPU, what
    torch reserves.
    """

    def __init__(self) -> None:
        self.idle_bytes: int = psutil.Process().memory_info().rss

    def restart(self, device: torch.device) -> None:
        """Reset the peak, if the system allows it."""
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            return
        with contextlib.suppress(OSError):
            CLEAR_REFS.write_text("5")

    def peak_bytes(self, device: torch.device) -> int:
        """The peak above idle, so far."""
        if device.type == "cuda":
            return torch.cuda.max_memory_reserved(device)
        return max(resident_peak_bytes() - self.idle_bytes, 0)


def resident_peak_bytes() -> int:
    """High-water mark of this process's resident memory."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def free_bytes(device: torch.device) -> int:
    """Free memory: of the GPU, or of the machine without swapping."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free
    return int(psutil.virtual_memory().available)


@contextlib.contextmanager
def capped(device: torch.device) -> Iterator[int]:
    """In this context the process gets an out-of-memory error before the machine, or the GPU, runs out;
    yields the free bytes."""
    free = free_bytes(device)
    allowance = int(free * (1 - HEADROOM))
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(allowance / total, 1.0), device)
        yield free
        torch.cuda.set_per_process_memory_fraction(1.0, device)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = data_bytes() + allowance
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))
    try:
        yield free
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Whether `error` means that memory, of the device or the machine, ran out."""
    words = ("allocate memory", "bad_alloc", "could not create a memory")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(w in str(error) for w in words)


def data_bytes() -> int:
    """What RLIMIT_DATA counts of this process already; 0 if unknown."""
    return int(getattr(psutil.Process().memory_info(), "data", 0))
