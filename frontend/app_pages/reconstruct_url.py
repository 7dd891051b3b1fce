"""The state of the Reconstruct page as its address holds it."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from shared.explore import MaskKind, PixelMode
from shared.runs import Wire

MOST_PATCHES = 1 << 16
Checkpoint = Annotated[str, Field(pattern=r"^(last|best|\d{1,12})$")]
Patch = Annotated[int, Field(ge=0, lt=MOST_PATCHES)]


def _rising(patches: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if patches is None else tuple(sorted(set(patches)))


class View(Wire):
    """What is looked at: model, galaxy, mask, and how predictions become pixels. `against` is a second run,
    `hidden` a mask made by hand, `row` and `upload` exclude each other. `inside` is the layer looked into
    (0: the last; None: closed), `head` one of its heads (None: their mean), `patch` what is asked from (None:
    the class token), `overlay` lays the maps over the galaxy."""

    run: str | None = None
    checkpoint: Checkpoint = "last"
    against: str | None = None
    against_checkpoint: Checkpoint = "last"
    dataset: str | None = None
    row: int | None = Field(None, ge=0)
    upload: str | None = None
    label: str | None = None
    ratio: float = Field(0.75, ge=0, le=1)
    kind: MaskKind = "uniform"
    seed: int = Field(0, ge=0, lt=2**31)
    hidden: Annotated[tuple[Patch, ...] | None, AfterValidator(_rising)] = None
    pixels: PixelMode = "interpolated"
    average: int = Field(1, ge=1, le=32)
    inside: int | None = Field(None, ge=0, le=10_000)
    head: int | None = Field(None, ge=1, le=10_000)
    patch: Patch | None = None
    overlay: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "View":
        """What an address says; a value that cannot be meant is left out."""
        given: dict[str, Any] = {
            name: query[_PARAMETERS[name]] for name in cls.model_fields if _PARAMETERS[name] in query
        }
        if "hidden" in given:
            given["hidden"] = patches_of(given["hidden"])
        if "upload" in given:
            given.pop("row", None)
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            faulty = {fault["loc"][0] for fault in error.errors()}
            return cls.model_validate({name: value for name, value in given.items() if name not in faulty})

    def to_query(self) -> dict[str, str]:
        """The address of this view; what is as by default is left out."""
        values = {name: value for name, value in self if value != type(self).model_fields[name].default}
        return {_PARAMETERS[name]: _written(value) for name, value in values.items()}


_PARAMETERS = {name: name for name in View.model_fields} | {"pixels": "mode"}


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ranges_of(value) if isinstance(value, tuple) else str(value)


def ranges_of(patches: Iterable[int]) -> str:
    """Rising patch indices as ranges: 0-3.8.10-11; "none" where there are none."""
    rising = list(patches)
    if not rising:
        return "none"
    breaks = [i + 1 for i, (before, after) in enumerate(pairwise(rising)) if after != before + 1]
    spans = [rising[start:end] for start, end in pairwise([0, *breaks, len(rising)])]
    return ".".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)


def patches_of(ranges: str) -> tuple[int, ...] | None:
    """The indices that `ranges_of` wrote; None where the text is something else."""
    if ranges == "none":
        return ()
    found: set[int] = set()
    for span in ranges.split("."):
        first, _, last = span.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()) or len(span) > 2 * 6:
            return None
        found.update(range(int(first), min(int(last or first), MOST_PATCHES) + 1))
    return tuple(sorted(found))
