"""Settings as the shell takes them: key=value words, or a YAML file."""

import json
from pathlib import Path
from typing import Any

import yaml

from backend.errors import InvalidInputError


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """{"depth": 4, "device": "cpu"} of ["depth=4", "device=cpu"]. Raises InvalidInputError."""
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InvalidInputError("bad_setting", f"--set {pair} has no value; write it as key=value")
        values[key.strip()] = _scalar(value.strip())
    return values


def _scalar(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return {"True": True, "False": False, "None": None}.get(value, value)


def read_launch_file(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file, as the Launch page writes it. Raises InvalidInputError, which names the
    line."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = " ".join(str(error).split())
        raise InvalidInputError("bad_yaml", f"{path} is no YAML: {where}; correct it", "config") from None
    if not isinstance(values, dict):
        raise InvalidInputError("bad_yaml", f"{path} holds no settings; write key: value lines", "config")
    return values
