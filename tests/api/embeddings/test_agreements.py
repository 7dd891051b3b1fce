"""Two encoders asked the same, through the real app, on features that are known."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.services.services import Services
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.contract import endpoints
from shared.contract.search import (
    ComparedRequest,
    EmbeddingSpace,
    OtherEncoder,
    OverlapRequest,
    RowFilter,
    SearchRequest,
)
from tests.api.conftest import add_dataset, refused
from tests.api.encoders import keep_features, leave_encoder


@pytest.fixture
def spaces(
    database: Database, settings: Settings, http: TestClient, dataset: str
) -> tuple[EmbeddingSpace, EmbeddingSpace]:
    """One run's checkpoints 0 and 7, as two encoders of 200 simulated galaxies."""
    services: Services = http.app.state.services  # type: ignore[attr-defined]
    run = leave_encoder(database, settings)
    rng = np.random.default_rng(5)
    first = rng.normal(size=(200, 6))
    both = first, first + 0.7 * rng.normal(size=(200, 6))
    found = []
    for step, features in zip(("0", "7"), both, strict=True):
        space = EmbeddingSpace(run=run, checkpoint=step)
        keep_features(settings, services.embeddings.resolve(space), features)
        found.append(space)
    return found[0], found[1]


def rows(client: Client, space: EmbeddingSpace, row: int, **asked: Any) -> list[int]:
    found = client.call(endpoints.SEARCH, query=SearchRequest(space=space, row=row, **asked)).neighbours
    return [one.galaxy.row for one in found]


def test_both_lists_are_those_of_two_searches_and_what_is_in_both_is_counted(
    client: Client, spaces: tuple[EmbeddingSpace, EmbeddingSpace]
) -> None:
    first, second = spaces
    compared = client.call(
        endpoints.COMPARE_SEARCHES, query=ComparedRequest(space=first, against=second, row=17, k=16)
    )
    lists = [[one.galaxy.row for one in found.neighbours] for found in (compared.first, compared.second)]
    assert lists == [rows(client, space, 17, k=16) for space in spaces]
    shared = len(set(lists[0]) & set(lists[1]))
    agreement = compared.agreement
    assert 0 < shared < 16
    assert (agreement.k, agreement.shared) == (16, shared)
    assert agreement.jaccard == pytest.approx(shared / (32 - shared))
    assert agreement.expected == pytest.approx(16 * 16 / 199, rel=0.02)  # but for trivial neighbours
    assert agreement.rank_correlation is not None
    assert 0.2 < agreement.rank_correlation < 0.95


def test_filters_and_examples_hold_for_both_and_chance_counts_those_that_were_ranked(
    client: Client, spaces: tuple[EmbeddingSpace, EmbeddingSpace]
) -> None:
    label = client.call(endpoints.GET_DATASET, name="sky").class_names[0]
    asked: dict[str, Any] = {"k": 8, "only": RowFilter(label=label), "negatives": (3,), "keep_trivial": True}
    compared = client.call(
        endpoints.COMPARE_SEARCHES, query=ComparedRequest(space=spaces[0], against=spaces[1], row=17, **asked)
    )
    found = [*compared.first.neighbours, *compared.second.neighbours]
    assert {one.galaxy.label for one in found} == {label}
    assert compared.first.candidates == compared.second.candidates
    assert compared.agreement.expected == pytest.approx(64 / compared.first.candidates)


def test_a_space_agrees_wholly_with_itself(
    client: Client, spaces: tuple[EmbeddingSpace, EmbeddingSpace]
) -> None:
    same = client.call(
        endpoints.COMPARE_SEARCHES, query=ComparedRequest(space=spaces[0], against=spaces[0], row=4)
    ).agreement
    assert (same.shared, same.jaccard) == (16, 1)
    assert same.rank_correlation == pytest.approx(1)
    overlap = client.call(endpoints.GET_OVERLAP, query=OverlapRequest(space=spaces[0], against=spaces[0]))
    assert (overlap.overlap, overlap.jaccard, overlap.overlap_ci95.low) == (1, 1, 1)


def test_the_overlap_of_a_dataset_is_the_mean_of_what_each_galaxy_shares(
    client: Client, settings: Settings, http: TestClient, spaces: tuple[EmbeddingSpace, EmbeddingSpace]
) -> None:
    services: Services = http.app.state.services  # type: ignore[attr-defined]
    found = client.call(endpoints.GET_OVERLAP, query=OverlapRequest(space=spaces[0], against=spaces[1], k=10))
    lists = []
    for space in spaces:
        vectors = services.embeddings.get(space).vectors.astype(np.float64)
        cosine = vectors @ vectors.T
        np.fill_diagonal(cosine, -2)
        lists.append(np.argsort(-cosine, axis=1)[:, :10])
    shared = np.array([len(np.intersect1d(*pair)) for pair in zip(*lists, strict=True)])
    assert (found.dataset, found.k, found.n, found.of) == ("sky", 10, 200, 200)
    assert found.overlap == pytest.approx(shared.mean() / 10)
    assert found.jaccard == pytest.approx((shared / (20 - shared)).mean())
    assert found.chance == pytest.approx(10 / 199)
    assert found.overlap_ci95.low < found.overlap < found.overlap_ci95.high
    [path] = settings.datasets_dir.glob("*.h5")
    with GalaxyStore.open(path) as store:
        labels, names = store.labels, store.class_names
    assert [one.name for one in found.classes] == names
    for label, one in enumerate(found.classes):
        assert one.n == (labels == label).sum()
        assert one.overlap == pytest.approx(shared[labels == label].mean() / 10)
    some = client.call(
        endpoints.GET_OVERLAP, query=OverlapRequest(space=spaces[1], against=spaces[0], k=10, rows=(9, 3, 9))
    )
    assert (some.n, some.overlap) == (2, pytest.approx(shared[[3, 9]].mean() / 10))


def test_what_cannot_be_compared_is_refused_with_the_next_step(
    client: Client, database: Database, settings: Settings, spaces: tuple[EmbeddingSpace, EmbeddingSpace]
) -> None:
    add_dataset(database, settings, "other")
    cases: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
        ({"dataset": "other"}, {}, "datasets_differ", "sky and other"),
        ({"depth": 1}, {}, "not_embedded", "has no embeddings of sky at depth 1 yet"),
        ({}, {"rows": (5, 200)}, "row_not_found", "200"),
    ]
    for of_other, asked, code, words in cases:
        against = spaces[1].model_copy(update=of_other)
        request = OverlapRequest(space=spaces[0], against=against, **asked)
        said: ApiError = refused(partial(client.call, endpoints.GET_OVERLAP, query=request))
        assert said.code == code
        assert words in said.detail


def test_an_encoder_is_a_text_and_back() -> None:
    for text, meant in (
        ("calm-arm-7", OtherEncoder(run="calm-arm-7")),
        ("calm-arm-7:last", OtherEncoder(run="calm-arm-7", checkpoint="last")),
        ("calm-arm-7:70:3:cls", OtherEncoder(run="calm-arm-7", checkpoint="70", depth=3, pooling="cls")),
        ("calm-arm-7:::both", OtherEncoder(run="calm-arm-7", pooling="both")),
    ):
        assert OtherEncoder.model_validate(text) == meant
        assert OtherEncoder.model_validate(str(meant)) == meant
    for wrong in ("", ":last", "calm-arm-7:newest", "calm-arm-7:last:0", "calm-arm-7:last:1:mean:pca"):
        with pytest.raises(ValueError, match="validation error"):
            OtherEncoder.model_validate(wrong)
