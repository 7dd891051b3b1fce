"""Settings from words and from files."""

from pathlib import Path

import pytest

from backend.cli.output import size_words, time_words
from backend.cli.setting_words import parse_settings, read_launch_file
from backend.errors import InvalidInputError


def test_words_become_typed_values_and_the_last_wins() -> None:
    words = ["depth=4", "blr=1.5e-4", "flip=false", "device=cpu", "crop_size=null", "depth=6"]
    expected = {"depth": 6, "blr": 1.5e-4, "flip": False, "device": "cpu", "crop_size": None}
    assert parse_settings(words) == expected


def test_a_launch_file_is_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("# model\ndataset: sky\npreset: laptop-base\nepochs: 4\n")
    assert read_launch_file(path) == {"dataset": "sky", "preset": "laptop-base", "epochs": 4}


@pytest.mark.parametrize(
    ("text", "says"), [("a: [1,\nb: 2", "line 2"), ("- depth", "holds no settings"), ("", "no settings")]
)
def test_a_file_that_is_none_says_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=says):
        read_launch_file(path)


def test_sizes_and_times_in_words() -> None:
    assert [size_words(n) for n in (2.54e9, 4.2e6)] == ["2.5 GB", "4 MB"]
    assert [time_words(s) for s in (None, 0.034, 75, 7322)] == [
        "unknown",
        "0.034 s",
        "1 min 15 s",
        "2 h 2 min",
    ]
