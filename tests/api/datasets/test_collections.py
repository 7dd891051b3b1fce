"""Galaxies kept under a name: by the digest of their dataset, in the order in which they came."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pyarrow.parquet
import pytest

from backend.cli import main
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.contract import endpoints
from shared.contract.annotations import MAX_ROWS, CollectionAddition, CollectionChange
from shared.contract.datasets import DatasetChange

pytestmark = pytest.mark.usefixtures("sky")


def refused(ask: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        ask()
    return caught.value.code, caught.value.detail


def shown(client: Client, **asked: Any) -> list[int]:
    return [
        galaxy.row for galaxy in client.call(endpoints.LIST_GALAXIES, name="sky", limit=60, **asked).galaxies
    ]


def rows_of(client: Client, collection: str) -> list[int]:
    table = csv.DictReader(
        io.StringIO(
            client.call(
                endpoints.COLLECTION_FILE, name="sky", collection=collection, file_format="csv"
            ).decode()
        )
    )
    return [int(line["row"]) for line in table]


def test_a_collection_grows_by_what_is_new_and_keeps_the_order(client: Client) -> None:
    first = client.call(
        endpoints.ADD_TO_COLLECTION,
        name="sky",
        collection="Rings & shells: z > 0.1",
        body=CollectionAddition(rows=[9, 3, 3, 40]),
    )
    assert (first.added, first.collection.n, first.collection.dataset) == (3, 3, "sky")
    assert first.collection.dataset_digest == client.call(endpoints.GET_DATASET, name="sky").digest
    again = client.call(
        endpoints.ADD_TO_COLLECTION,
        name="sky",
        collection="Rings & shells: z > 0.1",
        body=CollectionAddition(rows=[40, 1]),
    )
    assert (again.added, again.collection.n) == (1, 4)
    assert rows_of(client, "Rings & shells: z > 0.1") == [9, 3, 40, 1]
    assert client.call(endpoints.LIST_COLLECTIONS, name="sky") == [again.collection]


def test_its_galaxies_are_those_that_are_browsed_beside_the_other_filters(client: Client) -> None:
    client.call(
        endpoints.ADD_TO_COLLECTION, name="sky", collection="odd", body=CollectionAddition(rows=[50, 2, 17])
    )
    assert shown(client, collection="odd") == [2, 17, 50]
    label = client.call(endpoints.LIST_GALAXIES, name="sky", limit=60).galaxies[17].label
    of_class = set(shown(client, label=label))
    assert shown(client, collection="odd", label=label) == sorted(of_class & {50, 2, 17})
    code, detail = refused(lambda: shown(client, collection="even"))
    assert code == "collection_not_found"
    assert "even" in detail


def test_it_is_renamed_noted_thinned_and_removed_and_follows_the_name_of_the_dataset(client: Client) -> None:
    client.call(
        endpoints.ADD_TO_COLLECTION, name="sky", collection="odd", body=CollectionAddition(rows=[5, 6, 7])
    )
    change = CollectionChange(name="odd ones", note=" look again ", remove=(6, 55))
    changed = client.call(endpoints.CHANGE_COLLECTION, name="sky", collection="odd", body=change)
    assert (changed.name, changed.note, changed.n) == ("odd ones", "look again", 2)
    assert rows_of(client, "odd ones") == [5, 7]
    client.call(endpoints.ADD_TO_COLLECTION, name="sky", collection="odd", body=CollectionAddition(rows=[1]))
    taken = refused(
        lambda: client.call(
            endpoints.CHANGE_COLLECTION, name="sky", collection="odd", body=CollectionChange(name="odd ones")
        )
    )
    assert (taken[0], "odd ones" in taken[1]) == ("name_taken", True)
    client.call(endpoints.CHANGE_DATASET, name="sky", body=DatasetChange(name="heaven"))
    assert [(one.name, one.dataset) for one in client.call(endpoints.LIST_COLLECTIONS, name="heaven")] == [
        ("odd", "heaven"),
        ("odd ones", "heaven"),
    ]
    client.call(endpoints.REMOVE_COLLECTION, name="heaven", collection="odd")
    assert [one.name for one in client.call(endpoints.LIST_COLLECTIONS, name="heaven")] == ["odd ones"]


def test_what_cannot_be_kept_is_refused_and_nothing_is_added(client: Client) -> None:
    code, detail = refused(
        lambda: client.call(
            endpoints.ADD_TO_COLLECTION, name="sky", collection="odd", body=CollectionAddition(rows=[3, 60])
        )
    )
    assert (code, "sky has rows 0 to 59, not 60" in detail) == ("row_not_found", True)
    assert (
        refused(
            lambda: client.call(
                endpoints.ADD_TO_COLLECTION,
                name="sky",
                collection="a" * 81,
                body=CollectionAddition(rows=[3]),
            )
        )[0]
        == "invalid_request"
    )
    assert client.call(endpoints.LIST_COLLECTIONS, name="sky") == []
    with pytest.raises(ValueError, match=f"at most {MAX_ROWS}"):
        client.call(
            endpoints.ADD_TO_COLLECTION,
            name="sky",
            collection="odd",
            body=CollectionAddition(rows=range(MAX_ROWS + 1)),
        )


def test_a_table_of_it_carries_the_galaxies_and_the_shell_prints_it(
    client: Client, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.call(
        endpoints.ADD_TO_COLLECTION, name="sky", collection="σ Ringe", body=CollectionAddition(rows=[31, 4])
    )
    table = pyarrow.parquet.read_table(
        io.BytesIO(
            client.call(endpoints.COLLECTION_FILE, name="sky", collection="σ Ringe", file_format="parquet")
        )
    )
    galaxies = client.call(endpoints.LIST_GALAXIES, name="sky", limit=60).galaxies
    assert table.column("source_id").to_pylist() == [galaxies[31].source_id, galaxies[4].source_id]
    assert table.column("split").to_pylist() == [galaxies[31].split, galaxies[4].split]
    monkeypatch.setenv("GALAXYSCOPE_HOME", str(settings.home))
    monkeypatch.setattr("sys.argv", ["galaxyscope", "data", "collections", "sky", "--name", "σ Ringe"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert [int(line["row"]) for line in csv.DictReader(io.StringIO(capsys.readouterr().out))] == [31, 4]
