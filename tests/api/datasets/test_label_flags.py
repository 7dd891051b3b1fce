"""Doubts about labels: kept by the digest of a dataset, told with every prediction, and never a score."""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from backend.cli import main
from backend.db.engine import Database
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.configs import ImportConfig
from shared.contract import endpoints
from shared.contract.datasets import DatasetChange
from shared.contract.evaluations import Evaluation
from tests.api.conftest import add_dataset, enter_dataset
from tests.api.evaluation_rows import enter_evaluation

pytestmark = pytest.mark.usefixtures("sky")

CLASSES = 10


@pytest.fixture
def judged(database: Database, settings: Settings, sky: Path) -> Evaluation:
    """Rows 0 to 4 are of class 0; rows 3 and 4 are called 1."""
    probabilities = np.zeros((5, CLASSES))
    probabilities[:3, 0] = probabilities[3:, 1] = 1
    return enter_evaluation(database, settings, np.zeros(5, np.int64), probabilities)


def refused(client: Client, row: int) -> ApiError:
    with pytest.raises(ApiError) as caught:
        client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=row)
    return caught.value


def test_a_flag_says_whose_label_it_doubts_and_is_taken_off_again(client: Client) -> None:
    galaxy = client.call(endpoints.LIST_GALAXIES, name="sky", limit=60).galaxies[7]
    flag = client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=7, body={"note": "two nuclei"})
    assert (flag.row, flag.source_id, flag.label, flag.note) == (
        7,
        galaxy.source_id,
        galaxy.label,
        "two nuclei",
    )
    assert flag.dataset_digest == client.call(endpoints.GET_DATASET, name="sky").digest
    assert client.call(endpoints.LIST_LABEL_FLAGS, name="sky") == [flag]
    client.call(endpoints.REMOVE_LABEL_FLAG, name="sky", row=7)
    client.call(endpoints.REMOVE_LABEL_FLAG, name="sky", row=7)  # from a second tab
    assert client.call(endpoints.LIST_LABEL_FLAGS, name="sky") == []


def test_flagging_again_changes_the_note_alone_and_only_where_there_is_one(client: Client) -> None:
    first = client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=7, body={"note": "two nuclei"})
    assert client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=7) == first
    assert client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=7, body={"note": ""}) == first.model_copy(
        update={"note": ""}
    )


def test_a_flag_survives_renaming_and_deleting_and_is_there_when_the_galaxies_are_back(
    client: Client, database: Database, settings: Settings
) -> None:
    client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=7)
    client.call(endpoints.CHANGE_DATASET, name="sky", body=DatasetChange(name="heaven"))
    assert [(flag.dataset, flag.row) for flag in client.call(endpoints.LIST_LABEL_FLAGS, name="heaven")] == [
        ("heaven", 7)
    ]
    client.call(endpoints.DELETE_DATASET, name="heaven")
    add_dataset(database, settings, "again")
    assert [flag.row for flag in client.call(endpoints.LIST_LABEL_FLAGS, name="again")] == [7]


def test_a_flag_changes_no_score_and_is_told_with_every_prediction_of_its_galaxy(
    client: Client, database: Database, settings: Settings, judged: Evaluation
) -> None:
    other = enter_evaluation(database, settings, np.zeros(5, np.int64), np.eye(CLASSES)[[0] * 5])
    client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=3, body={"note": "edge-on?"})
    for one in (judged, other):
        page = client.call(endpoints.LIST_PREDICTIONS, evaluation_id=one.id)
        assert page.flags == 1
        assert {found.row: found.flag for found in page.predictions} == {
            0: None, 1: None, 2: None, 3: "edge-on?", 4: None,
        }  # fmt: skip
        assert client.call(endpoints.GET_EVALUATION, evaluation_id=one.id) == one
    assert [
        found.row
        for found in client.call(
            endpoints.LIST_PREDICTIONS, evaluation_id=judged.id, flagged_only=True
        ).predictions
    ] == [3]
    assert (
        client.call(endpoints.LIST_PREDICTIONS, evaluation_id=judged.id, flagged_only=True, predicted=0).total
        == 0
    )


def test_predictions_and_flags_are_exported(client: Client, judged: Evaluation) -> None:
    client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=4, body={"note": 'a "ring", perhaps'})
    client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=1)
    rows = list(
        csv.DictReader(
            io.StringIO(
                client.call(endpoints.PREDICTIONS_FILE, evaluation_id=judged.id, file_format="csv").decode()
            )
        )
    )
    assert {row["row"] for row in rows if row["flagged"] == "true"} == {"1", "4"}
    assert len(rows) == 10
    flags = list(
        csv.DictReader(
            io.StringIO(client.call(endpoints.LABEL_FLAGS_FILE, name="sky", file_format="csv").decode())
        )
    )
    assert [(flag["row"], flag["note"]) for flag in flags] == [("1", ""), ("4", 'a "ring", perhaps')]
    table = pyarrow.parquet.read_table(
        io.BytesIO(client.call(endpoints.LABEL_FLAGS_FILE, name="sky", file_format="parquet"))
    )
    assert table.column("label").to_pylist() == [flag["label"] for flag in flags]


def test_no_flags_are_a_table_without_rows(client: Client) -> None:
    assert client.call(endpoints.LABEL_FLAGS_FILE, name="sky", file_format="csv").decode().splitlines() == [
        '"row","source_id","label","note","created_at","dataset_digest"'
    ]
    table = pyarrow.parquet.read_table(
        io.BytesIO(client.call(endpoints.LABEL_FLAGS_FILE, name="sky", file_format="parquet"))
    )
    assert table.num_rows == 0


def test_what_cannot_be_flagged_is_said(client: Client, database: Database, settings: Settings) -> None:
    error = refused(client, 60)
    assert (error.status, error.detail) == (404, "sky has rows 0 to 59, not 60")
    with pytest.raises(ApiError, match="rows 0 to 59, not -1"):
        client.call(endpoints.REMOVE_LABEL_FLAG, name="sky", row=-1)
    with pytest.raises(ApiError, match="no dataset nowhere"):
        client.call(endpoints.PUT_LABEL_FLAG, name="nowhere", row=0)
    with pytest.raises(ApiError) as caught:
        client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=0, body={"note": "x" * 501})
    assert caught.value.field == "note"
    assert client.call(endpoints.LIST_LABEL_FLAGS, name="sky") == []
    unlabelled = settings.home / "bare.npz"
    np.savez(unlabelled, images=np.random.default_rng(0).integers(0, 255, (20, 16, 16, 3), dtype=np.uint8))
    enter_dataset(database, settings, ImportConfig(path=str(unlabelled), name="bare"))
    with pytest.raises(ApiError, match="galaxy 5 of bare has no label"):
        client.call(endpoints.PUT_LABEL_FLAG, name="bare", row=5)


def test_the_shell_prints_flags_as_csv(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flag = client.call(endpoints.PUT_LABEL_FLAG, name="sky", row=7, body={"note": "two nuclei"})
    monkeypatch.setenv("GALAXYSCOPE_HOME", str(settings.home))
    monkeypatch.setattr("sys.argv", ["galaxyscope", "data", "flags", "sky", "--csv"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["row"], row["label"], row["note"]) == ("7", flag.label, "two nuclei")
