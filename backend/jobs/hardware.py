"""The GPU, and the CPU time and memory that a worker uses."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psutil
import pynvml


@dataclass(frozen=True)
class Gpu:
    """The first GPU as its driver sees it, in bytes."""

    name: str
    driver: str
    total: int
    free: int


def find_gpu() -> Gpu | None:
    """The first GPU, or None without one."""
    try:
        handle = _handle()
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        return Gpu(str(pynvml.nvmlDeviceGetName(handle)), driver, int(memory.total), int(memory.free))
    except pynvml.NVMLError:
        return None


def gpu_load() -> dict[str, float]:
    """Utilisation of the first GPU by all processes: `gpu_percent`, `gpu_memory_bytes` and, if the driver
    reports it, `gpu_watts`. Empty without a GPU."""
    try:
        handle = _handle()
        load = {
            "gpu_percent": float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu),
            "gpu_memory_bytes": float(pynvml.nvmlDeviceGetMemoryInfo(handle).used),
        }
    except pynvml.NVMLError:
        return {}
    try:
        return load | {"gpu_watts": pynvml.nvmlDeviceGetPowerUsage(handle) / 1000}
    except pynvml.NVMLError:
        return load


@lru_cache(maxsize=1)
def _handle() -> Any:
    pynvml.nvmlInit()
    return pynvml.nvmlDeviceGetHandleByIndex(0)


class ProcessUsage:
    """CPU time and memory of this process."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()  # starts the measurement

    @property
    def rss_bytes(self) -> int:
        return int(self._process.memory_info().rss)

    def measure(self) -> dict[str, float]:
        """`time`, `cpu_percent` since the last call (100 is one core), `rss_bytes`, and gpu_load()."""
        own = {
            "time": time.time(),
            "cpu_percent": self._process.cpu_percent(),
            "rss_bytes": float(self.rss_bytes),
        }
        return {key: round(value, 1) for key, value in (own | gpu_load()).items()}
