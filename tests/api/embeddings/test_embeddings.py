"""Embeddings through the real app; the worker's part is done here, with the real task."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.db.engine import Database
from backend.errors import ConflictError, DataError
from backend.jobs.run_dir import RunDir
from backend.jobs.run_writer import RunWriter, StopRequestedError
from backend.jobs.tasks import embed as task
from backend.services.services import Services
from backend.settings import Settings
from backend.stats.retrieval import rank_by_class
from frontend.api.client import ApiError, Client
from shared.configs import SimulateConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingSpace
from tests.api.conftest import enter_dataset
from tests.api.encoders import leave_encoder, work

Embed = Callable[..., str]


@pytest.fixture
def services(http: TestClient) -> Services:
    found: Services = http.app.state.services  # type: ignore[attr-defined]
    return found


@pytest.fixture
def encoder(database: Database, settings: Settings, sky: Path) -> str:
    """A run on the 60 galaxies of `sky` with checkpoints 0 and 7 of random weights."""
    return leave_encoder(database, settings)


@pytest.fixture
def embed(client: Client, settings: Settings) -> Embed:
    """Asks for a job through the API and does the worker's part; its id."""

    def make(encoder: str, **config: Any) -> str:
        request = RunRequest(kind=RunKind.EMBED, config={"encoder": encoder} | config)
        run_id = client.call(endpoints.CREATE_RUN, body=request).id
        result = work(task, settings, run_id)
        assert (result.outcome, result.step) == ("succeeded", 60)
        return run_id

    return make


def kept_files(settings: Settings) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in (settings.home / "cache" / "features").rglob("*.npy")}


def test_galaxies_of_every_split_are_embedded_and_found_again(
    client: Client, services: Services, encoder: str, embed: Embed, settings: Settings
) -> None:
    space = EmbeddingSpace(run=encoder)
    before = client.call(endpoints.GET_EMBEDDINGS, **space.model_dump())
    assert (before.ready, before.job, before.step, before.n, before.width) == (False, None, 7, 60, 32)
    assert (before.dataset, before.depth, before.layers) == ("sky", 2, 2)
    job = embed(**before.config.model_dump())
    after = client.call(endpoints.GET_EMBEDDINGS, **space.model_dump())
    assert (after.ready, after.job) == (True, job)
    assert client.call(endpoints.GET_RUN, run_id=job).lane == "light"
    [path] = (settings.home / "cache" / "features").rglob("d2_mean_all.npy")
    features = np.load(path).astype(np.float64)
    with services.datasets.use("sky") as store:
        train = store.splits == 0
    expected = (features - features[train].mean(axis=0)) / features[train].std(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    embedded = services.embeddings.get(space)
    np.testing.assert_allclose(embedded.vectors, expected, atol=1e-5)
    np.testing.assert_allclose(embedded.place(features[3:5]), expected[3:5], atol=1e-5)
    assert services.embeddings.get(space).vectors is embedded.vectors, "held in memory"


def test_one_job_serves_every_pooling_and_is_not_done_twice(
    services: Services, encoder: str, embed: Embed, settings: Settings
) -> None:
    embed(encoder, depth=1)
    kept = kept_files(settings)
    assert set(kept) == {"d1_cls_all.npy", "d1_mean_all.npy"}
    embed(encoder, depth=1, pooling="both")
    assert kept_files(settings) == kept
    of = {
        pooling: services.embeddings.get(EmbeddingSpace(run=encoder, depth=1, pooling=pooling)).vectors
        for pooling in ("cls", "mean", "both")
    }
    both = of["both"]
    assert both.shape == (60, 64)
    for half, pooling in ((both[:, :32], "cls"), (both[:, 32:], "mean")):
        cosine = (half * of[pooling]).sum(axis=1) / np.linalg.norm(half, axis=1)
        np.testing.assert_allclose(cosine, 1, atol=1e-5)


def test_a_checkpoint_and_a_depth_have_embeddings_of_their_own(
    client: Client, services: Services, encoder: str, embed: Embed
) -> None:
    embed(encoder, checkpoint="0")
    assert client.call(
        endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder, checkpoint="0").model_dump()
    ).ready
    assert not client.call(
        endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder, checkpoint="0", depth=1).model_dump()
    ).ready
    with pytest.raises(ConflictError, match=rf"galaxyscope embed --run {encoder}"):
        services.embeddings.get(EmbeddingSpace(run=encoder, checkpoint="7"))


def test_what_cannot_be_embedded_is_refused_with_the_next_step(
    client: Client, encoder: str, database: Database, settings: Settings
) -> None:
    def why(**config: Any) -> tuple[str, str]:
        config = {"encoder": encoder} | config
        with pytest.raises(ApiError) as job:
            client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.EMBED, config=config))
        with pytest.raises(ApiError) as page:
            client.call(
                endpoints.GET_EMBEDDINGS,
                **EmbeddingSpace.model_validate({"run": config.pop("encoder")} | config).model_dump(),
            )
        assert job.value.detail == page.value.detail, "the page hears what the job would"
        return job.value.code, job.value.detail

    assert why(encoder="no-such-run")[0] == "run_not_found"
    assert why(dataset="nowhere") == ("dataset_not_found", "there is no dataset nowhere; there are: sky")
    code, detail = why(depth=3)
    assert (code, detail) == ("no_depth", f"depth = 3: the encoder of {encoder} has blocks 1 to 2")
    code, detail = why(checkpoint="3")
    assert (code, detail.endswith(": 0, 7")) == ("checkpoint_not_found", True)
    grey = leave_encoder(database, settings, channels=1)
    code, detail = why(encoder=grey)
    assert (code, "reads 1 bands and sky has 3" in detail) == ("bands_differ", True)


def test_a_job_that_is_stopped_keeps_nothing(client: Client, encoder: str, settings: Settings) -> None:
    run_id = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.EMBED, config={"encoder": encoder})
    ).id
    run_dir = RunDir(settings.runs_dir / run_id)
    with RunWriter(run_dir, 1) as writer:
        run_dir.request("stop")
        with pytest.raises(StopRequestedError):  # which the worker turns into its result
            task.run(run_dir.spec(), settings.home, writer)
    assert kept_files(settings) == {}
    state = client.call(endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder).model_dump())
    assert (state.ready, state.job) == (False, run_id)


def test_a_dataset_that_went_while_the_job_waited_is_named(
    client: Client, encoder: str, settings: Settings, sky: Path
) -> None:
    run_id = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.EMBED, config={"encoder": encoder})
    ).id
    sky.unlink()
    with pytest.raises(DataError, match="no longer in the datasets folder"):
        work(task, settings, run_id)


def test_another_dataset_is_embedded_too(
    client: Client, database: Database, settings: Settings, encoder: str, embed: Embed
) -> None:
    enter_dataset(database, settings, SimulateConfig(name="other", n=60, img_size=32, seed=5))
    embed(encoder, dataset="other")
    assert client.call(
        endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder, dataset="other").model_dump()
    ).ready
    assert not client.call(endpoints.GET_EMBEDDINGS, **EmbeddingSpace(run=encoder).model_dump()).ready


def test_a_search_is_measured_on_validation_rows_beside_random_init_and_raw_pixels(
    client: Client, services: Services, encoder: str, embed: Embed
) -> None:
    space = EmbeddingSpace(run=encoder)
    before = client.call(endpoints.GET_SEARCH_QUALITY, **space.model_dump())
    assert (before.quality, before.job, before.config.quality) == (None, None, True)
    job = embed(**before.config.model_dump())
    after = client.call(endpoints.GET_SEARCH_QUALITY, **space.model_dump())
    assert after.job == job
    assert after.quality is not None
    assert [one.basis for one in after.quality.found] == ["encoder", "random_init", "raw_pixels"]
    vectors = services.embeddings.get(space).vectors
    with services.datasets.use("sky") as store:
        train, val = (np.flatnonzero(store.splits == code) for code in (0, 1))
        labels = store.labels
    ranking = rank_by_class(vectors[train], labels[train], vectors[val], labels[val], 16)
    of_encoder = after.quality.found[0]
    assert (after.quality.n, after.quality.gallery) == (len(ranking.labels), len(train))
    assert of_encoder.precision == pytest.approx(ranking.precision.mean(), abs=0.02)
    assert of_encoder.precision_ci95.low <= of_encoder.precision <= of_encoder.precision_ci95.high
    assert sum(one.n for one in of_encoder.classes) == after.quality.n
