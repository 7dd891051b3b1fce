"""Exported and imported runs, and runs whose dataset is missing."""

from datetime import UTC, datetime

import pytest

from frontend.features.run.export import choice_words, offered_choices, origin_sentence
from frontend.ui.own_dataset import missing_dataset, own_dataset, run_option
from shared.contract.bundles import CheckpointChoice, Origin, RunBundle
from tests.frontend.datasets import make_dataset
from tests.frontend.runs import made_run

BUNDLE = RunBundle(
    bytes={
        CheckpointChoice.KEPT: 4_980_000,
        CheckpointChoice.ALL: 11_500_000,
        CheckpointChoice.NONE: 602_000,
    },
    steps={CheckpointChoice.KEPT: [7, 9], CheckpointChoice.ALL: [0, 3, 7, 9], CheckpointChoice.NONE: []},
    origin=None,
)


@pytest.mark.parametrize(
    ("choice", "words"),
    [("kept", "best and last · 4.98 MB"), ("all", "all 4 · 11.5 MB"), ("none", "none · 602 kB")],
)
def test_a_choice_says_what_it_holds_and_how_large_it_is(choice: str, words: str) -> None:
    assert choice_words(BUNDLE, CheckpointChoice(choice)) == words


def test_only_choices_that_differ_are_offered() -> None:
    kept, every, none = CheckpointChoice.KEPT, CheckpointChoice.ALL, CheckpointChoice.NONE
    assert offered_choices(BUNDLE) == [kept, every, none]
    of_two = BUNDLE.model_copy(update={"steps": {kept: [7, 9], every: [7, 9], none: []}})
    assert offered_choices(of_two) == [kept, none]
    assert offered_choices(BUNDLE.model_copy(update={"steps": {kept: [], every: [], none: []}})) == [none]


def test_the_origin_names_the_file_and_the_other_id() -> None:
    origin = Origin(
        run_id="quiet-arc-1", file="a.zip", galaxyscope="0.1.0", manifest_sha256="0" * 64,
        imported_at=datetime(2026, 5, 1, tzinfo=UTC),
    )  # fmt: skip
    assert "a.zip" in origin_sentence(origin, "quiet-arc-1")
    assert "quiet-arc-1" not in origin_sentence(origin, "quiet-arc-1")
    assert "quiet-arc-1" in origin_sentence(origin, "loud-arc-2")


def test_another_dataset_of_the_same_name_is_not_that_of_the_run() -> None:
    dataset = make_dataset("sky").model_copy(update={"digest": "a" * 64})
    run = made_run("one").model_copy(update={"dataset_digest": "b" * 64})
    assert own_dataset(run, [dataset]) is None
    assert run_option(run, [dataset])["dataset"] is None
    sentence = missing_dataset(run, [dataset])
    assert "sky (digest bbbbbbbbbbbb)" in sentence
    renamed = run.model_copy(update={"dataset": "sky (bbbbbbbbbbbb)"})
    assert missing_dataset(renamed, [dataset]) == sentence
    same = run.model_copy(update={"dataset_digest": "a" * 64})
    assert own_dataset(same, [dataset]) == dataset and missing_dataset(same, [dataset]) == ""
    assert missing_dataset(run.model_copy(update={"dataset": None}), []) == ""
