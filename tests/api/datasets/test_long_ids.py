"""Ids of 64 bits, exact through every door; an id is an id before it is a row."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from astropy.table import Table
from PIL import Image
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.settings import Settings
from frontend.api.client import Client
from shared.configs import ImportConfig
from shared.contract import endpoints
from shared.contract.annotations import CollectionAddition
from tests.api.conftest import enter_dataset, refused

IDS = ["1237648720693755918", "9223372036854775807", "18446744073709551615"]
N = 40
Enter = Callable[..., None]


@pytest.fixture
def enter(tmp_path: Path, database: Database, settings: Settings) -> Enter:
    """Imports forty pictures with these ids from a table of a format."""

    def enter_(ids: list[int], suffix: str = "ecsv", **how: str) -> None:
        folder = tmp_path / "pictures"
        folder.mkdir()
        for index in range(N):
            pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
        table = Table({"file": [f"{i}.png" for i in range(N)], "objid": np.array(ids, np.uint64)})
        table["label"] = ["a", "b"] * (N // 2)
        if how.get("format") == "votable":  # it has no unsigned integers of 64 bits
            table["objid"] = table["objid"].astype(str)
        table.write(folder / f"labels.{suffix}", **how)
        enter_dataset(database, settings, ImportConfig(path=str(folder), name="long"))

    return enter_


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        ("csv", {"format": "ascii.csv"}),
        ("fits", {"format": "fits"}),
        ("vot", {"format": "votable"}),
        ("ecsv", {"format": "ascii.ecsv"}),
        ("parquet", {"format": "parquet"}),
    ],
)
def test_long_ids_are_exact_through_every_door(
    enter: Enter, http: TestClient, client: Client, suffix: str, how: dict[str, str]
) -> None:
    enter([*map(int, IDS), *range(int(IDS[0]) + 1, int(IDS[0]) + N - 2)], suffix, **how)
    text = http.get("/datasets/long/galaxies?limit=3").text
    assert [galaxy["source_id"] for galaxy in json.loads(text)["galaxies"]] == IDS
    for row, number in enumerate(IDS):
        assert f'"{number}"' in text  # JavaScript would round a number
        found = http.get("/datasets/long/locate", params={"text": number}).json()
        assert (found["galaxy"]["row"], found["galaxy"]["source_id"]) == (row, number)
        client.call(endpoints.PUT_LABEL_FLAG, name="long", row=row)
    addition = CollectionAddition(rows=[0, 1, 2])
    client.call(endpoints.ADD_TO_COLLECTION, name="long", collection="c", body=addition)
    for path in ("/datasets/long/collections/c", "/datasets/long/flags"):
        lines = list(csv.DictReader(io.StringIO(http.get(f"{path}.csv").text)))
        assert sorted(line["source_id"] for line in lines) == sorted(IDS), path
        table = pyarrow.parquet.read_table(io.BytesIO(http.get(f"{path}.parquet").content))
        assert sorted(table["source_id"].to_pylist()) == sorted(IDS), path
    split = csv.DictReader(io.StringIO(http.get("/datasets/long/split.csv").text))
    assert [line["source_id"] for line in split][:3] == IDS


def test_a_number_is_an_id_first_and_a_row_only_if_no_galaxy_has_it(enter: Enter, http: TestClient) -> None:
    enter([*range(N - 1, -1, -1)])

    def row_of(text: str) -> tuple[int, bool]:
        found = http.get("/datasets/long/locate", params={"text": text}).json()
        return found["galaxy"]["row"], bool(found["words"])

    for text, row in (("39", 0), ("#39", 39), ("0", 39), ("#0", 0)):
        assert row_of(text) == (row, False), text


def test_a_row_by_its_bare_number_is_told_to_be_one(enter: Enter, http: TestClient, client: Client) -> None:
    enter([*range(1000, 1000 + N)])
    found = http.get("/datasets/long/locate", params={"text": "7"}).json()
    assert (found["galaxy"]["source_id"], "7" in found["words"]) == ("1007", True)
    for text in ("40", "#40", "1237648720693755918", "9" * 30, "#" + "9" * 30):
        error = refused(lambda text=text: client.call(endpoints.LOCATE_GALAXY, name="long", text=text))
        assert (error.code, text.removeprefix("#") in error.detail) == ("row_not_found", True)
