"""Seconds and peak memory of an import: `imports.py [FOLDER_OF_REAL_GALAXIES]`.

An HDF5 file of 17,736 × 256 × 256 × 3, gzip-compressed in chunks as Galaxy10_DECals.h5 is, is made of
simulated galaxies (about 2.5 GB, in a temporary folder), and imported as the worker does; with a folder, also
its EFIGI JPEGs. The floor beside it: reading the same file once, and nothing else.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from backend.data.sky.scene import photograph

N, SIDE, BLOCK = 17_736, 256, 64
CHILD = """
import json, sys, time
from pathlib import Path
from backend.data.importers import import_dataset
from shared.configs import ImportConfig
start = time.perf_counter()
config = ImportConfig(**json.loads(sys.argv[1]))
import_dataset(config, Path(sys.argv[2]), "bench", lambda *_: None, lambda: False, (Path("/"),))
seconds = time.perf_counter() - start
status = Path("/proc/self/status").read_text().splitlines()
peak = 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps([seconds, peak]))
"""


def make_hdf5(path: Path) -> None:
    """Noise of a camera over a few hundred simulated galaxies, each used many times with its own brightness:
    what gzip and the digest have to work on is as in the real file."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 200)
    drawn = photograph(labels, SIDE, rng).astype(np.int16)
    with h5py.File(path, "w") as file:
        images = file.create_dataset(
            "images", (N, SIDE, SIDE, 3), np.uint8, chunks=(1, SIDE, SIDE, 3), compression="gzip"
        )
        for start in range(0, N, BLOCK):
            pick = np.arange(start, min(start + BLOCK, N))
            noise = rng.integers(-2, 3, (len(pick), SIDE, SIDE, 3), dtype=np.int16)
            images[start : start + len(pick)] = np.clip(drawn[pick % 200] + noise, 0, 255).astype(np.uint8)
        file["ans"] = labels[np.arange(N) % 200].astype(np.uint8)


def read_only(path: Path) -> float:
    """Seconds to read every pixel and do nothing with it: the floor."""
    start = time.perf_counter()
    with h5py.File(path) as file:
        for row in range(0, N, BLOCK):
            file["images"][row : row + BLOCK]
    return time.perf_counter() - start


def measure(config: dict[str, object], folder: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", CHILD, json.dumps(config), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        source, store = Path(place) / "made.h5", Path(place) / "store"
        make_hdf5(source)
        floor = read_only(source)
        seconds, peak = measure({"path": str(source), "name": "made"}, store)
        print(f"HDF5, {N:,} × {SIDE}², {source.stat().st_size / 1e9:.2f} GB gzip")
        print(f"  read only {floor:6.1f} s      import {seconds:6.1f} s, peak {peak / 1e6:,.0f} MB")
        if len(sys.argv) > 1:
            path = Path(sys.argv[1]) / "efigi"
            seconds, peak = measure(
                {"path": str(path), "name": "efigi", "labels": str(path / "labels.csv")}, store
            )
            print(f"EFIGI, 4,458 JPEGs with a table: import {seconds:.1f} s, peak {peak / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
