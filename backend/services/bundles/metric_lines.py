"""Lines of metrics from elsewhere: each one that ingest would leave out, or take amiss, is refused."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from backend.services.bundles.layout import METRICS, checked, refused_entry, strict_json

MAX_LINE_BYTES = 1 << 20
MOST_SETS, MOST_KEYS = 1000, 10_000
"""Sets of keys that are logged together, and keys of all sets: a trainer has a handful of each."""
TOO_MANY = f"with which there are more than {MOST_SETS:,} sets of keys, or {MOST_KEYS:,} keys in them"
MOST = 2**63 - 1
Key = Annotated[str, Field(min_length=1, max_length=200)]
Step = Annotated[int, Field(ge=0, le=MOST)]


class PointLine(BaseModel):
    """Figures of one step; `nonfinite` names those that were no number when they were measured."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    step: Step
    epoch: float
    time: float
    values: dict[Key, float]
    nonfinite: dict[Key, str] = {}


class EventLine(BaseModel):
    """A note of the worker; a resume says from where, one that begins anew −1."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    event: str
    attempt: int | None = None


class ResumeLine(EventLine):
    from_step: Annotated[int, Field(ge=-1, le=MOST)]


def check_metrics(path: Path, file: str) -> None:
    """Raise InvalidInputError, naming the line, for the first that is not as the trainer writes them."""
    sizes: dict[int, int] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES), b""), start=1):
            place = f"{METRICS}, line {number}"
            if not line.endswith(b"\n"):
                raise refused_entry(file, place, "which is torn or too long")
            values = strict_json(line, file, place)
            found = checked(_model_of(values), values, file, place)
            if isinstance(found, PointLine) and _are_too_many(sizes, found):
                raise refused_entry(file, place, TOO_MANY)


def _are_too_many(sizes: dict[int, int], line: PointLine) -> bool:
    """Whether with this line there are more sets or keys than may be; `sizes` are those of the sets so
    far."""
    keys = (*line.values, *line.nonfinite)
    if hash(keys) in sizes:
        return False
    sizes[hash(keys)] = len(keys)
    return len(sizes) > MOST_SETS or sum(sizes.values()) > MOST_KEYS


def _model_of(values: Any) -> type[BaseModel]:
    if not isinstance(values, dict) or "event" not in values:
        return PointLine
    return ResumeLine if values["event"] == "resumed" else EventLine
