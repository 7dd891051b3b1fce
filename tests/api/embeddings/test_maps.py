"""Maps through the real app; the workers' part is done here, with the real tasks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import DataError
from backend.jobs import registry
from backend.jobs.run_dir import RunDir
from backend.jobs.run_writer import RunWriter, StopRequestedError
from backend.jobs.tasks import embed, probe, project
from backend.search.projection import project_aligned, project_pca, project_tsne
from backend.services.services import Services
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.base.vocabulary import Basis
from shared.configs import ImportConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.datasets import DatasetChange
from shared.contract.maps import ColourBy, MapRequest
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingSpace
from tests.api.conftest import enter_dataset
from tests.api.encoders import leave_encoder, work
from tests.api.evaluation_rows import enter_evaluation

Embed = Callable[..., None]


@pytest.fixture
def services(http: TestClient) -> Services:
    found: Services = http.app.state.services  # type: ignore[attr-defined]
    return found


@pytest.fixture
def encoder(database: Database, settings: Settings, sky: Path) -> str:
    """A run on the 60 galaxies of `sky` with checkpoints 0 and 7 of random weights."""
    return leave_encoder(database, settings)


@pytest.fixture
def embedded(client: Client, settings: Settings) -> Embed:
    """Asks for embeddings through the API and does the worker's part."""

    def make(encoder: str, **config: Any) -> None:
        request = RunRequest(kind=RunKind.EMBED, config={"encoder": encoder} | config)
        assert (
            work(embed, settings, client.call(endpoints.CREATE_RUN, body=request).id).outcome == "succeeded"
        )

    return make


def points_of(client: Client, request: MapRequest) -> NDArray[np.float32]:
    """(N, 2)"""
    flat = np.frombuffer(client.call(endpoints.MAP_POINTS, **request.model_dump()), "<f4")
    return flat.reshape(2, -1).T


def refused(ask: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        ask()
    return caught.value.code, caught.value.detail


def test_principal_components_are_there_at_once_and_cross_the_wire_as_bytes(
    client: Client, http: TestClient, services: Services, encoder: str, embedded: Embed, settings: Settings
) -> None:
    embedded(encoder)
    request = MapRequest(run=encoder)
    state = client.call(endpoints.GET_MAP, **request.model_dump())
    expected = project_pca(services.embeddings.get(EmbeddingSpace(run=encoder)).vectors)
    assert (state.ready, state.job, state.config, state.shares) == (True, None, None, list(expected.shares))
    np.testing.assert_array_equal(points_of(client, request), expected.points)
    answer = http.get(endpoints.MAP_POINTS.path, params={"run": encoder})
    assert len(answer.content) == 60 * 2 * 4
    seen = {"If-None-Match": answer.headers["ETag"]}
    again = http.get(endpoints.MAP_POINTS.path, params={"run": encoder}, headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    other = http.get(endpoints.MAP_POINTS.path, params={"run": encoder, "pooling": "cls"})
    assert other.headers["ETag"] != answer.headers["ETag"]
    kept = list((settings.home / "cache" / "projections").rglob("*.npz"))
    assert len(kept) == 2


def test_without_embeddings_there_is_no_map_and_the_job_is_offered(client: Client, encoder: str) -> None:
    state = client.call(endpoints.GET_MAP, **MapRequest(run=encoder).model_dump())
    assert (state.ready, state.embeddings.ready, state.embeddings.config.encoder) == (False, False, encoder)
    code, detail = refused(lambda: client.call(endpoints.MAP_POINTS, **MapRequest(run=encoder).model_dump()))
    assert (code, "queue a run of kind embed" in detail) == ("not_embedded", True)
    request = RunRequest(kind=RunKind.PROJECT, config={"encoder": encoder, "perplexity": 5})
    assert refused(lambda: client.call(endpoints.CREATE_RUN, body=request)) == (code, detail)


def test_neighbours_are_laid_out_by_a_job_and_found_again(
    client: Client, services: Services, encoder: str, embedded: Embed, settings: Settings
) -> None:
    embedded(encoder)
    request = MapRequest(run=encoder, method="tsne", perplexity=5, seed=3)
    before = client.call(endpoints.GET_MAP, **request.model_dump())
    assert (before.ready, before.job, before.why_not) == (False, None, None)
    assert refused(lambda: client.call(endpoints.MAP_POINTS, **request.model_dump()))[0] == "not_projected"
    assert before.config is not None
    config = before.config.model_dump(mode="json")
    job = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROJECT, config=config)).id
    assert client.call(endpoints.GET_MAP, **request.model_dump()).job == job
    result = work(project, settings, job)
    assert (result.outcome, result.step, client.call(endpoints.GET_RUN, run_id=job).lane) == (
        "succeeded",
        60,
        "light",
    )
    after = client.call(endpoints.GET_MAP, **request.model_dump())
    assert (after.ready, after.job, after.shares) == (True, job, [])
    vectors = services.embeddings.get(EmbeddingSpace(run=encoder)).vectors
    expected = project_tsne(vectors, perplexity=5, seed=3, tick=lambda *_: None)
    np.testing.assert_array_equal(points_of(client, request), expected.points)
    assert not client.call(endpoints.GET_MAP, **request.model_copy(update={"seed": 4}).model_dump()).ready


def test_a_perplexity_too_large_for_the_galaxies_is_refused_with_one_that_fits(
    client: Client, encoder: str, embedded: Embed
) -> None:
    embedded(encoder)
    request = RunRequest(kind=RunKind.PROJECT, config={"encoder": encoder})
    code, detail = refused(lambda: client.call(endpoints.CREATE_RUN, body=request))
    assert (code, "perplexity = 30" in detail, "19 or less" in detail) == ("perplexity_too_large", True, True)
    state = client.call(endpoints.GET_MAP, **MapRequest(run=encoder, method="tsne").model_dump())
    assert (state.ready, state.config, state.why_not) == (False, None, detail)


def test_a_projection_that_is_stopped_or_has_lost_its_embeddings_leaves_nothing(
    client: Client, encoder: str, embedded: Embed, settings: Settings
) -> None:
    embedded(encoder)
    config = {"encoder": encoder, "perplexity": 5}
    run_id = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROJECT, config=config)).id
    run_dir = RunDir(settings.runs_dir / run_id)
    with RunWriter(run_dir, 1) as writer:
        run_dir.request("stop")
        with pytest.raises(StopRequestedError):  # which the worker turns into its result
            project.run(run_dir.spec(), settings.home, writer)
    for file in (settings.home / "cache" / "features").rglob("*.npy"):
        file.unlink()
    with pytest.raises(DataError) as gone:
        work(project, settings, run_id)
    assert gone.value.code == "not_embedded"
    assert not client.call(
        endpoints.GET_MAP, **MapRequest(run=encoder, method="tsne", perplexity=5).model_dump()
    ).ready


def test_maps_of_two_checkpoints_are_turned_onto_each_other(
    client: Client, services: Services, encoder: str, embedded: Embed
) -> None:
    embedded(encoder, checkpoint="7")
    first = MapRequest(run=encoder, checkpoint="0", aligned="last")
    state = client.call(endpoints.GET_MAP, **first.model_dump())
    assert (state.ready, state.aligned, state.embeddings.ready) == (False, 7, False)
    embedded(encoder, checkpoint="0")
    of = {step: services.embeddings.get(EmbeddingSpace(run=encoder, checkpoint=step)) for step in ("0", "7")}
    expected = project_aligned(of["0"].vectors, of["7"].vectors)
    assert client.call(endpoints.GET_MAP, **first.model_dump()).ready
    np.testing.assert_array_equal(points_of(client, first), expected.points)
    last = MapRequest(run=encoder, checkpoint="7", aligned="7")
    np.testing.assert_array_equal(points_of(client, last), project_pca(of["7"].vectors).points)
    code, _ = refused(
        lambda: client.call(
            endpoints.GET_MAP, **MapRequest(run=encoder, method="tsne", aligned="7").model_dump()
        )
    )
    assert code == "not_alignable"


def test_a_map_is_turned_onto_that_of_another_encoder_also_of_another_width(
    client: Client, services: Services, database: Database, settings: Settings, encoder: str, embedded: Embed
) -> None:
    other = leave_encoder(database, settings, embed_dim=24)
    embedded(encoder, checkpoint="7")
    embedded(other, checkpoint="7", depth=1)
    turned = MapRequest(run=other, depth=1, aligned="last", aligned_run=encoder)
    ours = services.embeddings.get(EmbeddingSpace(run=other, depth=1)).vectors
    theirs = services.embeddings.get(EmbeddingSpace(run=encoder)).vectors
    assert (ours.shape[1], theirs.shape[1]) == (24, 32)
    np.testing.assert_array_equal(points_of(client, turned), project_aligned(ours, theirs).points)
    state = client.call(
        endpoints.GET_MAP, **MapRequest(run=encoder, aligned_run=other, aligned_pooling="cls").model_dump()
    )
    assert (state.ready, state.aligned) == (False, 7)  # that encoder is embedded at depth 1 alone


def test_one_job_embeds_every_checkpoint_and_the_map_knows_them(
    client: Client, encoder: str, settings: Settings
) -> None:
    config = {"encoder": encoder, "checkpoint": "7", "every_checkpoint": True}
    job = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.EMBED, config=config)).id
    first = client.call(endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder, checkpoint="0").model_dump())
    assert (first.ready, first.job) == (False, job)
    assert work(embed, settings, job).outcome == "succeeded"
    state = client.call(endpoints.GET_MAP, **MapRequest(run=encoder, checkpoint="7").model_dump())
    assert (state.ready, state.steps, state.embeddings.job) == (True, [0, 7], job)
    assert client.call(endpoints.GET_MAP, **MapRequest(run=encoder, depth=1).model_dump()).steps == []
    other = client.call(endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder, depth=1).model_dump())
    assert (other.ready, other.job) == (False, None)


def test_galaxies_are_coloured_by_what_is_known_of_each(
    client: Client, services: Services, database: Database, settings: Settings, encoder: str
) -> None:
    with services.datasets.use("sky") as store:
        labels, splits, redshift, names = store.labels, store.splits, store.redshift, store.class_names
    of_class = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.CLASS)
    assert (of_class.names, of_class.values) == (names, labels.tolist())
    of_split = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.SPLIT)
    assert (of_split.names, of_split.values) == (["train", "val", "test"], splits.tolist())
    if np.isfinite(redshift).any():
        of_redshift = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.REDSHIFT)
        assert (of_redshift.names, of_redshift.values) == ([], np.round(redshift, 5).tolist())
    config = {"encoder": encoder, "heads": ["knn"], "knn_k": 3, "references": False}
    run_id = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config=config)).id
    produced = work(probe, settings, run_id).produced
    with database.write() as session:
        registry.register(session, session.get_one(RunRow, run_id), produced)
    [one] = [one for one in client.call(endpoints.LIST_EVALUATIONS, run=run_id) if one.basis is Basis.ENCODER]
    found = services.evaluations.predictions(one.id)
    predicted = np.full(60, -1)
    predicted[found.row] = found.predicted
    answer = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.PREDICTED, evaluation=one.id)
    assert (answer.names, answer.values, answer.unknown) == (names, predicted.tolist(), "not predicted")
    right = np.where(predicted < 0, -1, predicted == labels)
    answer = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.RIGHT, evaluation=one.id)
    assert (answer.names, answer.values) == (["wrong", "right"], right.tolist())
    sure = client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.CONFIDENCE, evaluation=one.id)
    assert [value is None for value in sure.values] == (splits == 0).tolist()
    assert sure.values[found.row[0]] == pytest.approx(found.probabilities[0].max(), abs=1e-4)


def test_what_cannot_colour_is_refused_with_what_can(
    client: Client, database: Database, settings: Settings, sky: Path, tmp_path: Path
) -> None:
    images = np.random.default_rng(0).integers(0, 255, (60, 32, 32, 3), dtype=np.uint8)
    np.save(tmp_path / "bare.npy", images)
    enter_dataset(database, settings, ImportConfig(path=str(tmp_path / "bare.npy"), name="bare"))
    assert refused(lambda: client.call(endpoints.GET_COLOURS, name="bare", by=ColourBy.CLASS)) == (
        "no_labels",
        "bare has no labels; colour it by split",
    )
    assert (
        refused(lambda: client.call(endpoints.GET_COLOURS, name="bare", by=ColourBy.REDSHIFT))[0]
        == "no_redshift"
    )
    assert (
        refused(lambda: client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.RIGHT))[0]
        == "no_evaluation"
    )
    missing = refused(
        lambda: client.call(endpoints.GET_COLOURS, name="sky", by=ColourBy.RIGHT, evaluation="none")
    )
    assert missing[0] == "evaluation_not_found"
    odd = enter_evaluation(database, settings, np.array([0, 1]), np.eye(10)[[0, 1]], rows=np.array([3, 60]))
    for by in (ColourBy.PREDICTED, ColourBy.CONFIDENCE):
        code, detail = refused(
            lambda by=by: client.call(endpoints.GET_COLOURS, name="sky", by=by, evaluation=odd.id)
        )
        assert (code, f"{odd.id} predicts row 60" in detail) == ("bad_predictions", True)


def test_a_dataset_that_is_gone_or_renamed_is_followed_by_name(
    client: Client, encoder: str, embedded: Embed
) -> None:
    embedded(encoder)
    client.call(endpoints.CHANGE_DATASET, name="sky", body=DatasetChange(name="heaven"))
    assert (
        client.call(endpoints.GET_MAP, **MapRequest(run=encoder).model_dump()).embeddings.dataset == "heaven"
    )
    for run in client.call(endpoints.LIST_RUNS, all=True):
        client.call(endpoints.STOP_RUN, run_id=run.id)
    client.call(endpoints.DELETE_DATASET, name="heaven")
    code, detail = refused(lambda: client.call(endpoints.GET_MAP, **MapRequest(run=encoder).model_dump()))
    assert code == "dataset_not_found"
    assert "there is no dataset" in detail
