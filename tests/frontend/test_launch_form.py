"""The launch form as data: fields, URL, errors, shell command."""

import shlex

import pytest

from frontend.ui.config_form import (
    changed_values,
    check_values,
    field_specs,
    read_changes,
    shell_command,
    starting_values,
    to_query,
)
from shared.configs import ImportConfig, PretrainConfig
from shared.configs.kinds import JOB_KINDS
from shared.configs.presets import PRESETS, Preset

SPECS = {spec.name: spec for spec in field_specs(PretrainConfig)}
DEMO = starting_values(
    PretrainConfig, {"embed_dim": 128, "depth": 4, "num_heads": 2, "epochs": 12, "warmup_epochs": 1.0}
)


def test_every_field_of_every_config_has_a_tooltip_and_a_group() -> None:
    specs = [spec for kind in JOB_KINDS.values() for spec in field_specs(kind.config)]
    assert all(spec.text and spec.group for spec in specs)


def test_a_field_says_its_kind_unit_range_and_default() -> None:
    patch = SPECS["patch_size"]
    assert (patch.kind, patch.unit, patch.bounds, patch.default) == ("int", "px", "≥ 2 and ≤ 64", 8)
    assert SPECS["precision"].choices == ("auto", "float32", "bfloat16")
    assert SPECS["crop_size"].optional
    assert SPECS["flip"].kind == "bool"
    assert "0.00015" in SPECS["blr"].tooltip


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.key)
def test_every_preset_is_a_form_without_faults(preset: Preset) -> None:
    values = starting_values(PretrainConfig, preset.values)
    assert check_values(PretrainConfig, {**values, "dataset": "sky"})[1] == {}


def test_only_what_differs_from_the_preset_is_a_change() -> None:
    assert changed_values(DEMO, DEMO) == {}
    assert changed_values({**DEMO, "depth": 6, "flip": False}, DEMO) == {"depth": 6, "flip": False}


def test_the_url_gives_back_every_change_with_its_type() -> None:
    changes = {"depth": 6, "blr": 2.5e-4, "flip": False, "precision": "float32", "crop_size": 48}
    query = to_query("demo-60s", "sky", changes, "first try", "old-run-1")
    assert query["on"] == "sky"
    pairs = query["set"]
    assert isinstance(pairs, list)
    assert read_changes(PretrainConfig, pairs) == changes


def test_an_emptied_field_survives_the_url() -> None:
    query = to_query("demo-60s", "sky", {"crop_size": None})
    assert read_changes(PretrainConfig, list(query["set"])) == {"crop_size": None}


def test_words_of_a_url_that_name_no_field_or_do_not_parse_are_dropped() -> None:
    words = ["depth=six", "colour=red", "precision=float8", "dataset=x", "epochs=7", "nonsense"]
    assert read_changes(PretrainConfig, words) == {"epochs": 7}


@pytest.mark.parametrize(
    ("changes", "field", "part"),
    [
        ({"patch_size": 7}, "patch_size", "does not divide img_size 64; try 8"),
        ({"num_heads": 5}, "num_heads", "does not divide embed_dim 128"),
        ({"warmup_epochs": 12.0}, "warmup_epochs", "is not shorter than epochs 12"),
        ({"mask_ratio": 0.99}, "mask_ratio", "mask_ratio 0.99 "),
        ({"epochs": None}, "epochs", "epochs is empty"),
    ],
)
def test_a_fault_is_reported_at_its_field(changes: dict[str, object], field: str, part: str) -> None:
    config, errors = check_values(PretrainConfig, {**DEMO, "dataset": "sky", **changes})
    assert config is None
    assert part in errors[field]


def test_values_that_fit_give_the_config() -> None:
    config, errors = check_values(PretrainConfig, {**DEMO, "dataset": "sky"})
    assert errors == {}
    assert isinstance(config, PretrainConfig)
    assert config.embed_dim == 128


def test_an_import_without_a_path_names_the_path() -> None:
    _, errors = check_values(ImportConfig, {"name": "sky"})
    assert list(errors) == ["path"]


def test_the_shell_command_is_the_same_launch() -> None:
    line = shell_command("demo-60s", "sky", {"blr": 0.002, "flip": False}, "first try")
    words = shlex.split(line.replace("\\\n", ""))
    assert words[:3] == ["galaxyscope", "run", "pretrain"]
    assert words[3:7] == ["--dataset", "sky", "--preset", "demo-60s"]
    assert words[7:] == ["--set", "blr=0.002", "--set", "flip=false", "--name", "first try"]
    assert len(line.splitlines()) == 4, "a change a line, so that none breaks at a hyphen"
    assert "--preset" not in shell_command("", "sky", {})
