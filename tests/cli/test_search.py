"""`galaxyscope search` and `embed` as a person types them, on a real checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.data.store import GalaxyStore
from backend.db.engine import open_database
from backend.jobs.tasks import embed as task
from backend.services.datasets.annotations import Ratings
from backend.services.datasets.browsing import Datasets
from backend.services.embeddings.spaces import resolve_space
from backend.settings import Settings
from shared.configs import SimulateConfig
from shared.configs.kinds import RunKind
from shared.contract.search import EmbeddingSpace
from tests.api.conftest import enter_dataset
from tests.api.encoders import leave_encoder, work
from tests.cli.shell import call
from tests.homes import enqueue


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def encoder(home: Path) -> str:
    settings = Settings(home=home).prepare()
    database = open_database(settings.database_path)
    enter_dataset(database, settings, SimulateConfig(name="sky", n=40, img_size=32))
    run_id = leave_encoder(database, settings)
    space = resolve_space(database, settings, EmbeddingSpace(run=run_id))
    job = enqueue(database, settings.runs_dir, RunKind.EMBED, space.config, encoder=space.encoder)
    work(task, settings, job)
    database.close()
    return run_id


def test_galaxies_are_searched_by_row_and_by_image_and_taken_along(
    home: Path, encoder: str, tmp_path: Path
) -> None:
    out = tmp_path / "sky.npy"
    answer = call(home, "embed", "--run", encoder, "--out", str(out), "--json")
    assert answer.returncode == 0, answer.stderr
    made = json.loads(answer.stdout)
    assert (made["n"], made["ready"], made["step"]) == (40, True, 7)
    records = np.load(out)
    vectors = records["embedding"].astype(np.float64)
    answer = call(home, "search", "--run", encoder, "--galaxy", "5", "-k", "4", "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["query"]["galaxy"], found["query"]["source_id"]) == (5, str(records["source_id"][5]))
    cosine = vectors @ vectors[5]
    for neighbour in found["neighbours"]:
        assert neighbour["similarity"] == pytest.approx(cosine[neighbour["galaxy"]], abs=1e-5)
        assert neighbour["label"]
    assert len(found["neighbours"]) == 4
    [path] = (home / "datasets").glob("*.h5")
    with GalaxyStore.open(path) as store:
        Image.fromarray(store.images(np.array([5]))[0]).save(tmp_path / "mine.png")
    answer = call(
        home, "search", "--run", encoder, "--image", str(tmp_path / "mine.png"), "-k", "4", "--json"
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["neighbours"] == found["neighbours"]


def test_two_encoders_are_asked_the_same_and_what_both_found_is_starred(home: Path, encoder: str) -> None:
    asked = ("search", "--run", encoder, "--galaxy", "5", "-k", "8", "--against", f"{encoder}:last")
    answer = call(home, *asked, "--json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["first"]["neighbours"] == found["second"]["neighbours"]
    assert (found["agreement"]["shared"], found["agreement"]["k"]) == (8, 8)
    printed = call(home, *asked).stdout
    assert "* 8 of 8 in both (Jaccard 1.00); expected by chance 1.6" in printed
    assert printed.count(" *  ") == 16
    refused = call(home, *asked[:-1], f"{encoder}:newest", "--json")
    assert json.loads(refused.stdout)["field"] == "checkpoint"


def test_a_search_without_a_query_and_one_where_no_position_is_known_say_what_to_give(
    home: Path, encoder: str
) -> None:
    answer = call(home, "search", "--run", encoder, "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["detail"] == "give one of --galaxy, --image and --radec"
    answer = call(home, "search", "--run", encoder, "--radec", "187.7,12.4", "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["code"] == "no_coordinates"


def test_odd_galaxies_are_printed_as_json_and_csv_and_learned_once_some_are_rated(
    home: Path, encoder: str
) -> None:
    answer = call(home, "odd", "--run", encoder, "--by", "mislabel", "--limit", "3", "-k", "5", "--json")
    assert answer.returncode == 0, answer.stderr
    page = json.loads(answer.stdout)
    assert (page["by"], page["total"], len(page["galaxies"])) == ("mislabel", 40, 3)
    assert page["galaxies"][0]["score"] >= page["galaxies"][1]["score"]
    answer = call(home, "odd", "--run", encoder, "--by", "mislabel", "--limit", "3", "-k", "5", "--csv")
    [header, *lines] = answer.stdout.splitlines()
    assert header.startswith('"rank","row","source_id"')
    assert [int(line.split(",")[1]) for line in lines] == [one["galaxy"]["row"] for one in page["galaxies"]]
    answer = call(home, "odd", "--run", encoder, "--by", "interest")
    assert answer.returncode == 1
    assert "rate some high (5) and some low (0)" in answer.stderr
    settings = Settings(home=home).prepare()
    database = open_database(settings.database_path)
    ratings = Ratings(database, Datasets(database, settings))
    for row, rating in ((0, 5), (1, 0)):
        ratings.put("sky", row, rating)
    database.close()
    assert "learned from 2 rated" in call(home, "odd", "--run", encoder, "--by", "interest").stdout
    assert len(call(home, "data", "ratings", "sky", "--csv").stdout.splitlines()) == 3
