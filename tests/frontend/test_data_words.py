"""Names and sentences of the data pages."""

import re

import pytest

from frontend.features.data.filters import Filters
from frontend.features.data.subset import missing_split, subset_name
from frontend.features.data.words import (
    dataset_word,
    deletion_words,
    free_name,
    name_fault,
    role_words,
    size_words,
    source_rows,
    suggest_name,
)
from shared.base.config import DATASET_NAME
from shared.base.vocabulary import Split
from shared.contract.datasets import DeletionPreview, SourcePreview


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/EFIGI", "efigi"),
        ("/data/efigi/", "efigi"),
        ("/data/Galaxy10_DECals.h5", "galaxy10_decals"),
        ("/data/my cut-outs (v2).zip", "my-cut-outs-v2"),
        ("stamps.fits.gz", "stamps"),
        ("C:\\survey\\M 51.npz", "m-51"),
        ("/data/Галактики", "galaxies"),
        ("/", "galaxies"),
    ],
)
def test_a_dataset_is_named_after_its_source(path: str, name: str) -> None:
    assert suggest_name(path, []) == name


def test_a_name_that_is_taken_gets_the_next_free_number() -> None:
    assert free_name("sky", ["moon"]) == "sky"
    assert free_name("sky", ["sky", "sky-2"]) == "sky-3"
    longest = "a" * 63
    numbered = free_name(longest, [longest])
    assert len(numbered) <= 63
    assert numbered.endswith("-2")


@pytest.mark.parametrize("text", ["../../etc", "a" * 90, "--x--", "Ünïcode sky", "x.y_z-1", "a" * 62 + "-b"])
def test_every_text_becomes_a_valid_dataset_name(text: str) -> None:
    assert re.fullmatch(DATASET_NAME, dataset_word(text))


def test_filters_as_text() -> None:
    assert Filters().words() == ""
    assert Filters(label="Spiral", split=Split.VAL).words() == "Spiral, val"
    assert Filters(redshift_min=0.02, redshift_max=0.1).words() == "redshift 0.02 to 0.1"
    assert Filters(redshift_min=0.0).words() == "redshift from 0"
    assert Filters(redshift_max=0.1).words() == "redshift up to 0.1"


def test_a_subset_is_named_after_its_filters() -> None:
    assert subset_name("efigi", Filters()) == "efigi-part"
    barred = Filters(label="Barred Spiral", split=Split.TRAIN)
    assert subset_name("efigi", barred) == "efigi-barred-spiral"
    assert subset_name("sky", Filters(redshift_min=0.0)) == "sky-z"


def test_a_subset_needs_train_and_validation_galaxies() -> None:
    assert missing_split([]) == ""
    assert missing_split(["train", "val"]) == ""
    assert "add val," in missing_split(["train", "test"])
    assert "add train and val," in missing_split(["test"])


def test_an_invalid_name_comes_with_a_valid_suggestion() -> None:
    assert name_fault("sky-2", ["sky"]) == ""
    assert "sky" in name_fault("sky", ["sky"])
    assert name_fault("", [])
    assert "for example my-sky." in name_fault("My Sky", ["sky"])


def test_sizes_name_the_most_frequent_and_count_the_rest() -> None:
    assert size_words({}) == "unknown"
    assert size_words({"88×88": 2000}) == "88 × 88 px"
    four = {"64x64": 1200, "80×64": 3, "10×10": 2, "9×9": 1}
    assert size_words(four) == "64 × 64 (1,200), 80 × 64 (3), 10 × 10 (2) px and 1 more"


def test_a_column_that_was_guessed_says_so() -> None:
    assert role_words("", "pgc_name") == "pgc_name · guessed"
    assert role_words("", None) == "none found"
    assert role_words("objid", "pgc_name") == "objid"


def test_the_consequences_of_deleting_a_dataset() -> None:
    alone = deletion_words(DeletionPreview(name="sky", size_bytes=4_950_000, runs=[], blocked_by=[]))
    assert len(alone) == 2
    assert "4.95 MB" in alone[0]
    runs = [f"quiet-spiral-{i}" for i in range(5)]
    used = deletion_words(DeletionPreview(name="sky", size_bytes=1, runs=runs, blocked_by=[]))
    assert used[1].startswith("quiet-spiral-0, quiet-spiral-1, quiet-spiral-2 and 2 more keep")


def test_the_properties_of_a_source_include_the_split() -> None:
    found = SourcePreview(
        kind="folder_table",
        n=4458,
        sizes={"88×88": 2000},
        img_size=88,
        channels=3,
        bands=["red", "green", "blue"],
        dtype="uint8",
        stretched=False,
        columns=["file"],
        roles={"image_column": "file"},
        rows=[],
        class_counts={"E": 2, "S": 3},
        unlabelled=4453,
        split_counts={},
        size_bytes=103_568_000,
        receipt=[],
        problems=[],
    )
    rows = dict(source_rows(found))
    assert rows["Images"] == "4,458"
    assert rows["Stored as"] == "88 × 88 px, 104 MB"
    assert rows["Split"].startswith("80/10/10")
    given = found.model_copy(update={"split_counts": {"train": 3000, "val": 1458}, "unlabelled": 4458})
    rows = dict(source_rows(given))
    assert rows["Split"].endswith("3,000 train, 1,458 val")
    assert rows["Unlabelled"] == "all"
