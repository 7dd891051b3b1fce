"""Configs side by side: what differs, in which unit, and what the preset gives."""

from frontend.features.compare.config_differences import FieldRow, field_rows
from shared.configs.kinds import RunKind
from shared.configs.presets import PRESETS
from shared.contract.runs import Run
from tests.frontend.runs import made_run

TINY = PRESETS["laptop-tiny"]


def rows_of(*runs: Run) -> dict[str, FieldRow]:
    return {row.name: row for row in field_rows(runs, PRESETS)}


def test_fields_that_differ_and_labels_with_units() -> None:
    rows = rows_of(made_run("a", img_size=64, blr=1.5e-4), made_run("b", img_size=32, blr=1.5e-4))
    assert {name for name, row in rows.items() if row.differs} == {"img_size"}
    assert rows["img_size"].label == "img_size, px"
    assert [value.words for value in rows["img_size"].values] == ["64", "32"]
    assert [value.words for value in rows["blr"].values] == ["0.00015", "0.00015"]


def test_a_value_knows_whether_it_equals_preset_or_default() -> None:
    preset = made_run("a", preset="laptop-tiny", **TINY.values | {"blr": 1e-3})
    own = made_run("b", batch_size=64)
    rows = rows_of(preset, own)
    changed, default = rows["blr"].values
    assert (changed.words, changed.as_given, changed.usual) == ("0.001", False, "0.0015")
    assert (default.words, default.as_given) == ("0.00015", True)
    assert [value.as_given for value in rows["batch_size"].values] == [True, False]
    assert [value.words for value in rows["preset"].values] == ["laptop-tiny", "none"]


def test_a_field_that_a_kind_does_not_have_is_a_dash() -> None:
    rows = rows_of(made_run("a"), made_run("b", RunKind.SUPERVISED))
    assert [value.words for value in rows["mask_ratio"].values] == ["0.75", "–"]
    assert [value.words for value in rows["mixup"].values] == ["–", "0.2"]
    assert [value.words for value in rows["dataset"].values] == ["sky", "sky"]
    assert rows["dataset"].values[0].as_given is None
