"""Prints how long a reconstruction takes: `python tests/benchmarks/reconstructions.py`.

Random weights on simulated galaxies, over HTTP in one process, for D192 L6 at 64 px and ViT-Tiny at 224 px.
It prints; it never fails.
"""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from backend.data.importers import simulate_dataset
from backend.data.store import describe
from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.jobs.registry import register
from backend.settings import Settings
from backend.web import create_app
from shared.configs import PretrainConfig, SimulateConfig
from shared.configs.kinds import RunKind
from shared.configs.presets import PRESETS
from shared.contract.endpoints import API
from tests.homes import enqueue

GALAXIES = 40


def main() -> None:
    settings = Settings(home=Path(tempfile.mkdtemp())).prepare()
    with TestClient(create_app(settings, ui=False), base_url=f"http://127.0.0.1:8501{API}") as http:
        for preset in ("laptop-base", "paper-tiny"):
            run = trained(settings, preset)
            print(f"{preset}: {PRESETS[preset].title}")
            show(http, run)


def trained(settings: Settings, preset: str) -> str:
    """A run of that preset with one checkpoint, of weights that were never trained."""
    from backend.ml.checkpoints.store import CheckpointStore, model_from_config

    database = open_database(settings.database_path)
    side = int(PRESETS[preset].values["img_size"])
    sky = SimulateConfig(name=preset, n=GALAXIES, img_size=side)
    path = simulate_dataset(sky, settings.datasets_dir, "t", lambda *_: None, lambda: False)
    maker = enqueue(database, settings.runs_dir, RunKind.SIMULATE, sky)
    with database.write() as session:
        info = describe(path, preset).model_dump(mode="json")
        register(session, session.get_one(RunRow, maker), {"dataset": info, "file": path.name})
    config = PretrainConfig.model_validate(PRESETS[preset].values | {"dataset": preset})
    run = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, config)
    meta = {"config": config.model_dump(mode="json"), "channels": 3, "mean": [0.1] * 3, "std": [0.1] * 3}
    CheckpointStore(settings.runs_dir / run / "checkpoints", 1).save(1, model_from_config(config, 3), meta)
    database.close()
    return run


def show(http: TestClient, run: str) -> None:
    def picture(row: int, **masking: object) -> dict[str, object]:
        body = {"viewed": {"run": run, "row": row}, "masking": masking}
        return dict(http.post("/reconstructions", json=body).json())

    def sprite(row: int) -> int:
        query = {"query": json.dumps({"viewed": {"run": run, "row": row}})}
        http.get("/reconstructions/ladder", params=query)
        return len(http.get("/reconstructions/sprite.webp", params=query).content)

    def curve(seed: int) -> object:
        return http.get("/reconstructions/curve", params={"query": json.dumps({"run": run, "seed": seed})})

    def sweep(row: int) -> object:
        query = {"query": json.dumps({"viewed": {"run": run, "row": row}})}
        return http.get("/reconstructions/sweep.webp", params=query)

    report("first picture, the model is loaded", [timed(lambda: picture(0))])
    report("exact picture", [timed(lambda row=row: picture(row, ratio=0.6)) for row in range(20)])
    report("painted mask", [timed(lambda row=row: picture(row, hidden=[3, 4])) for row in range(20)])
    report("ladder and sprite of 19 ratios", [timed(lambda row=row: sprite(row)) for row in range(5)])
    report("the same again, kept", [timed(lambda row=row: sprite(row)) for row in range(5)])
    looks = [looked_into(http, run, row) for row in range(20)]
    report("a look inside, last layer", [took for took, _ in looks])
    report("of it in the model", [inside for _, inside in looks])
    report("curve of validation galaxies", [timed(lambda seed=seed: curve(seed)) for seed in range(3)])
    report("sweep as WebP, the ladder kept", [timed(lambda row=row: sweep(row)) for row in range(2)])
    beside = []
    for row in range(10, 15):
        drawing = threading.Thread(target=sprite, args=(row,))
        drawing.start()
        time.sleep(0.02)
        beside.append(timed(lambda row=row: picture(row, ratio=0.6)))
        drawing.join()
    report("exact picture beside a sprite", beside)
    print(f"  {'size of a sprite':<36}{sprite(0) / 1e3:8.0f} kB")


def looked_into(http: TestClient, run: str, row: int) -> tuple[float, float]:
    """Milliseconds of the whole answer, and of the model's part."""
    query = {"query": json.dumps({"viewed": {"run": run, "row": row}, "patch": row})}
    answers: list[float] = []
    took = timed(
        lambda: answers.append(http.get("/reconstructions/inside", params=query).json()["milliseconds"])
    )
    return took, answers[0]


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - start)


def report(name: str, took: list[float]) -> None:
    print(f"  {name:<36}{statistics.median(took):8.0f} ms, at most {max(took):.0f} ms")


if __name__ == "__main__":
    main()
