"""What every source of one's own images shares: a catalogue, frames by row, and a recipe for them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame
from backend.data.frames.stretch import Stretch
from backend.data.importers.catalogue import Catalogue
from backend.data.importers.recipe import Recipe, Survey, recipe_of
from backend.data.importers.reporting import Findings, Reporter
from backend.data.layout import DatasetPlan, GalaxyBlock, Pixels, Rows, SkipLog
from backend.errors import DataError
from shared.configs import ImportConfig

STRETCH_FRAMES = 256
TICK_ROWS = 64


@dataclass(frozen=True)
class TableView:
    """The table of a source for a person: its columns, their roles, the first five rows."""

    name: str = ""
    columns: list[str] = field(default_factory=list)
    roles: dict[str, str | None] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """What is said of the dataset beside its pixels and columns."""

    kind: str
    provenance: dict[str, Any]
    licence: str = "not stated"
    simulated: bool = False
    stretch: str = "as in the source"
    display: list[list[float]] | None = None


class FrameSource(ABC):
    """An opened source. `recipe` is None where problems stand against one; `prepare()` must come before
    `plan`, `pixels()` and `blocks()`."""

    def __init__(
        self,
        config: ImportConfig,
        facts: Facts,
        catalogue: Catalogue,
        survey: Survey,
        table: TableView,
        findings: Findings,
    ) -> None:
        self.config = config
        self.facts = facts
        self.catalogue = catalogue
        self.survey = survey
        self.table = table
        self.skipped = SkipLog()
        self.recipe = recipe_of(config, survey, findings)

    @property
    def ready(self) -> Recipe:
        """The recipe; DataError where problems stand against one."""
        if self.recipe is None:
            raise DataError(
                "not_importable", "The source cannot be imported as it is; solve its problems first.", "path"
            )
        return self.recipe

    @abstractmethod
    def rows(self) -> Rows:
        """Rows of the catalogue that are to be stored, as far as is known."""

    @abstractmethod
    def frame(self, row: int) -> Frame:
        """One frame. Raises UnreadableImageError."""

    @abstractmethod
    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        """Galaxies in order, about 32 MB at a time; those left out are counted in `skipped`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files."""

    def prepare(self, reporter: Reporter) -> None:
        """Fit the stretch, where there is one, to at most 256 evenly spaced frames, and make the plan."""
        recipe = self.ready
        if recipe.deep:
            recipe.stretch = Stretch.fit(self._sample(reporter), self.config)
        self.plan = self._plan(recipe)

    def pixels(self, row: int) -> Pixels:
        """One galaxy as it is stored. Raises UnreadableImageError."""
        return self.ready(self.frame(row))

    def _sample(self, reporter: Reporter) -> Iterator[Frame]:
        rows = evenly_spaced(self.rows(), STRETCH_FRAMES)
        for done, row in enumerate(rows):
            if done % TICK_ROWS == 0:
                reporter.tick(0, len(self.rows()), "Measuring brightness for the stretch")
            try:
                yield self.ready.framed(self.frame(int(row)))
            except UnreadableImageError:
                continue

    def _plan(self, recipe: Recipe) -> DatasetPlan:
        facts = self.facts
        return DatasetPlan(
            n=len(self.rows()),
            img_size=recipe.img_size,
            channels=recipe.channels,
            class_names=self.catalogue.class_names,
            bands=recipe.bands,
            provenance=facts.provenance | self._treatment() | recipe.provenance(),
            licence=facts.licence,
            simulated=facts.simulated,
            split_seed=self.config.split_seed,
            stretch=recipe.stretch.words() if recipe.stretch is not None else facts.stretch,
            display=facts.display if facts.display and self.config.rgb is None else recipe.display,
        )

    def _treatment(self) -> dict[str, Any]:
        """What was done to frames and columns, in the words of the config."""
        used = {name: column for name, column in self.table.roles.items() if column is not None}
        given = {name: getattr(self.config, name) for name in ("pxscale", "bands", "rgb")}
        size = self.config.img_size
        resized = size if not self.config.crop and set(self.survey.sizes) != {(size, size)} else None
        return {
            **({"labels": self.table.name, "columns": used} if self.table.name else {}),
            "cropped_to" if self.config.crop else "resized_to": size if self.config.crop else resized,
            **{name: value for name, value in given.items() if value is not None and name not in used},
        }


def evenly_spaced(rows: Rows, count: int) -> Rows:
    """At most `count` of the rows, ascending, first and last among them."""
    if len(rows) <= count:
        return rows
    places: NDArray[np.int64] = np.linspace(0, len(rows) - 1, count).round().astype(np.int64)
    return rows[places]


def stacked(images: Sequence[Pixels], shape: tuple[int, ...]) -> Pixels:
    """(n, H, W, C), also of none."""
    return np.stack(images) if images else np.empty((0, *shape), np.uint8)
