"""Search through the real app, on features that are known and on those of a real encoder."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.jobs.tasks import embed as task
from backend.search import approximate
from backend.services.services import Services
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.datasets import DatasetChange
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingSpace, RowFilter, SearchRequest
from tests.api.encoders import keep_features, leave_encoder, work

CIRCLE = np.stack([np.cos(np.arange(60) / 20), np.sin(np.arange(60) / 20)], axis=1)
"""Row r at r / 20 radians: a neighbour's cosine is that of the difference."""


@pytest.fixture
def services(http: TestClient) -> Services:
    found: Services = http.app.state.services  # type: ignore[attr-defined]
    return found


@pytest.fixture
def on_sky(sky: Path) -> Path:
    """The dataset `sky`, as if it were observed: row r at RA 100, Dec r / 100 deg, but row 31 beside row 30;
    redshift r / 100, the first half at 0.2, the others at 0.4 arcsec a pixel; no near-duplicates."""
    with h5py.File(sky, "r+") as file:
        file["ra"][:] = 100.0
        dec = np.arange(60) / 100
        dec[31] = dec[30] + 4 / 3600
        file["dec"][:] = dec
        file["redshift"][:] = np.arange(60) / 100
        file["pxscale"][:] = np.where(np.arange(60) < 30, 0.2, 0.4)
        file["image_hash"][:] = 0
        file.attrs["simulated"] = False
    return sky


@pytest.fixture
def space(database: Database, settings: Settings, services: Services, on_sky: Path) -> EmbeddingSpace:
    """Galaxies on a circle."""
    space = EmbeddingSpace(run=leave_encoder(database, settings))
    keep_features(settings, services.embeddings.resolve(space), CIRCLE)
    return space


def rows(client: Client, space: EmbeddingSpace, **asked: Any) -> list[int]:
    found = client.call(endpoints.SEARCH, query=SearchRequest(space=space, **asked))
    return [neighbour.galaxy.row for neighbour in found.neighbours]


def refused(ask: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        ask()
    return caught.value.code, caught.value.detail


def test_the_nearest_are_those_of_plain_numpy_and_carry_what_is_known_of_them(
    client: Client, services: Services, space: EmbeddingSpace
) -> None:
    vectors = services.embeddings.get(space).vectors.astype(np.float64)
    cosine = vectors @ vectors[20]
    cosine[20] = -2
    expected = np.argsort(-cosine, kind="stable")[:16]
    found = client.call(endpoints.SEARCH, query=SearchRequest(space=space, row=20))
    assert [neighbour.galaxy.row for neighbour in found.neighbours] == expected.tolist()
    np.testing.assert_allclose(
        [neighbour.similarity for neighbour in found.neighbours], cosine[expected], atol=1e-6
    )
    assert (found.candidates, found.left_out, found.step, found.dataset) == (59, 0, 7, "sky")
    assert found.query is not None
    assert found.query.galaxy.row == 20
    assert found.query.links is not None
    assert "ra=100.000000&dec=0.200000" in found.query.links.legacy_survey
    assert "Coord=100.000000%20%2B0.200000" in found.query.links.simbad
    assert "target=100.000000%20%2B0.200000" in found.query.links.esasky
    assert rows(client, space, row=20, k=3, least=True) == np.argsort(cosine)[1:4].tolist()


def test_trivial_neighbours_are_left_out_and_counted_unless_they_are_wanted(
    client: Client, space: EmbeddingSpace
) -> None:
    found = client.call(endpoints.SEARCH, query=SearchRequest(space=space, row=30, k=2))
    assert {neighbour.galaxy.row for neighbour in found.neighbours} == {29, 32}, "31 is 4″ away"
    assert (found.candidates, found.left_out, len(found.left_out_ids)) == (58, 1, 1)
    assert set(rows(client, space, row=30, k=2, near_arcsec=3.0)) == {29, 31}
    assert set(rows(client, space, row=30, k=2, keep_trivial=True)) == {29, 31}
    assert {28, 27, 33} <= set(rows(client, space, row=30, k=4, near_arcsec=40.0))


def test_filters_choose_among_galaxies_and_unknown_values_are_left_out(
    client: Client, services: Services, space: EmbeddingSpace
) -> None:
    with services.datasets.use("sky") as store:
        label, split = store.class_names[int(store.labels[20])], store.splits
        of_class = set(np.flatnonzero(store.labels == store.labels[20]).tolist())
    found = set(rows(client, space, row=20, k=60, only=RowFilter(label=label)))
    assert found == of_class - {20}
    found = set(rows(client, space, row=20, k=60, only=RowFilter.model_validate({"split": "val"})))
    assert found == set(np.flatnonzero(split == 1).tolist()) - {20}
    limits = RowFilter(redshift_min=0.1, redshift_max=0.4, pxscale_max=0.3)
    assert sorted(rows(client, space, row=20, k=60, only=limits)) == [*range(10, 20), *range(21, 30)]
    code, detail = refused(lambda: rows(client, space, row=20, only=RowFilter(label="Comet")))
    assert (code, "there is no class Comet; there are" in detail) == ("unknown_class", True)


def test_examples_are_added_and_taken_off_and_never_found_themselves(
    client: Client, services: Services, space: EmbeddingSpace
) -> None:
    vectors = services.embeddings.get(space).vectors.astype(np.float64)
    score = vectors @ vectors[[10, 14]].mean(axis=0) - 0.5 * vectors @ vectors[12]
    expected = [row for row in np.argsort(-score, kind="stable").tolist() if row not in (10, 12, 14)][:8]
    found = client.call(
        endpoints.SEARCH, query=SearchRequest(space=space, row=10, positives=(14,), negatives=(12,), k=8)
    )
    assert [neighbour.galaxy.row for neighbour in found.neighbours] == expected
    assert found.neighbours[0].similarity == pytest.approx(score[expected[0]], abs=1e-6)
    assert [one.galaxy.row for one in found.positives] == [14]
    assert [one.galaxy.row for one in found.negatives] == [12]
    heavier = vectors @ vectors[[10, 14]].mean(axis=0) - 2 * vectors @ vectors[12]
    best = next(row for row in np.argsort(-heavier).tolist() if row not in (10, 12, 14))
    assert rows(client, space, row=10, positives=(14,), negatives=(12,), negative_weight=2, k=1) == [best]


def test_what_cannot_be_searched_is_refused_with_the_next_step(client: Client, space: EmbeddingSpace) -> None:
    assert refused(lambda: rows(client, space, negatives=(3,)))[0] == "negatives_only"
    assert refused(lambda: rows(client, space))[0] == "no_query"
    code, detail = refused(lambda: rows(client, space, row=60))
    assert (code, "0 to 59, not 60" in detail) == ("row_not_found", True)
    assert refused(lambda: rows(client, space, row=3, negatives=(3,)))[0] == "both_signs"
    assert refused(lambda: rows(client, space, upload="0" * 16))[0] == "upload_not_found"
    code, detail = refused(lambda: rows(client, space.model_copy(update={"depth": 1}), row=3))
    assert (code, "has no embeddings of sky at depth 1 yet" in detail) == ("not_embedded", True)


def test_a_dataset_that_was_renamed_is_searched_by_its_new_name(
    client: Client, space: EmbeddingSpace
) -> None:
    before = client.call(endpoints.SEARCH, query=SearchRequest(space=space, row=20))
    client.call(endpoints.CHANGE_DATASET, name="sky", body=DatasetChange(name="heaven"))
    after = client.call(endpoints.SEARCH, query=SearchRequest(space=space, row=20))
    assert (before.dataset, after.dataset) == ("sky", "heaven")
    assert after.neighbours == before.neighbours


def test_results_are_taken_along_as_a_table_with_links(client: Client, space: EmbeddingSpace) -> None:
    request = SearchRequest(space=space, row=20, k=5)
    found = client.call(endpoints.SEARCH, query=request).neighbours
    table = pyarrow.parquet.read_table(
        io.BytesIO(client.call(endpoints.SEARCH_FILE, query=request, file_format="parquet"))
    ).to_pylist()
    assert [line["row"] for line in table] == [one.galaxy.row for one in found]
    assert [line["similarity"] for line in table] == [one.similarity for one in found]
    first = next(
        csv.DictReader(
            io.StringIO(client.call(endpoints.SEARCH_FILE, query=request, file_format="csv").decode())
        )
    )
    assert first["rank"] == "1"
    assert float(first["dec"]) == found[0].galaxy.dec
    assert first["source_id"] == found[0].galaxy.source_id
    assert first["legacy_survey"].startswith("https://www.legacysurvey.org/viewer?ra=100.0")


def test_all_embeddings_are_taken_along_by_source_id(
    client: Client, services: Services, space: EmbeddingSpace
) -> None:
    vectors = services.embeddings.get(space).vectors
    records = np.load(
        io.BytesIO(client.call(endpoints.EMBEDDINGS_FILE, **space.model_dump(), file_format="npy")),
        allow_pickle=False,
    )
    galaxies = client.call(endpoints.LIST_GALAXIES, name="sky", limit=60).galaxies
    assert records["source_id"].tolist() == [galaxy.source_id for galaxy in galaxies]
    assert np.array_equal(records["embedding"], vectors)
    table = pyarrow.parquet.read_table(
        io.BytesIO(client.call(endpoints.EMBEDDINGS_FILE, **space.model_dump(), file_format="parquet"))
    )
    line = table.slice(33, 1).to_pylist()[0]
    assert np.array_equal(np.array(line.pop("embedding"), np.float32), vectors[33])
    expected = {
        key: getattr(galaxies[33], key) for key in ("row", "source_id", "label", "split", "ra", "dec")
    }
    assert line == expected


def test_a_galaxy_is_located_by_row_id_position_and_link(client: Client, on_sky: Path) -> None:
    source = client.call(endpoints.LIST_GALAXIES, name="sky", offset=7, limit=1).galaxies[0].source_id
    for text in ("7", "#7", source.upper()):
        assert client.call(endpoints.LOCATE_GALAXY, name="sky", text=text).galaxy.row == 7, text
    link = "https://www.legacysurvey.org/viewer?ra=100.0&dec=0.0703&layer=ls-dr10"
    for text in ("100 0.0703", "6:40:00 +0:04:13.1", "06h40m00s +00d04m13.1s", link):
        found = client.call(endpoints.LOCATE_GALAXY, name="sky", text=text)
        assert (found.galaxy.row, found.far) == (7, False), text
        assert found.separation_arcsec == pytest.approx(1.08, abs=0.05)
    plain = client.call(endpoints.LOCATE_GALAXY, name="sky", text="7")
    marked = client.call(endpoints.LOCATE_GALAXY, name="sky", text="#7")
    assert ("id 7" in plain.words, marked.words) == (True, "")
    far = client.call(endpoints.LOCATE_GALAXY, name="sky", text="100 2.59")
    assert (far.galaxy.row, far.far) == (59, True)
    assert "2° away" in far.words
    assert refused(lambda: client.call(endpoints.LOCATE_GALAXY, name="sky", text="100 99"))[0] == "not_on_sky"
    assert (
        refused(lambda: client.call(endpoints.LOCATE_GALAXY, name="sky", text="Andromeda"))[0]
        == "no_position"
    )
    assert refused(lambda: client.call(endpoints.LOCATE_GALAXY, name="sky", text="77"))[0] == "row_not_found"


def test_a_dataset_without_coordinates_says_so(client: Client, sky: Path) -> None:
    code, detail = refused(lambda: client.call(endpoints.LOCATE_GALAXY, name="sky", text="100 2.5"))
    assert (code, detail) == (
        "no_coordinates",
        "no galaxy of sky has RA and Dec; give a row, an id, or an image",
    )


def picture(pixels: np.ndarray[Any, Any]) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def upload_image(http: TestClient, content: bytes) -> str:
    return str(http.post(endpoints.UPLOAD_IMAGE.path, content=content).json()["id"])


def test_an_image_of_another_shape_is_embedded_by_the_encoder_and_its_own_galaxy_is_trivial(
    http: TestClient,
    client: Client,
    services: Services,
    database: Database,
    settings: Settings,
    on_sky: Path,
) -> None:
    space = EmbeddingSpace(run=leave_encoder(database, settings))
    work(
        task,
        settings,
        client.call(
            endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.EMBED, config={"encoder": space.run})
        ).id,
    )
    with services.datasets.use("sky") as store:
        pixels = store.images(np.array([20]))[0]
    wide = np.zeros((32, 50, 3), np.uint8)
    wide[:, 9:41] = pixels
    upload = upload_image(http, picture(wide))
    asked = SearchRequest(space=space, upload=upload, keep_trivial=True)
    first, second = client.call(endpoints.SEARCH, query=asked).neighbours[:2]
    assert first.galaxy.row == 20
    assert first.similarity > 0.9999 > second.similarity
    found = client.call(endpoints.SEARCH, query=SearchRequest(space=space, upload=upload))
    assert (found.query, found.left_out) == (None, 1)
    assert [one.galaxy.row for one in found.neighbours] == rows(client, space, row=20)
    grey = upload_image(http, picture(wide[:, :, 0]))
    code, detail = refused(lambda: rows(client, space, upload=grey))
    assert code == "bands_differ"
    assert "reads 3 bands and the image sent has 1 band" in detail


def test_an_index_finds_what_exact_search_finds_and_says_how_well(
    client: Client, services: Services, space: EmbeddingSpace, settings: Settings
) -> None:
    pytest.importorskip("faiss", reason="faiss is not installed (the extra `ann`)")
    [mean] = (settings.home / "cache" / "features").rglob("d2_mean_all.npy")
    shutil.copy(mean, mean.with_name("d2_cls_all.npy"))  # so that the job takes both as they are
    asked = SearchRequest(space=space, row=30, k=5)
    exact = client.call(endpoints.SEARCH, query=asked)
    assert exact.approximate is None
    job = client.call(
        endpoints.CREATE_RUN,
        body=RunRequest(kind=RunKind.EMBED, config={"encoder": space.run, "index": "always"}),
    )
    work(task, settings, job.id)
    found = client.call(endpoints.SEARCH, query=asked)
    assert found.approximate is not None
    assert (found.approximate.k, found.approximate.queries) == (16, 60)
    assert found.approximate.recall >= approximate.GOOD_RECALL
    assert (found.neighbours, found.candidates) == (exact.neighbours, exact.candidates)
    assert found.left_out == exact.left_out == 1, "31 is 4″ away"
    for aside in (
        {"exact": True},
        {"least": True},
        {"negatives": (2,)},
        {"only": RowFilter(redshift_min=0.55)},
    ):
        assert client.call(endpoints.SEARCH, query=asked.model_copy(update=aside)).approximate is None, aside
    few = client.call(endpoints.SEARCH, query=asked.model_copy(update={"only": RowFilter(redshift_min=0.55)}))
    assert sorted(one.galaxy.row for one in few.neighbours) == [55, 56, 57, 58, 59]


def test_an_index_without_faiss_is_refused_before_the_job(
    client: Client, space: EmbeddingSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approximate, "is_installed", lambda: False)
    request = RunRequest(kind=RunKind.EMBED, config={"encoder": space.run, "index": "always"})
    code, detail = refused(lambda: client.call(endpoints.CREATE_RUN, body=request))
    assert (code, "pip install faiss-cpu" in detail) == ("no_faiss", True)
