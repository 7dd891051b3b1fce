"""What people write on runs: name, tags, note, archive; and what they find again by it."""

import pytest

from frontend.api.client import ApiError, Client
from frontend.features.run.labels import label_faults
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunChange, RunRequest, TagCount

pytestmark = pytest.mark.usefixtures("sky")


def train(client: Client, name: str | None = None) -> str:
    config = {"dataset": "sky", "batch_size": 8, "epochs": 10, "warmup_epochs": 1}
    return client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PRETRAIN, config=config, name=name)
    ).id


def names(client: Client, *tags: str, archived: bool = False) -> list[str | None]:
    return [run.name for run in client.call(endpoints.LIST_RUNS, tag=tags, archived=archived)]


def test_a_change_touches_what_it_names_alone(client: Client) -> None:
    run_id = train(client, "first")
    client.call(
        endpoints.CHANGE_RUN,
        run_id=run_id,
        body=RunChange(tags=["paper ", "seed 3", "paper"], note="  core masked \n"),
    )
    run = client.call(endpoints.CHANGE_RUN, run_id=run_id, body=RunChange(name="second"))
    assert (run.name, run.tags, run.note, run.archived) == (
        "second",
        ["paper", "seed 3"],
        "core masked",
        False,
    )
    run = client.call(endpoints.CHANGE_RUN, run_id=run_id, body=RunChange(name="", tags=[], note=""))
    assert (run.name, run.tags, run.note) == (None, [], "")


def test_runs_are_found_by_all_of_their_tags_and_each_tag_is_counted(client: Client) -> None:
    tagged = {"a": ["x"], "b": ["x", "y"], "c": ["y"], "d": []}
    for name, tags in tagged.items():
        client.call(endpoints.CHANGE_RUN, run_id=train(client, name), body=RunChange(tags=tags))
    assert names(client, "x") == ["b", "a"]
    assert names(client, "x", "y") == ["b"]
    assert names(client, "X") == names(client, "x%") == []
    assert names(client) == ["d", "c", "b", "a"]
    assert client.call(endpoints.GET_LABELS).tags == [TagCount(tag="x", runs=2), TagCount(tag="y", runs=2)]


def test_an_archived_run_is_out_of_the_list_and_nowhere_else(client: Client) -> None:
    kept, done = train(client, "kept"), train(client, "done")
    with pytest.raises(ApiError, match=f"{done} is queued; archive it when it has ended") as refused:
        client.call(endpoints.CHANGE_RUN, run_id=done, body=RunChange(archived=True))
    assert refused.value.field == "archived"
    client.call(endpoints.STOP_RUN, run_id=done)
    client.call(endpoints.CHANGE_RUN, run_id=done, body=RunChange(archived=True))
    assert names(client) == ["kept"]
    assert names(client, archived=True) == ["done", "kept"]
    assert client.call(endpoints.GET_RUN, run_id=done).archived
    assert client.call(endpoints.GET_LABELS).archived == 1
    client.call(endpoints.CHANGE_RUN, run_id=done, body=RunChange(archived=False))
    assert names(client) == ["done", "kept"]
    assert kept != done


def test_what_is_too_much_is_refused_with_its_field(client: Client) -> None:
    run_id = train(client)
    for change, field in (
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": ["x" * 31]}, "tags"),
        ({"name": "n" * 81}, "name"),
        ({"note": "n" * 2001}, "note"),
    ):
        with pytest.raises(ApiError) as refused:
            client.call(endpoints.CHANGE_RUN, run_id=run_id, body=change)
        assert (refused.value.field or "").partition(".")[0] == field
    assert client.call(endpoints.GET_RUN, run_id=run_id).tags == []


def test_the_form_says_what_is_too_much_before_it_is_sent() -> None:
    assert label_faults("n" * 80, ["t" * 30] * 12, "") == {}
    assert "81" in label_faults("n" * 81, [], "")["name"]
    assert label_faults("", ["t" * 31], "")["tags"].startswith("t" * 31)
    faults = label_faults("", ["t"] * 13, "x" * 2001)
    assert faults.keys() == {"note", "tags"}
    assert "2001" in faults["note"] and "13" in faults["tags"]
