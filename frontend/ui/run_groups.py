"""Grouping of runs by setting, and the line style of each run."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.contract.runs import Run

FAMILIES = (0, 1, 2, 0, 0, 3, 1, 4)
"""The hue family of each colour in the Okabe–Ito palette: orange, yellow and vermilion are similar, and so
are the two blues."""
COLOURS = len(FAMILIES)
"""Further lines are dashed."""


class LineStyle(NamedTuple):
    """An index into the palette, and a dash pattern; 0 is solid."""

    colour: int
    dash: int


def style_lines(runs: Sequence[Run]) -> dict[str, LineStyle]:
    """The line style of each run, chosen by its id. If two would look alike the newer run gets another
    colour; from the ninth run on, colours repeat dashed. A newer run never changes the style of an older
    one."""
    styles: dict[str, LineStyle] = {}
    for run in sorted(runs, key=lambda run: (run.created_at, run.id)):
        dash = len(styles) // COLOURS
        used = {style.colour for style in styles.values() if style.dash == dash}
        styles[run.id] = LineStyle(_free_colour(run.id, used), dash)
    return styles


def _free_colour(run_id: str, used: set[int]) -> int:
    """An unused colour, if possible of an unused family; the id determines where the search starts."""
    first = zlib.crc32(run_id.encode())
    free = [colour for place in range(COLOURS) if (colour := (first + place) % COLOURS) not in used]
    families = {FAMILIES[colour] for colour in used}
    return min(free, key=lambda colour: FAMILIES[colour] in families)


def group_seeds(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that differ only in their seed, grouped in order of first appearance; repeats of a seed form
    groups of their own."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        key = repr((run.kind, setting_of(run)))
        seeds = {other.config.get("seed") for other in groups.get(key, [])}
        groups.setdefault(f"{key} {run.id}" if run.config.get("seed") in seeds else key, []).append(run)
    return list(groups.values())


def setting_of(run: Run) -> Mapping[str, Any]:
    """The config of a run without its seed."""
    return {name: value for name, value in sorted(run.config.items()) if name != "seed"}


def run_title(run: Run) -> str:
    """The name of a run, else its id."""
    return run.name or run.id


def group_title(group: Sequence[Run]) -> str:
    """The common name of a group, else that of its first run."""
    names = {run_title(run) for run in group}
    return names.pop() if len(names) == 1 else run_title(group[0])
