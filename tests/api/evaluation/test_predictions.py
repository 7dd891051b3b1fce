"""Predictions of made-up probabilities: which of them pass a filter."""

from pathlib import Path

import numpy as np
import pytest

from backend.db.engine import Database
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.configs import ImportConfig
from shared.contract import endpoints
from shared.contract.evaluations import Evaluation
from tests.api.conftest import enter_dataset
from tests.api.evaluation_rows import enter_evaluation

CLASSES = 10
SURE = [0.4, 0.5, 0.9, 1.0]


@pytest.fixture
def judged(database: Database, settings: Settings, sky: Path) -> Evaluation:
    """Rows 0 to 3, called class 0 with the confidences of SURE."""
    probabilities = np.array([[p] + [(1 - p) / 9] * 9 for p in SURE])
    return enter_evaluation(database, settings, np.zeros(4, np.int64), probabilities)


@pytest.mark.parametrize(
    ("bounds", "rows"),
    [((0, 1), [0, 1, 2, 3]), ((0.5, 0.9), [1, 2]), ((0.9, 1), [2, 3]), ((0, 0.4), [0]), ((0.6, 0.8), [])],
)
def test_confidences_within_both_bounds_pass_as_pages_write_them(
    client: Client, judged: Evaluation, bounds: tuple[float, float], rows: list[int]
) -> None:
    # 0.9 and 0.4 are kept as 0.8999 and 0.3999 in 16 bits, and written as 90.0 % and 40.0 %.
    low, high = bounds
    page = client.call(
        endpoints.LIST_PREDICTIONS, evaluation_id=judged.id, confidence_min=low, confidence_max=high
    )
    assert (page.total, sorted(one.row for one in page.predictions)) == (len(rows), rows)


def test_a_galaxy_says_where_it_is_on_the_sky_where_that_is_known(
    client: Client, database: Database, settings: Settings
) -> None:
    rng = np.random.default_rng(0)
    table = {
        "images": rng.integers(0, 255, (40, 16, 16, 3), dtype=np.uint8),
        "labels": np.arange(40) % 2,
        "ra": np.linspace(10, 200, 40),
        "dec": np.where(np.arange(40) == 1, np.nan, np.linspace(-40, 38, 40)),
    }
    np.savez(settings.home / "placed.npz", **table)
    enter_dataset(database, settings, ImportConfig(path=str(settings.home / "placed.npz"), name="placed"))
    one = enter_evaluation(database, settings, np.array([0, 1]), np.eye(2), dataset="placed")
    placed = {
        found.row: (found.ra, found.dec)
        for found in client.call(endpoints.LIST_PREDICTIONS, evaluation_id=one.id).predictions
    }
    assert placed == {0: (10.0, -40.0), 1: (pytest.approx(10 + 190 / 39), None)}


def test_impossible_bounds_are_refused_with_their_values(client: Client, judged: Evaluation) -> None:
    with pytest.raises(ApiError, match="confidence_min = 0.8 is above confidence_max = 0.2"):
        client.call(
            endpoints.LIST_PREDICTIONS, evaluation_id=judged.id, confidence_min=0.8, confidence_max=0.2
        )
    with pytest.raises(ApiError, match="confidence_max = '1.5'") as caught:
        client.call(endpoints.LIST_PREDICTIONS, evaluation_id=judged.id, confidence_max=1.5)
    assert caught.value.field == "confidence_max"
