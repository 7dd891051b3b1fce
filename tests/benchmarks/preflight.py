"""Prints what a preflight predicts beside what the run then takes: `python tests/benchmarks/preflight.py`.

EFIGI where GALAXYSCOPE_TEST_DATA is set, else 2,000 simulated galaxies. Both are real worker processes on
this machine, one after the other; the load says how alone they were. It prints; it never fails.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from backend.data.importers import import_dataset, simulate_dataset
from backend.data.store import GalaxyStore
from backend.files import EVERYWHERE
from backend.jobs.run_dir import RunDir, Spec
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs import ImportConfig, PretrainConfig, SimulateConfig
from shared.configs.presets import PRESETS

CASES: dict[str, dict[str, Any]] = {
    "laptop-tiny": {
        **PRESETS["laptop-tiny"].values,
        "epochs": 4,
        "warmup_epochs": 1.0,
        "eval_every_epochs": 2,
    },
    "laptop-base": {
        **PRESETS["laptop-base"].values,
        "epochs": 3,
        "warmup_epochs": 1.0,
        "eval_every_epochs": 3,
    },
    "base at 128 px": {
        **PRESETS["laptop-base"].values,
        **{"img_size": 128, "batch_size": 64, "epochs": 1, "warmup_epochs": 0.5, "eval_every_epochs": 1},
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all by default")
    home = Path(tempfile.mkdtemp())
    (home / "datasets").mkdir()
    path = dataset(home / "datasets")
    for name in parser.parse_args().cases or CASES:
        compare(name, home, path)


def dataset(folder: Path) -> Path:
    real = os.environ.get("GALAXYSCOPE_TEST_DATA")
    if real:
        source = ImportConfig(path=f"{real}/efigi", name="efigi", label_column="efigi_coarse_type")
        return import_dataset(source, folder, "t", lambda *_: None, lambda: False, roots=EVERYWHERE)
    return simulate_dataset(SimulateConfig(name="sky"), folder, "t", lambda *_: None, lambda: False)


def compare(name: str, home: Path, path: Path) -> None:
    config = PretrainConfig(dataset=path.stem, **CASES[name])
    spent_s, found = work("preflight", home, path, config)
    seen_s, seen = work("pretrain", home, path, config)
    figures = {key.removeprefix("preflight/"): value for key, value in found.items()}
    with GalaxyStore.open(path) as store:
        rows = int((store.splits == SPLIT_CODES[Split.TRAIN]).sum())
    steps = rows // config.batch_size * config.epochs
    evaluations = 1 + math.ceil(config.epochs / config.eval_every_epochs)
    predicted_s = figures["startup_s"] + steps * figures["step_s"] + evaluations * figures["evaluation_s"]
    predicted, peak = figures["peak_memory_bytes"] / 1e6, seen["system/peak_memory_bytes"] / 1e6
    print(
        f"{name:<16} time {predicted_s:6.1f} s, seen {seen_s:6.1f} s ({predicted_s / seen_s - 1:+.0%})   "
        f"memory {predicted:6.0f} MB, seen {peak:6.0f} MB ({predicted / peak - 1:+.0%})   "
        f"preflight {spent_s:.1f} s   load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def work(kind: str, home: Path, path: Path, config: PretrainConfig) -> tuple[float, dict[str, float]]:
    """Seconds of a worker from birth to death, and the last value of each metric it left."""
    with GalaxyStore.open(path) as store:
        digest = store.digest
    run_dir = RunDir(home / "runs" / f"{kind}-{time.time_ns()}")
    run_dir.create(
        Spec(
            run_id=run_dir.path.name,
            kind=kind,
            config=config.model_dump(),
            dataset_file=f"datasets/{path.name}",
            dataset_digest=digest,
        )
    )
    command = [sys.executable, "-P", "-m", "backend.jobs.worker", str(run_dir.path), "1"]
    start = time.perf_counter()
    subprocess.run(command, env=os.environ | {"GOMP_SPINCOUNT": "10000"}, check=True, capture_output=True)
    seconds = time.perf_counter() - start
    values: dict[str, float] = {}
    for line in run_dir.metrics.read_text().splitlines():
        values |= json.loads(line).get("values", {})
    return seconds, values


if __name__ == "__main__":
    main()
