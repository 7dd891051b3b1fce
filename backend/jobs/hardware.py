"""What a worker takes of its machine, as its process and the driver say."""

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
    """The first GPU, or None where the driver knows none."""
    try:
        handle = _handle()
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        return Gpu(str(pynvml.nvmlDeviceGetName(handle)), driver, int(memory.total), int(memory.free))
    except pynvml.NVMLError:
        return None


def gpu_load() -> dict[str, float]:
    """Of the first GPU, whoever uses it: `gpu_percent` of the time at work, `gpu_memory_bytes`, `gpu_watts`;
    empty where the driver knows none, without what it does not say."""
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


class Load:
    """What this process takes, between one look and the next."""

    def __init__(self) -> None:
        self._me = psutil.Process()
        self._me.cpu_percent()  # begins to count

    @property
    def rss_bytes(self) -> int:
        return int(self._me.memory_info().rss)

    def look(self) -> dict[str, float]:
        """`time`, `cpu_percent` since the last look (100 is one core), `rss_bytes`, and the GPU's."""
        own = {"time": time.time(), "cpu_percent": self._me.cpu_percent(), "rss_bytes": float(self.rss_bytes)}
        return {key: round(value, 1) for key, value in (own | gpu_load()).items()}
