"""Settings from words and files, and parameters that stand for several options."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from backend.cli.options import fields_of, grouped, parse_settings, read_launch_file
from backend.errors import InvalidInputError
from shared.configs import SubsetConfig


def test_words_become_typed_values_and_the_last_wins() -> None:
    words = ["depth=4", "blr=1.5e-4", "flip=false", "device=cpu", "crop_size=null", "depth=6"]
    expected = {"depth": 6, "blr": 1.5e-4, "flip": False, "device": "cpu", "crop_size": None}
    assert parse_settings(words) == expected


def test_a_launch_file_is_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("# model\ndataset: sky\npreset: laptop-base\nepochs: 4\n")
    assert read_launch_file(path) == {"dataset": "sky", "preset": "laptop-base", "epochs": 4}


@pytest.mark.parametrize(("text", "named"), [("a: [1,\nb: 2", "line 2"), ("- depth", ""), ("", "")])
def test_an_invalid_launch_file_is_refused_with_its_line(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInputError) as refused:
        read_launch_file(path)
    assert (refused.value.code, refused.value.field) == ("bad_yaml", "config")
    assert str(path) in refused.value.detail and named in refused.value.detail


def test_the_fields_of_a_config_are_options_and_only_given_values_are_passed_on() -> None:
    given: list[dict[str, Any]] = []
    options = fields_of(
        SubsetConfig, paths=["split_table"], spelled={"classes": "--class"}, without=["splits"]
    )

    @grouped
    def take(config: Annotated[dict[str, Any], options]) -> None:
        given.append(config)

    app = typer.Typer()
    app.command()(take)
    words = ["--dataset", "sky", "--name", "part", "--class", "Edge", "--class", "Smooth", "--n", "20"]
    assert CliRunner().invoke(app, [*words, "--split-table", "split.csv"]).exit_code == 0
    expected = {"dataset": "sky", "name": "part", "classes": ["Edge", "Smooth"], "n": 20}
    assert given == [expected | {"split_table": str(Path("split.csv").absolute())}]
    assert CliRunner().invoke(app, [*words, "--splits", "val"]).exit_code == 2
    assert CliRunner().invoke(app, ["--name", "part"]).exit_code == 2
