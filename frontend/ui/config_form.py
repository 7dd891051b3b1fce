"""The launch form as data: fields of a config class, values to and from the URL, errors by field."""

import shlex
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from shared.configs import Config, ConfigConflictError

Kind = Literal["int", "float", "bool", "choice", "text"]
TRUE_WORDS, FALSE_WORDS = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
LARGEST = 2.0**53
"""Above this, integers are not exact in a browser."""
BOUNDS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


@dataclass(frozen=True)
class FieldSpec:
    """One form field, as declared by its config class."""

    name: str
    kind: Kind
    label: str
    unit: str
    group: str
    simple: bool
    text: str
    bounds: str
    default: Any
    optional: bool
    choices: tuple[str, ...]

    @property
    def tooltip(self) -> str:
        """Description, unit, range and default on one line."""
        parts = [self.text]
        if self.unit:
            parts.append(f"Unit: {self.unit}.")
        if self.bounds:
            parts.append(f"Range: {self.bounds}.")
        if self.default is not None:
            parts.append(f"Default: {show_value(self.default)}.")
        return " ".join(parts)

    def tooltip_with(self, preset: Any) -> str:
        """The tooltip, with the preset's value if it differs from the default."""
        if preset in (None, self.default):
            return self.tooltip
        return f"{self.tooltip} Preset: {show_value(preset)}."


def field_specs(config: type[Config]) -> list[FieldSpec]:
    """The fields of a config class in order of declaration."""
    return [_spec(name, info) for name, info in config.model_fields.items()]


def _spec(name: str, info: FieldInfo) -> FieldSpec:
    extra: Mapping[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    annotation, optional = _unwrap(info.annotation)
    choices = tuple(str(c) for c in typing.get_args(annotation)) if _is_literal(annotation) else ()
    unit = str(extra.get("unit", ""))
    return FieldSpec(
        name=name,
        kind=_kind(annotation),
        label=label_of(name, unit),
        unit=unit,
        group=str(extra.get("group", "other")),
        simple=bool(extra.get("simple", False)),
        text=info.description or "",
        bounds=_bounds(info),
        default=None if info.is_required() else info.default,
        optional=optional,
        choices=choices,
    )


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        inner = [a for a in typing.get_args(annotation) if a is not type(None)]
        return inner[0], True
    return annotation, False


def _is_literal(annotation: Any) -> bool:
    return typing.get_origin(annotation) is Literal


def _kind(annotation: Any) -> Kind:
    if _is_literal(annotation):
        return "choice"
    kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float"}
    return kinds.get(annotation, "text")


def _bounds(info: FieldInfo) -> str:
    found = [
        f"{sign} {show_value(getattr(rule, name))}"
        for rule in info.metadata
        for name, sign in BOUNDS
        if getattr(rule, name, None) is not None
    ]
    return " and ".join(found)


def label_of(name: str, unit: str = "") -> str:
    """The field name, as in the shell and in papers, followed by a short unit."""
    return f"{name}, {unit}" if unit and len(unit) <= 8 else name


def show_value(value: Any) -> str:
    """A value as typed by a user: 0.00015 as 0.00015, True as true, None as none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def starting_values(config: type[Config], preset: Mapping[str, Any]) -> dict[str, Any]:
    """All field values of an unchanged preset, without the dataset."""
    specs = field_specs(config)
    return {s.name: preset.get(s.name, s.default) for s in specs if s.name != "dataset"}


def changed_values(values: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Values that differ from the preset."""
    return {key: value for key, value in values.items() if key in base and value != base[key]}


def check_values(config: type[Config], values: Mapping[str, Any]) -> tuple[Config | None, dict[str, str]]:
    """The config, or one sentence per invalid field.

    Validation stops at the first conflict between fields, so each is fixed on a copy to find the next.
    """
    found: dict[str, str] = {}
    fixed = dict(values)
    while True:
        try:
            checked = config.model_validate(fixed)
        except ValidationError as error:
            faults = error.errors()
        else:
            return (None if found else checked), found
        conflict = _conflict(faults[0])
        if conflict is None:
            return None, found or dict(_fault(item) for item in faults)
        if conflict.field in found:
            return None, found
        found[conflict.field] = f"{conflict}."
        if conflict.suggestion is None:
            return None, found
        fixed[conflict.field] = conflict.suggestion


def _conflict(item: Any) -> ConfigConflictError | None:
    cause = item.get("ctx", {}).get("error")
    return cause if isinstance(cause, ConfigConflictError) else None


def _fault(item: Any) -> tuple[str, str]:
    field = str(item["loc"][0]) if item["loc"] else ""
    if item["input"] is None or item["type"] == "missing":
        return field, f"{field} is empty; enter a value."
    rule = str(item["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
    return field, f"{field} {show_value(item['input'])} is invalid; it should be {rule}."


def to_query(
    preset: str, dataset: str | None, changes: Mapping[str, Any], name: str = "", parent: str = ""
) -> dict[str, str | list[str]]:
    """The form as query parameters; read back by `from_query`."""
    query: dict[str, str | list[str]] = {"preset": preset}
    if dataset:
        query["on"] = dataset
    if changes:
        query["set"] = [f"{key}={show_value(value)}" for key, value in changes.items()]
    if name:
        query["name"] = name
    if parent:
        query["parent"] = parent
    return query


def read_changes(config: type[Config], pairs: list[str]) -> dict[str, Any]:
    """Typed values from `key=value` words; unknown fields and invalid values are dropped."""
    specs = {s.name: s for s in field_specs(config)}
    found: dict[str, Any] = {}
    for pair in pairs:
        key, _, word = pair.partition("=")
        if key in specs and key != "dataset":
            try:
                found[key] = read_value(specs[key], word)
            except ValueError:
                continue
    return found


def read_value(spec: FieldSpec, word: str) -> Any:
    """Parse a value from an address or a YAML text. Raises ValueError with a sentence."""
    if spec.optional and word in ("", "none", "null", "~"):
        return None
    if spec.kind in ("int", "float"):
        return _number(spec, word)
    if spec.kind == "bool":
        if word.lower() not in TRUE_WORDS | FALSE_WORDS:
            raise ValueError(f"{spec.name} must be true or false, not {word!r}.")
        return word.lower() in TRUE_WORDS
    if spec.kind == "choice" and word not in spec.choices:
        raise ValueError(f"{spec.name} must be one of {', '.join(spec.choices)}, not {word!r}.")
    return word


def _number(spec: FieldSpec, word: str) -> float:
    whole = spec.kind == "int"
    try:
        value = int(word) if whole else float(word)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{spec.name} must be {kind}, not {word!r}.") from None
    if not abs(value) < LARGEST:
        raise ValueError(f"{spec.name} {word} is out of range (must be below 2^53).")
    return value


def shell_command(preset: str, dataset: str | None, changes: Mapping[str, Any], name: str = "") -> str:
    """The same launch as a shell command, one change per line."""
    words = ["galaxyscope", "run", "pretrain", "--dataset", dataset or "NAME"]
    if preset:
        words += ["--preset", preset]
    lines = [words, *(["--set", f"{key}={show_value(value)}"] for key, value in changes.items())]
    if name:
        lines.append(["--name", name])
    return " \\\n  ".join(shlex.join(line) for line in lines)
