"""Prints how long a person waits for the first batch: `python tests/benchmarks/first_batch.py [DATASET.h5]`.

Without a dataset 2,000 simulated galaxies at 64 px are made. It prints; it never fails.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLD = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from backend.data.store import GalaxyStore
from backend.ml.pretraining.first_batch import first_batch_png
from shared.configs import PretrainConfig
print(f"import, torch with it        {time.perf_counter() - start:6.2f} s")
for name, changes in (("first picture", {}), ("warm", {"seed": 1}),
                      ("warm, crop and colour", {"crop_scale_min": 0.6, "colour_jitter": 0.3})):
    start = time.perf_counter()
    with GalaxyStore.open(Path(sys.argv[1])) as store:
        picture = first_batch_png(store, PretrainConfig(dataset="any", batch_size=64, **changes))
    print(f"{name:<28} {time.perf_counter() - start:6.2f} s   {len(picture) / 1e3:.0f} kB")
"""


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else simulated()
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", COLD, str(path)], check=True)
    print(f"{'the process in all':<28} {time.perf_counter() - start:6.2f} s")


def simulated() -> Path:
    from backend.data.importers import simulate_dataset
    from shared.configs import SimulateConfig

    folder = Path(tempfile.mkdtemp())
    return simulate_dataset(SimulateConfig(name="sky"), folder, "t", lambda *_: None, lambda: False)


if __name__ == "__main__":
    main()
