"""Runs beside each other: which are seeds of one setting, and the line each is drawn with."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.contract.runs import Run

FAMILIES = (0, 1, 2, 0, 0, 3, 1, 4)
"""Of each colour of the palette, Okabe and Ito's: orange, yellow and vermilion are near each other, and so
are both blues."""
COLOURS = len(FAMILIES)
"""What comes after them is dashed."""


class LineStyle(NamedTuple):
    """A colour by its place in the palette, and how it is dashed: 0 is solid."""

    colour: int
    dash: int


def style_lines(runs: Sequence[Run]) -> dict[str, LineStyle]:
    """The line of each run, from its id alone; where two would look alike the younger takes another colour,
    and behind the eighth the same colours dashed. A younger run never changes the line of an older one."""
    styles: dict[str, LineStyle] = {}
    for run in sorted(runs, key=lambda run: (run.created_at, run.id)):
        dash = len(styles) // COLOURS
        used = {style.colour for style in styles.values() if style.dash == dash}
        styles[run.id] = LineStyle(_free_colour(run.id, used), dash)
    return styles


def _free_colour(run_id: str, used: set[int]) -> int:
    """A colour that is not used, of a family that is not, where there is one; where to begin is in the id."""
    first = zlib.crc32(run_id.encode())
    free = [colour for place in range(COLOURS) if (colour := (first + place) % COLOURS) not in used]
    families = {FAMILIES[colour] for colour in used}
    return min(free, key=lambda colour: FAMILIES[colour] in families)


def group_seeds(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that differ in their seed only, together, in the order in which each group first appears; of runs
    with the same seed too, each stands for itself."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        key = repr((run.kind, setting_of(run)))
        seeds = {other.config.get("seed") for other in groups.get(key, [])}
        groups.setdefault(f"{key} {run.id}" if run.config.get("seed") in seeds else key, []).append(run)
    return list(groups.values())


def setting_of(run: Run) -> Mapping[str, Any]:
    """What a run was asked for, but for its seed."""
    return {name: value for name, value in sorted(run.config.items()) if name != "seed"}


def run_title(run: Run) -> str:
    """The name a person gave it, else its id."""
    return run.name or run.id


def group_title(group: Sequence[Run]) -> str:
    """The name that all share, else that of the first."""
    names = {run_title(run) for run in group}
    return names.pop() if len(names) == 1 else run_title(group[0])
