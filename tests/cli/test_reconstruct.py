"""`galaxyscope reconstruct` on a real checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.data.importers import simulate_dataset
from backend.data.store import describe
from backend.db.engine import open_database
from backend.db.models import RunRow
from backend.jobs.registry import register
from backend.ml.checkpoints.store import CheckpointStore, model_from_config
from backend.settings import Settings
from shared.configs import PretrainConfig, SimulateConfig
from shared.configs.kinds import RunKind
from tests.cli.shell import call, shell
from tests.homes import enqueue


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run_id(home: Path) -> str:
    """A run of random weights on simulated galaxies."""
    settings = Settings(home=home).prepare()
    database = open_database(settings.database_path)
    sky = SimulateConfig(name="sky", n=20, img_size=32)
    path = simulate_dataset(sky, settings.datasets_dir, "t", lambda *_: None, lambda: False)
    maker = enqueue(database, settings.runs_dir, RunKind.SIMULATE, sky)
    with database.write() as session:
        info = describe(path, "sky").model_dump(mode="json")
        register(session, session.get_one(RunRow, maker), {"dataset": info, "file": path.name})
    config = PretrainConfig(dataset="sky", img_size=32, embed_dim=32, depth=1, num_heads=1)
    made = enqueue(database, settings.runs_dir, RunKind.PRETRAIN, config)
    meta = {"config": config.model_dump(mode="json"), "channels": 3, "mean": [0.2] * 3, "std": [0.1] * 3}
    CheckpointStore(settings.runs_dir / made / "checkpoints", 3).save(12, model_from_config(config, 3), meta)
    database.close()
    return made


def test_a_reconstruction_is_printed_and_drawn(home: Path, run_id: str, tmp_path: Path) -> None:
    out = tmp_path / "row.png"
    words = ("--run", run_id, "--galaxy", "3", "--mask-ratio", "0.5", "--seed", "2", "--json")
    answer = shell(home, "reconstruct", *words, "--out", str(out))
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["step"], found["visible"], found["patches"], found["out"]) == (12, 8, 16, str(out))
    assert len(found["ids_keep"]) == 8
    assert all(found[name] > 0 for name in ("loss", "psnr_db", "seam", "milliseconds"))
    figure = np.asarray(Image.open(out))[20 : 20 + 256, 8:]  # below the names
    panels = [figure[::8, 264 * place : 264 * place + 256 : 8] for place in range(4)]  # enlarged 8 times
    original, masked, reconstruction, composite = panels
    visible = (masked != 72).any(axis=2)
    assert np.array_equal(composite[visible], original[visible])
    assert np.array_equal(composite[~visible], reconstruction[~visible])
    error = (composite / 255 - original / 255)[(masked == 72).all(axis=2)]
    assert found["psnr_db"] == pytest.approx(-10 * np.log10((error**2).mean()), abs=0.05)


def test_all_ratios_are_written_as_an_animation(home: Path, run_id: str, tmp_path: Path) -> None:
    out = tmp_path / "sweep.webp"
    answer = call(home, "reconstruct", "--run", run_id, "--galaxy", "3", "--kind", "core", "--out", str(out))
    assert answer.returncode == 0, answer.stderr
    with Image.open(out) as animation:
        assert getattr(animation, "n_frames", 1) == 36  # there and back
    assert str(out) in answer.stdout


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("--galaxy", "1", "--out", "picture.jpg"), "picture.jpg"),
        (("--galaxy", "99"), "99"),
        (("--galaxy", "1", "--checkpoint", "5"), "checkpoint 5"),
        (("--galaxy", "1", "--kind", "spiral"), "spiral"),
    ],
)
def test_a_mistake_is_one_sentence(home: Path, run_id: str, words: tuple[str, ...], value: str) -> None:
    answer = call(home, "reconstruct", "--run", run_id, *words)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("error: ")
    assert value in answer.stderr
    assert "Traceback" not in answer.stderr
