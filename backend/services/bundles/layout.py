"""The files of a bundle, by name. Anything else is rejected.

    manifest.json  spec.json  result.json  metrics.jsonl  log.txt  evaluations.json
    samples/layout.json  samples/step_00000108.png
    checkpoints/best  checkpoints/last  checkpoints/step_00000108/{model,head}.safetensors, meta.json
    evaluations/<id>.npz

The state of an optimizer is a pickle, so it is not exported.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from backend.errors import DataError, InvalidInputError, shortened

Model = TypeVar("Model", bound=BaseModel)
MANIFEST, SPEC, RESULT, METRICS, LOG = "manifest.json", "spec.json", "result.json", "metrics.jsonl", "log.txt"
EVALUATIONS, LAYOUT, ORIGIN = "evaluations.json", "samples/layout.json", "origin.json"
STEP = r"step_\d{8,12}"
EVALUATION_ID = r"[a-z0-9][a-z0-9-]{0,63}\.[A-Za-z0-9_.-]{1,55}"
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".joblib", ".npy")
MAX_ENTRIES = 20_000
MAX_BYTES = 20 * 10**9
"""Of all files of a bundle, unpacked."""
MAX_LOG_BYTES = 500 * 10**6
"""Of a longer log, the end is exported."""


@dataclass(frozen=True)
class Rule:
    """Names of a kind of file, and its largest size; `repeats` where any compression ratio is plausible, as
    lines repeat."""

    pattern: str
    max_bytes: float
    repeats: bool = False


RULES = (
    Rule(rf"{re.escape(MANIFEST)}|{re.escape(EVALUATIONS)}", 64e6),
    Rule(r"spec\.json|result\.json", 16e6),
    Rule(r"metrics\.jsonl", 1e9, repeats=True),
    Rule(r"log\.txt", MAX_LOG_BYTES, repeats=True),
    Rule(r"samples/layout\.json", 1e6),
    Rule(rf"samples/{STEP}\.png", 64e6),
    Rule(r"checkpoints/(best|last)", 1e3),
    Rule(rf"checkpoints/{STEP}/(model|head)\.safetensors", 4e9),
    Rule(rf"checkpoints/{STEP}/meta\.json", 4e6),
    Rule(rf"evaluations/{EVALUATION_ID}\.npz", 500e6),
)


def rule_of(name: str) -> Rule | None:
    """The rule of a name; None for an unknown name."""
    return next((rule for rule in RULES if re.fullmatch(rule.pattern, name, re.ASCII)), None)


def fault_of(name: str) -> str:
    """Why a name without a rule is rejected."""
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "a path outside the folder of the run"
    if ".." in parts:
        return "a path that leaves the folder of the run"
    if "\\" in name or not name.isprintable():
        return "not a plain file name"
    if name.lower().endswith(PICKLES):
        return "possibly a pickle, which can run code when read"
    return "not a file of a run"


def rejected(
    file: str, code: str, what: str, advice: str = "export the run again and import that file"
) -> InvalidInputError:
    """The error of a bundle."""
    return DataError(code, f"{file} {what}; {advice}", "path")


def rejected_entry(file: str, name: str, why: str, code: str = "bad_bundle") -> InvalidInputError:
    """The error of one entry of a bundle."""
    return rejected(file, code, f"contains {shortened(name)}, {why}; the import was rejected")


def strict_json(content: bytes, file: str, name: str) -> Any:
    """The JSON of an entry, without NaN and infinities."""
    try:
        return json.loads(content, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise rejected_entry(file, name, f"not valid JSON ({str(error)[:100]})") from None


def checked(model: type[Model], values: Any, file: str, name: str) -> Model:
    """The values of an entry, validated."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "it"
        message = fault["msg"][0].lower() + fault["msg"][1:]
        given = shortened(fault["input"])
        raise rejected_entry(file, name, f"where {where} = {given}: {message}") from None


@contextmanager
def entry_read(file: str, name: str, errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn errors of a reader into one that names the entry."""
    try:
        yield
    except InvalidInputError:
        raise
    except errors as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise rejected_entry(file, name, f"unreadable ({reason})", "damaged_bundle") from None


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:40]} is too large")
    return value
