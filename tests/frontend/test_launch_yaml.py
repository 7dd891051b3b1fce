"""The launch form as YAML, both ways."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontend.features.launch.checks import check_form
from frontend.features.launch.yaml_text import LaunchText, LineFault, read_yaml, write_yaml
from frontend.ui.config_form import starting_values
from shared.configs import PretrainConfig
from shared.configs.presets import PRESETS
from tests.frontend.datasets import make_dataset

DATASETS = {"sky": make_dataset("sky"), "grey": make_dataset("grey", bands=["g"])}
DEMO = {**starting_values(PretrainConfig, PRESETS["demo-60s"].values), "dataset": "sky"}


def read(text: str) -> LaunchText | list[LineFault]:
    return read_yaml(text, PRESETS, DATASETS, lambda values: check_form(values, DATASETS)[1])


def faults(text: str) -> list[str]:
    found = read(text)
    assert isinstance(found, list)
    return [str(fault) for fault in found]


def test_what_is_written_is_read_back() -> None:
    values = {**DEMO, "blr": 1e-05, "crop_size": 48, "flip": False, "precision": "float32"}
    text = write_yaml("demo-60s", "first: try", values)
    back = read(text)
    assert back == LaunchText(
        "sky", "demo-60s", "first: try", {key: value for key, value in values.items() if key != "dataset"}
    )


def test_groups_are_comments_and_units_stand_behind_their_values() -> None:
    lines = write_yaml("", "", DEMO).splitlines()
    groups = [line.removeprefix("# ") for line in lines[1:] if line.startswith("# ")]
    order = ["data", "model", "masking", "target", "augmentation", "optimisation", "evaluation"]
    assert groups == order
    assert "img_size: 64  # px" in lines
    assert not any(line.startswith(("preset", "name")) for line in lines)


def test_a_text_that_is_silent_about_a_field_leaves_it_to_the_preset() -> None:
    assert read("dataset: sky\npreset: demo-60s\n") == LaunchText("sky", "demo-60s", "", {})
    assert faults("dataset: sky\npreset: demo-60s\nimg_size: 60\n") == [
        "patch_size 8 does not divide img_size 60; try 10."
    ]


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("dataset: sky\ndepht: 4\n", 2, ("depht", "depth?")),
        ("dataset: sky\ndepth: four\n", 2, ("depth", "whole number", "'four'")),
        ("dataset: sky\n\ndepth: 4.5\n", 3, ("depth", "whole number", "'4.5'")),
        ("dataset: sky\nflip: perhaps\n", 2, ("flip", "true or false", "'perhaps'")),
        ("dataset: sky\nprecision: fp8\n", 2, ("precision", "auto, float32, bfloat16", "'fp8'")),
        ("dataset: sky\nepochs:\n", 2, ("epochs is empty",)),
        ("dataset: sky\ndepth: [4]\n", 2, ("depth takes one value",)),
        ("dataset: sky\ndepth: 4\ndepth: 5\n", 3, ("depth", "line 2")),
        ("dataset: moon\n", 1, ("dataset moon", "sky, grey")),
        ("depth: 4\n", None, ("dataset is missing",)),
        ("- dataset\n", 1, ("`field: value`",)),
        ("", 1, ("`field: value`",)),
        ("dataset: sky\neval_dataset: grey\n", 2, ("eval_dataset grey", "1 bands, sky 3")),
    ],
)
def test_a_fault_has_its_line(text: str, line: int | None, parts: tuple[str, ...]) -> None:
    found = read(text)
    assert isinstance(found, list)
    assert [fault.line for fault in found] == [line]
    assert all(part in found[0].sentence for part in parts), found[0].sentence


def test_all_faults_are_reported_at_once_in_the_order_of_the_lines() -> None:
    text = "dataset: sky\nwarmup_epochs: 90\nnum_heads: 5\npatch_size: 7\n"
    assert [fault.split(":")[0] for fault in faults(text)] == ["Line 2", "Line 3", "Line 4"]


def test_a_bad_word_does_not_hide_a_bad_value() -> None:
    dept, ratio = faults("dataset: sky\ndept: 4\nmask_ratio: 2\n")
    assert dept.startswith("Line 2: ") and "dept;" in dept
    assert ratio.startswith("Line 3: mask_ratio 2 ") and "0.95" in ratio


def test_broken_yaml_names_its_line() -> None:
    (sentence,) = faults("dataset: sky\ndepth: 4: 5\n")
    assert sentence.startswith("Line 2: not valid YAML")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_no_text_is_more_than_a_list_of_faults(text: str) -> None:
    assert read(text)


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "depth": st.integers(1, 48),
            "blr": st.floats(1e-8, 1),
            "mask_ratio": st.floats(0.2, 0.8),
            "flip": st.booleans(),
            "crop_size": st.none() | st.integers(8, 500),
            "pooling": st.sampled_from(["mean", "cls"]),
        }
    )
)
def test_every_value_survives_the_text(changes: Mapping[str, Any]) -> None:
    back = read(write_yaml("demo-60s", "", {**DEMO, **changes}))
    assert isinstance(back, LaunchText)
    assert {key: back.values[key] for key in changes} == changes
