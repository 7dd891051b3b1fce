"""Configs of runs side by side, and which fields differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontend.ui.config_form import field_specs, show_value, starting_values
from shared.configs.kinds import JOB_KINDS
from shared.configs.presets import Preset
from shared.contract.runs import Run

ABSENT = "–"


@dataclass(frozen=True)
class Value:
    """A value as text, and whether it equals `usual`, the value of the run's preset or the default; None if
    there is neither."""

    words: str
    as_given: bool | None
    usual: str


@dataclass(frozen=True)
class FieldRow:
    """One field across all runs; `label` includes its unit."""

    name: str
    label: str
    text: str
    values: list[Value]

    @property
    def differs(self) -> bool:
        return len({value.words for value in self.values}) > 1


def field_rows(runs: Sequence[Run], presets: Mapping[str, Preset]) -> list[FieldRow]:
    """Kind and preset, then every config field of the runs in order of declaration."""
    rows = [
        FieldRow("kind", "kind", "What was trained.", [_plain(run.kind.value) for run in runs]),
        FieldRow("preset", "preset", "The preset used.", [_plain(run.preset or "none") for run in runs]),
    ]
    specs = {spec.name: spec for run in runs for spec in field_specs(JOB_KINDS[run.kind].config)}
    for spec in specs.values():
        label = f"{spec.name}, {spec.unit}" if spec.unit else spec.name
        rows.append(FieldRow(spec.name, label, spec.text, [_value(run, spec.name, presets) for run in runs]))
    return rows


def _plain(words: str) -> Value:
    return Value(words, None, "")


def _value(run: Run, name: str, presets: Mapping[str, Preset]) -> Value:
    if name not in run.config:
        return _plain(ABSENT)
    value, given = run.config[name], _given_values(run, presets)
    if name not in given:
        return _plain(show_value(value))
    return Value(show_value(value), value == given[name], show_value(given[name]))


def _given_values(run: Run, presets: Mapping[str, Preset]) -> dict[str, Any]:
    """Values before any change by the user: the defaults, overridden by the preset."""
    preset = presets.get(run.preset or "")
    return starting_values(JOB_KINDS[run.kind].config, preset.values if preset else {})
