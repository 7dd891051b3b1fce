"""What every source of images shares: a catalogue, frames by row, and a recipe for them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame
from backend.data.frames.stretch import Stretch
from backend.data.importers.catalogue import Catalogue
from backend.data.importers.class_names import with_class_names
from backend.data.importers.recipe import FrameStats, Recipe, note_treatment, recipe_of
from backend.data.importers.reporting import SILENT, Findings, Reporter, refuse_many
from backend.data.layout import DatasetPlan, GalaxyBlock, Pixels, Rows, SkipLog, default_bands, evenly_spaced
from backend.errors import DataError
from shared.configs import ImportConfig
from shared.contract.datasets import ReceiptLine

STRETCH_FRAMES = 256
TICK_ROWS = 64


@dataclass(frozen=True)
class TableView:
    """The table of a source as shown: its columns, their roles, the first five rows, the columns of
    numbers."""

    name: str = ""
    columns: list[str] = field(default_factory=list)
    roles: dict[str, str | None] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)
    numeric: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SourceInfo:
    """What describes a source besides its pixels and columns."""

    kind: str
    provenance: dict[str, Any]
    licence: str = "not stated"
    simulated: bool = False
    stretch: str = "as in the source"
    display: list[list[float]] | None = None


class FrameSource(ABC):
    """An opened source. `recipe` is None if problems prevent one; call `prepare()` before `plan`, `pixels()`
    and `blocks()`."""

    def __init__(
        self,
        config: ImportConfig,
        info: SourceInfo,
        catalogue: Catalogue,
        stats: FrameStats,
        table: TableView,
        findings: Findings,
    ) -> None:
        self.config, self.info = config, info
        self.catalogue = with_class_names(catalogue, set(stats.sizes), config, findings)
        self.stats, self.table = stats, table
        self.skipped = SkipLog()
        self.findings = findings
        self.recipe = recipe_of(config, stats, findings)

    @property
    def ready(self) -> Recipe:
        """The recipe; DataError if problems prevent one."""
        if self.recipe is None:
            raise DataError("not_importable", "The source has problems; solve them first.", "path")
        return self.recipe

    @abstractmethod
    def rows(self) -> Rows:
        """Rows of the catalogue to store, as far as is known."""

    @abstractmethod
    def frame(self, row: int) -> Frame:
        """One frame. Raises UnreadableImageError."""

    @abstractmethod
    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        """Galaxies in order, about 32 MB at a time; those left out are counted in `skipped`."""

    @abstractmethod
    def close(self) -> None:
        """Close files."""

    def prepare(self, reporter: Reporter) -> None:
        """Fit the stretch, if there is one, to at most 256 evenly spaced frames, and make the plan."""
        recipe = self.ready
        if recipe.deep:
            self._fit(recipe, evenly_spaced(self.rows(), STRETCH_FRAMES), reporter)
        self.plan = self._plan(recipe)

    def try_frames(self, at_most: int) -> None:
        """Fit the stretch, if there is one, to some frames. DataError if it cannot be, or if more of them
        cannot be used than an import leaves out."""
        recipe = self.ready
        if recipe.deep:
            rows = evenly_spaced(self.rows(), at_most)
            refused = self._fit(recipe, rows, SILENT)
            refuse_many(refused, len(rows), "sampled images")

    def _fit(self, recipe: Recipe, rows: Rows, reporter: Reporter) -> SkipLog:
        """Fit the stretch to these rows; those left out. DataError if all are."""
        refused = SkipLog()
        frames = self._sample(rows, refused, reporter)
        pictures = recipe.channels == 3 and recipe.bands == default_bands(3)
        try:
            recipe.stretch = Stretch.fit(frames, self.config, pictures=pictures)
        except DataError:
            refuse_many(refused, len(rows), "sampled images")  # which says more
            raise
        return refused

    def pixels(self, row: int) -> Pixels:
        """One galaxy as stored. Raises UnreadableImageError."""
        return self.ready(self.frame(row))

    def receipt(self) -> list[ReceiptLine]:
        """What is read, skipped and assumed; complete once all blocks are read."""
        told = Findings(strict=False, receipt=list(self.findings.receipt))
        if self.recipe is not None:
            note_treatment(self.recipe, self.stats, told)
        if len(self.catalogue.class_names) == 1:
            text = f"All labels are '{self.catalogue.class_names[0]}': one class cannot be told from another."
            told.assumed(text, "label_column")
        if self.skipped.count:
            first = self.skipped.first[0]
            alike = len({entry.reason for entry in self.skipped.first}) == 1
            why = f"({first.reason})" if alike else f"for several reasons, each listed ({first.reason})"
            told.skipped(self.skipped.count, "image", why, first.source)
        checked = sum(self.stats.sizes.values())
        if checked < len(self.rows()):
            text = f"Sizes are from {checked:,} evenly spaced images; the import checks all of them."
            told.read(text)
        return told.receipt

    def _sample(self, rows: Rows, refused: SkipLog, reporter: Reporter) -> Iterator[Frame]:
        for done, row in enumerate(rows.tolist()):
            if done % TICK_ROWS == 0:
                reporter.tick(0, len(self.rows()), "Measuring brightness for the stretch")
            try:
                yield self.ready.framed(self.frame(row))
            except UnreadableImageError as error:
                refused.add(self.name(row), str(error))

    def name(self, row: int) -> str:
        """Of the row, for messages."""
        return self.catalogue.source_ids[row]

    def _plan(self, recipe: Recipe) -> DatasetPlan:
        info = self.info
        return DatasetPlan(
            n=len(self.rows()),
            img_size=recipe.img_size,
            channels=recipe.channels,
            class_names=self.catalogue.class_names,
            bands=recipe.bands,
            provenance=info.provenance | self._treatment() | recipe.provenance(),
            licence=info.licence,
            simulated=info.simulated,
            split_seed=self.config.split_seed,
            targets=self.catalogue.target_units,
            stretch=recipe.stretch.words() if recipe.stretch is not None else info.stretch,
            display=info.display if info.display and self.config.rgb is None else recipe.display,
        )

    def _treatment(self) -> dict[str, Any]:
        """What was done to frames and columns, by the keys of the config."""
        used = {name: column for name, column in self.table.roles.items() if column is not None}
        given = {name: getattr(self.config, name) for name in ("pxscale", "bands", "rgb")}
        size = self.config.img_size
        resized = size if not self.config.crop and set(self.stats.sizes) != {(size, size)} else None
        return {
            **({"labels": self.table.name, "columns": used} if self.table.name else {}),
            "cropped_to" if self.config.crop else "resized_to": size if self.config.crop else resized,
            **{name: value for name, value in given.items() if value is not None and name not in used},
        }


def stacked(images: Sequence[Pixels], shape: tuple[int, ...]) -> Pixels:
    """(n, H, W, C), also for n = 0."""
    return np.stack(images) if images else np.empty((0, *shape), np.uint8)
