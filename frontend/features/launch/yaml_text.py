"""The launch form as YAML: written with every value, and read back with errors by line."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import yaml

from frontend.ui.config_form import FieldSpec, field_specs, read_value
from shared.configs import PretrainConfig
from shared.configs.presets import Preset

SPECS = {spec.name: spec for spec in field_specs(PretrainConfig)}
HEAD = ("dataset", "preset", "name")
Check = Callable[[Mapping[str, Any]], Mapping[str, str]]


@dataclass(frozen=True)
class LineFault:
    """An error and its line; `line` is None for a field the text leaves to the preset."""

    line: int | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence if self.line is None else f"Line {self.line}: {self.sentence}"


@dataclass(frozen=True)
class LaunchText:
    """A parsed YAML text; `values` holds only the fields it contains."""

    dataset: str
    preset: str
    name: str
    values: dict[str, Any]


def write_yaml(preset: str, name: str, values: Mapping[str, Any]) -> str:
    """Dataset, preset and name, then every field under a comment with the name of its group."""
    lines = ["# galaxyscope run pretrain --config FILE.yaml", _line("dataset", values.get("dataset"))]
    lines += [_line("preset", preset)] if preset else []
    lines += [_line("name", name)] if name else []
    fields = (spec for spec in SPECS.values() if spec.name != "dataset")
    for group, members in groupby(fields, key=lambda spec: spec.group):
        lines += ["", f"# {group}", *(_line(s.name, values.get(s.name), s.unit) for s in members)]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any, unit: str = "") -> str:
    word = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
    return f"{key}: {word}{f'  # {unit}' if unit else ''}"


def read_yaml(
    text: str, presets: Mapping[str, Preset], datasets: Mapping[str, Any], check: Check
) -> LaunchText | list[LineFault]:
    """The parsed text, or all errors that can be found at once.

    `check` returns the errors of a complete set of values; the preset fills in what the text omits.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        return [_syntax_fault(error)]
    if not isinstance(node, yaml.MappingNode):
        return [LineFault(1, "expected `field: value` lines.")]
    return _Reader(node, presets, datasets).read(check)


def _syntax_fault(error: yaml.YAMLError) -> LineFault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "a character not allowed in YAML"
    return LineFault(mark.line + 1 if mark else None, f"not valid YAML: {problem}.")


class _Reader:
    """Reads one mapping; `lines` maps each key to its line number."""

    def __init__(
        self, node: yaml.MappingNode, presets: Mapping[str, Preset], datasets: Mapping[str, Any]
    ) -> None:
        self.node, self.presets, self.datasets = node, presets, datasets
        self.lines: dict[str, int] = {}
        self.found: dict[str, Any] = {}
        self.faults: list[LineFault] = []

    def read(self, check: Check) -> LaunchText | list[LineFault]:
        for key, value in self.node.value:
            self._take(key, value)
        self._check_head()
        preset = self.found.pop("preset", None) or ""
        name = self.found.pop("name", None) or ""
        self._check_values(check, preset)
        if self.faults:
            return sorted(self.faults, key=lambda fault: fault.line or 0)
        return LaunchText(self.found.pop("dataset"), preset, name, self.found)

    def _check_values(self, check: Check, preset: str) -> None:
        """Errors of the values as a whole; if there are other errors, only those of lines in the text."""
        base = {spec.name: spec.default for spec in SPECS.values()}
        preset_values = self.presets[preset].values if preset in self.presets else {}
        alone = not self.faults
        for field, sentence in check({**base, **preset_values, **self.found}).items():
            if alone or field in self.found.keys() - {"dataset"}:
                self._fault(self.lines.get(field), sentence)

    def _take(self, key: yaml.Node, value: yaml.Node) -> None:
        line, name = key.start_mark.line + 1, str(key.value)
        if name not in SPECS and name not in HEAD:
            near = difflib.get_close_matches(name, [*SPECS, *HEAD], n=1)
            advice = f"did you mean {near[0]}?" if near else "check its spelling."
            return self._fault(line, f"unknown setting {name[:40]}; {advice}")
        if name in self.lines:
            return self._fault(line, f"{name} is already set in line {self.lines[name]}; keep one of them.")
        self.lines[name] = line
        if not isinstance(value, yaml.ScalarNode):
            return self._fault(line, f"{name} takes one value, not a list.")
        try:
            self.found[name] = _typed(SPECS.get(name), value)
        except ValueError as error:
            self._fault(line, str(error))
        return None

    def _check_head(self) -> None:
        """Check that dataset and preset exist and that the name is valid."""
        dataset, preset, name = (self.found.get(key) for key in HEAD)
        if not dataset:
            self._fault(self.lines.get("dataset"), "dataset is missing.")
        elif dataset not in self.datasets:
            known = ", ".join(self.datasets)
            self._fault(self.lines["dataset"], f"dataset {dataset} does not exist; available: {known}.")
        if preset and preset not in self.presets:
            known = ", ".join(self.presets)
            self._fault(self.lines["preset"], f"preset {preset} does not exist; available: {known}.")
        if name and len(name) > 80:
            self._fault(self.lines["name"], "name is longer than 80 characters; shorten it.")

    def _fault(self, line: int | None, sentence: str) -> None:
        self.faults.append(LineFault(line, sentence))


def _typed(spec: FieldSpec | None, node: yaml.ScalarNode) -> Any:
    """The value of a line, typed by its field; an empty one is None. Raises ValueError."""
    if node.tag == "tag:yaml.org,2002:null":
        return None
    return read_value(spec, node.value) if spec else node.value
