"""What a bundle may hold, by name. Whatever is not in this table is refused.

    manifest.json  spec.json  result.json  metrics.jsonl  log.txt  evaluations.json
    samples/layout.json  samples/step_00000108.png
    checkpoints/best  checkpoints/last  checkpoints/step_00000108/{model,head}.safetensors, meta.json
    evaluations/<id>.npz

An optimizer's state is a pickle, and so stays at home.
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
"""Of a longer one the end is taken along."""


@dataclass(frozen=True)
class Rule:
    """Names of a kind of file, and how large one may be; `repeats` where honest ones may be packed by any
    ratio, as the same line comes again and again."""

    names: re.Pattern[str]
    most_bytes: int
    repeats: bool = False


def _rule(names: str, most_bytes: float, *, repeats: bool = False) -> Rule:
    return Rule(re.compile(names, re.ASCII), int(most_bytes), repeats)


RULES = (
    _rule(rf"{re.escape(MANIFEST)}|{re.escape(EVALUATIONS)}", 64e6),
    _rule(r"spec\.json|result\.json", 16e6),
    _rule(r"metrics\.jsonl", 1e9, repeats=True),
    _rule(r"log\.txt", MAX_LOG_BYTES, repeats=True),
    _rule(r"samples/layout\.json", 1e6),
    _rule(rf"samples/{STEP}\.png", 64e6),
    _rule(r"checkpoints/(best|last)", 1e3),
    _rule(rf"checkpoints/{STEP}/(model|head)\.safetensors", 4e9),
    _rule(rf"checkpoints/{STEP}/meta\.json", 4e6),
    _rule(rf"evaluations/{EVALUATION_ID}\.npz", 500e6),
)


def rule_of(name: str) -> Rule | None:
    """The rule that a name falls under; None for a name that no bundle has."""
    return next((rule for rule in RULES if rule.names.fullmatch(name)), None)


def fault_of(name: str) -> str:
    """Why a name without a rule is refused."""
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "which names a place outside the run's folder"
    if ".." in parts:
        return "which climbs out of the run's folder"
    if "\\" in name or not name.isprintable():
        return "which is no plain name of a file"
    if name.lower().endswith(PICKLES):
        return "which may be a pickle and run code when it is read"
    return "which no run has"


def refused(
    file: str, code: str, what: str, advice: str = "export the run again and import that file"
) -> InvalidInputError:
    """The error of a bundle that is not taken in."""
    return DataError(code, f"{file} {what}; {advice}", "path")


def refused_entry(file: str, name: str, why: str, code: str = "bad_bundle") -> InvalidInputError:
    """The same, for one entry of it."""
    return refused(file, code, f"holds {shortened(name)}, {why}; nothing of it was taken in")


def strict_json(content: bytes, file: str, name: str) -> Any:
    """The JSON of an entry; NaN, infinities, and what is no JSON are refused."""
    try:
        return json.loads(content, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise refused_entry(file, name, f"which is no JSON ({str(error)[:100]})") from None


def checked(model: type[Model], values: Any, file: str, name: str) -> Model:
    """The values of an entry as what they should be."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "it"
        message = fault["msg"][0].lower() + fault["msg"][1:]
        given = shortened(fault["input"])
        raise refused_entry(file, name, f"in which {where} = {given}: {message}") from None


@contextmanager
def entry_read(file: str, name: str, errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """What a reader of others raises of an entry becomes the sentence that names it."""
    try:
        yield
    except InvalidInputError:
        raise
    except errors as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise refused_entry(file, name, f"which cannot be read ({reason})", "damaged_bundle") from None


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value
