"""Odd galaxies and ratings through the real app, on features that are known."""

import csv
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.search.neighbours import nearest
from backend.search.odd import isolation, neighbour_vote
from backend.search.trivial import Catalogue
from backend.services.datasets.browsing import Datasets
from backend.services.embeddings.odd import OddGalaxies
from backend.services.services import Services
from backend.settings import Settings
from frontend.api.client import Client
from shared.contract import endpoints
from shared.contract.datasets import DatasetChange
from shared.contract.maps import ColourBy
from shared.contract.odd import LearnFrom, OddBy, OddPage, OddRequest
from shared.contract.search import EmbeddingSpace, RowFilter
from tests.api.conftest import add_dataset, refused
from tests.api.encoders import leave_encoder

ANGLES = np.cumsum(np.arange(60) / 300)
"""Of the rows on a circle, in radians: each is farther from the one before than that was."""


@pytest.fixture
def services(http: TestClient) -> Services:
    found: Services = http.app.state.services  # type: ignore[attr-defined]
    return found


@pytest.fixture
def space(database: Database, settings: Settings, services: Services, sky: Path) -> EmbeddingSpace:
    """The 60 galaxies of `sky` on a circle, with positions; rows 50 to 59 have no label."""
    with h5py.File(sky, "r+") as file:
        file["ans"][:] = np.r_[np.arange(50) // 10, np.full(10, -1)]
        file["ra"][:], file["dec"][:], file["image_hash"][:] = 100.0, np.arange(60) / 100, 0
        file.attrs["simulated"] = False
    space = EmbeddingSpace(run=leave_encoder(database, settings))
    resolved = services.embeddings.resolve(space)
    features = np.zeros((60, resolved.width), np.float32)
    features[:, :2] = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    [file] = resolved.files
    path = settings.home / "cache" / "features" / file
    path.parent.mkdir(parents=True)
    np.save(path, features)
    return space


def ask(client: Client, space: EmbeddingSpace, **asked: Any) -> OddPage:
    return client.call(
        endpoints.LIST_ODD, query=OddRequest.model_validate({"space": space, "k": 4, "limit": 60} | asked)
    )


def rows(page: OddPage) -> list[int]:
    return [one.galaxy.row for one in page.galaxies]


class SlowDatasets(Datasets):
    """The first use waits for `go`; later ones do not."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(database, settings)
        self.asked, self.go, self.times = threading.Event(), threading.Event(), 0

    @contextmanager
    def use(self, name: str) -> Iterator[GalaxyStore]:
        self.times += 1
        if self.times == 1:
            self.asked.set()
            assert self.go.wait(240)
        with super().use(name) as store:
            yield store


def test_neighbours_that_take_long_are_made_once_and_hold_up_no_others(
    database: Database, settings: Settings, services: Services, space: EmbeddingSpace
) -> None:
    embedded, slow = services.embeddings.get(space), SlowDatasets(database, settings)
    odd = OddGalaxies(slow, services.embeddings, services.annotations)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(odd._nearest, embedded, 4, None) for _ in range(2)]
        assert slow.asked.wait(240)
        others = odd._nearest(embedded, 3, None)  # while the first are not made
        slow.go.set()
        first, second = (one.result() for one in waiting)
    assert first is second and slow.times == 2
    assert others.rows.tolist() == first.rows[:, :3].tolist()


def test_a_rating_belongs_to_the_galaxies_of_a_digest_and_is_changed_and_taken_off(
    client: Client, database: Database, settings: Settings, sky: Path
) -> None:
    galaxy = client.call(endpoints.LIST_GALAXIES, name="sky", limit=60).galaxies[7]
    first = client.call(endpoints.PUT_RATING, name="sky", row=7, body={"rating": 4})
    assert (first.row, first.source_id, first.label, first.rating) == (7, galaxy.source_id, galaxy.label, 4)
    assert first.dataset_digest == client.call(endpoints.GET_DATASET, name="sky").digest
    assert client.call(endpoints.PUT_RATING, name="sky", row=7, body={"rating": 1}).rating == 1
    assert [one.rating for one in client.call(endpoints.LIST_RATINGS, name="sky")] == [1]
    client.call(endpoints.CHANGE_DATASET, name="sky", body=DatasetChange(name="heaven"))
    client.call(endpoints.DELETE_DATASET, name="heaven")
    add_dataset(database, settings, "again")
    assert [
        (one.dataset, one.row, one.rating) for one in client.call(endpoints.LIST_RATINGS, name="again")
    ] == [("again", 7, 1)]
    client.call(endpoints.REMOVE_RATING, name="again", row=7)
    client.call(endpoints.REMOVE_RATING, name="again", row=7)  # from a second tab
    assert client.call(endpoints.LIST_RATINGS, name="again") == []


@pytest.mark.parametrize("rating", [-1, 6, 2.5])
def test_a_rating_is_a_whole_number_from_0_to_5(client: Client, sky: Path, rating: Any) -> None:
    error = refused(lambda: client.call(endpoints.PUT_RATING, name="sky", row=0, body={"rating": rating}))
    assert (error.status, error.field) == (422, "rating")
    assert f"rating = {rating}" in error.detail
    assert client.call(endpoints.LIST_RATINGS, name="sky") == []
    assert (
        refused(lambda: client.call(endpoints.PUT_RATING, name="sky", row=60, body={"rating": 1})).code
        == "row_not_found"
    )


def test_ratings_are_exported_with_positions_and_links(client: Client, space: EmbeddingSpace) -> None:
    for row, rating in ((55, 5), (2, 0)):
        client.call(endpoints.PUT_RATING, name="sky", row=row, body={"rating": rating})
    found = list(
        csv.DictReader(
            io.StringIO(client.call(endpoints.RATINGS_FILE, name="sky", file_format="csv").decode())
        )
    )
    assert [(one["row"], one["rating"], one["dec"], one["label"]) for one in found] == [
        ("2", "0", "0.02", client.call(endpoints.GET_DATASET, name="sky").class_names[0]),
        ("55", "5", "0.55", ""),
    ]
    assert "ra=100.000000&dec=0.020000" in found[0]["legacy_survey"]
    table = pyarrow.parquet.read_table(
        io.BytesIO(client.call(endpoints.RATINGS_FILE, name="sky", file_format="parquet"))
    )
    assert table.column("rating").to_pylist() == [0, 5]


def test_the_most_isolated_come_first_with_their_neighbours_and_what_those_say(
    client: Client, services: Services, space: EmbeddingSpace
) -> None:
    vectors = services.embeddings.get(space).vectors
    with services.datasets.use("sky") as store:
        catalogue = Catalogue.of([""] * 60, store.ra, store.dec, np.zeros(60, np.uint64))
    found = nearest(vectors, catalogue, 4)
    scores = isolation(found)
    page = ask(client, space)
    assert (page.total, len(page.galaxies)) == (60, 60)
    assert [one.score for one in page.galaxies] == sorted(
        (round(float(one), 6) for one in scores), reverse=True
    )
    top = page.galaxies[0]
    assert [one.row for one in top.neighbours] == found.rows[top.galaxy.row].tolist()
    assert top.links is not None
    names = client.call(endpoints.GET_DATASET, name="sky").class_names
    inner = next(one for one in page.galaxies if one.galaxy.row == 25)
    assert inner.says is not None
    assert (inner.says.label, inner.says.agree, inner.says.own, inner.says.of) == (names[2], 4, 4, 4)
    assert rows(ask(client, space, limit=3, offset=2)) == rows(page)[2:5]
    assert rows(ask(client, space, only=RowFilter(label="unlabelled"))) == [
        row for row in rows(page) if row >= 50
    ]


def test_doubted_labels_are_asked_of_labelled_neighbours_and_of_labelled_galaxies_only(
    client: Client, services: Services, space: EmbeddingSpace
) -> None:
    vectors = services.embeddings.get(space).vectors
    labels = np.r_[np.arange(50) // 10, np.full(10, -1)]
    blank = np.full(60, np.nan)
    catalogue = Catalogue.of([""] * 60, blank, blank, np.zeros(60, np.uint64))
    said = neighbour_vote(nearest(vectors, catalogue, 4, labels >= 0), labels, 10)
    page = ask(client, space, by="mislabel")
    assert sorted(rows(page)) == list(range(50))
    for one in page.galaxies:
        assert one.score == pytest.approx(said.mislabel[one.galaxy.row], abs=1e-6)
        assert {near.row for near in one.neighbours} <= set(range(50))
    told = ask(client, space, by="mislabel", row=55, limit=1).asked
    assert told is not None
    assert (told.galaxy.row, told.score) == (55, None)


def test_without_labels_none_can_be_doubted_and_without_embeddings_the_job_is_named(
    client: Client,
    database: Database,
    settings: Settings,
    sky: Path,
    services: Services,
    space: EmbeddingSpace,
) -> None:
    with h5py.File(sky, "r+") as file:
        file["ans"][:] = -1
    sky.touch()
    error = refused(lambda: ask(client, space, by="mislabel"))
    assert (error.status, error.code) == (422, "no_labels")
    assert "rank it by isolation" in error.detail
    error = refused(lambda: ask(client, space.model_copy(update={"depth": 1})))
    assert (error.status, error.code) == (409, "not_embedded")
    assert refused(lambda: ask(client, space, row=60)).code == "row_not_found"


def test_more_galaxies_than_can_be_compared_with_each_other_are_refused(
    client: Client, space: EmbeddingSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.services.embeddings.odd.MOST_GALAXIES", 59)
    error = refused(lambda: ask(client, space))
    assert (error.status, error.code) == (422, "too_many_galaxies")
    assert "sky has 60 galaxies" in error.detail and "limited to 59" in error.detail


def test_what_was_rated_is_left_out_and_told_unless_it_is_wanted(
    client: Client, space: EmbeddingSpace
) -> None:
    order = rows(ask(client, space))
    client.call(endpoints.PUT_RATING, name="sky", row=order[0], body={"rating": 3})
    client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=4, body={"note": "edge-on?"})
    page = ask(client, space, row=order[0])
    assert (rows(page), page.total) == (order[1:], 59)
    assert (page.rated, page.flagged) == (1, 1)
    assert page.asked is not None
    assert (page.asked.galaxy.row, page.asked.rating) == (order[0], 3)
    assert {one.galaxy.row: one.flag for one in page.galaxies}[4] == "edge-on?"
    assert rows(ask(client, space, with_rated=True)) == order


def test_what_was_rated_high_brings_those_beside_it_first(client: Client, space: EmbeddingSpace) -> None:
    error = refused(lambda: ask(client, space, by="interest"))
    assert (error.status, error.code) == (409, "nothing_to_learn")
    client.call(endpoints.PUT_RATING, name="sky", row=20, body={"rating": 5})
    client.call(endpoints.PUT_RATING, name="sky", row=21, body={"rating": 5})
    assert "all 2 ratings are the same" in refused(lambda: ask(client, space, by="interest")).detail
    client.call(endpoints.PUT_RATING, name="sky", row=40, body={"rating": 0})
    page = ask(client, space, by="interest")
    assert page.learned is not None
    assert (page.learned.n, page.learned.correlation) == (3, None)
    assert "from 5 ratings on" in page.learned.words
    assert sorted(rows(page)) == sorted(set(range(60)) - {20, 21, 40})
    assert rows(page).index(19) < rows(page).index(39)
    for row, rating in ((41, 0), (18, 4), (39, 1)):
        client.call(endpoints.PUT_RATING, name="sky", row=row, body={"rating": rating})
    page = ask(client, space, by="interest")
    assert page.learned is not None
    assert page.learned.correlation is not None
    assert page.learned.correlation > 0.6
    assert f"6 rated; leave-one-out rank correlation {page.learned.correlation:.2f}" in page.learned.words


def test_flags_are_learned_against_what_was_rated_and_not_flagged(
    client: Client, space: EmbeddingSpace
) -> None:
    asked = {"by": OddBy.INTEREST, "learn_from": LearnFrom.FLAGS}
    client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=20)
    assert "no galaxy is rated without a flag" in refused(lambda: ask(client, space, **asked)).detail
    client.call(endpoints.PUT_RATING, name="sky", row=40, body={"rating": 5})
    client.call(endpoints.PUT_RATING, name="sky", row=20, body={"rating": 5})
    page = ask(client, space, **asked)
    assert page.learned is not None
    assert page.learned.words.startswith("1 flagged, 1 not")
    assert rows(page).index(21) < rows(page).index(39)
    assert {20, 40}.isdisjoint(rows(page))


def test_a_ranking_is_exported(client: Client, space: EmbeddingSpace) -> None:
    request = OddRequest(space=space, by=OddBy.MISLABEL, k=4, limit=5, offset=2)
    page = client.call(endpoints.LIST_ODD, query=request)
    found = list(
        csv.DictReader(
            io.StringIO(client.call(endpoints.ODD_FILE, query=request, file_format="csv").decode())
        )
    )
    assert [int(one["row"]) for one in found] == rows(page)
    assert [int(one["rank"]) for one in found] == [3, 4, 5, 6, 7]
    assert page.galaxies[0].says is not None
    assert found[0]["neighbours_label"] == page.galaxies[0].says.label
    assert found[0]["legacy_survey"].startswith("https://www.legacysurvey.org")
    table = pyarrow.parquet.read_table(
        io.BytesIO(client.call(endpoints.ODD_FILE, query=request, file_format="parquet"))
    )
    assert table.column("score").to_pylist() == [one.score for one in page.galaxies]


def test_galaxies_of_a_map_are_coloured_by_flags_and_ratings(client: Client, sky: Path) -> None:
    assert (
        refused(lambda: client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.FLAGGED)).code
        == "no_flags"
    )
    assert (
        refused(lambda: client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.RATING)).code
        == "no_ratings"
    )
    client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=3)
    client.call(endpoints.PUT_RATING, name="sky", row=5, body={"rating": 4})
    client.call(endpoints.PUT_RATING, name="sky", row=6, body={"rating": 0})
    flagged = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.FLAGGED)
    assert (flagged.names, flagged.unknown) == (["label flagged"], "not flagged")
    assert flagged.values == [0 if row == 3 else -1 for row in range(60)]
    rated = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.RATING)
    assert rated.names == ["0", "1", "2", "3", "4", "5"]
    assert {row: value for row, value in enumerate(rated.values) if value != -1} == {5: 4, 6: 0}
