"""The state of the Reconstruct page, as stored in its address."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from frontend.ui.address import Address
from shared.contract.reconstruction import MaskKind, PixelMode

MOST_PATCHES = 1 << 16
Checkpoint = Annotated[str, Field(pattern=r"^(last|best|\d{1,12})$")]
Patch = Annotated[int, Field(ge=0, lt=MOST_PATCHES)]


def _sorted(patches: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if patches is None else tuple(sorted(set(patches)))


class ReconstructView(Address):
    """What the page shows: model, galaxy, mask, and how predictions become pixels. `against` is a second run,
    `hidden` a hand-made mask; `row` and `upload` exclude each other. `inside` is the layer inspected (0: the
    last; None: closed), `head` one of its heads (None: their mean), `patch` the query (None: the class
    token); `overlay` draws the maps over the galaxy."""

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
    hidden: Annotated[tuple[Patch, ...] | None, AfterValidator(_sorted)] = None
    pixels: PixelMode = "interpolated"
    average: int = Field(1, ge=1, le=32)
    inside: int | None = Field(None, ge=0, le=10_000)
    head: int | None = Field(None, ge=1, le=10_000)
    patch: Patch | None = None
    overlay: bool = False

    RENAMED: ClassVar[Mapping[str, str]] = {"pixels": "mode"}

    @classmethod
    def read(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Parse the ranges of a mask; an upload overrides a row."""
        masks = {"hidden": patches_of(given["hidden"])} if "hidden" in given else {}
        return {
            name: value for name, value in given.items() if name != "row" or "upload" not in given
        } | masks

    @staticmethod
    def written(value: Any) -> str:
        """A ratio with four decimals, a mask as ranges of patches."""
        if isinstance(value, float):
            return f"{value:.4f}".rstrip("0").rstrip(".")
        return ranges_of(value) if isinstance(value, tuple) else Address.written(value)


def ranges_of(patches: Iterable[int]) -> str:
    """Sorted patch indices as ranges: 0-3.8.10-11; "none" for no patches."""
    indices = list(patches)
    if not indices:
        return "none"
    breaks = [i + 1 for i, (before, after) in enumerate(pairwise(indices)) if after != before + 1]
    spans = [indices[start:end] for start, end in pairwise([0, *breaks, len(indices)])]
    return ".".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)


def patches_of(ranges: str) -> tuple[int, ...] | None:
    """Parse the ranges written by `ranges_of`; None if invalid."""
    if ranges == "none":
        return ()
    found: set[int] = set()
    for span in ranges.split("."):
        first, _, last = span.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()) or len(span) > 2 * 6:
            return None
        found.update(range(int(first), min(int(last or first), MOST_PATCHES) + 1))
    return tuple(sorted(found))
