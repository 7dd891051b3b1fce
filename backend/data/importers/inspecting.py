"""A look at a source before its import: what it holds, what would be done, and how it would be stored."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from backend.data.frames.limits import UnreadableImageError
from backend.data.importers.frame_source import FrameSource, evenly_spaced
from backend.data.importers.names import counted
from backend.data.importers.opening import open_source
from backend.data.importers.recipe import Recipe
from backend.data.importers.reporting import SILENT, Findings
from backend.data.importers.trees import Roots
from backend.data.layout import MIN_ROWS, Pixels, default_bands
from backend.errors import DataError, GalaxyscopeError
from shared.configs import ImportConfig
from shared.configs.datasets import COLUMN_FIELDS
from shared.contract.datasets import SourcePreview, SourceProblem

LOOKED_AT = 2000
SPRITE_COLUMNS = 8


def inspect_source(config: ImportConfig | dict[str, Any], roots: Roots) -> SourcePreview:
    """What an import would find, from names, tables and the headers of at most 2,000 images.

    A dict may leave the name out. Raises where there is nothing to look at (no such path, outside `roots`,
    damaged); what a setting could solve is among the problems.
    """
    if isinstance(config, dict):
        config = ImportConfig.model_validate({"name": "unnamed", **config})
    findings = Findings(strict=False)
    source = open_source(config, roots, findings, SILENT, LOOKED_AT)
    try:
        with findings.trying():
            _require_rows(source)
        return _preview(source, findings)
    finally:
        source.close()


def preview_sprite(
    config: ImportConfig | dict[str, Any], roots: Roots, count: int = 16, side: int = 96
) -> bytes:
    """PNG of `count` evenly spaced galaxies as they would be stored, by the display mapping: 8 columns of
    `side`-pixel tiles, dark where an image cannot be read. DataError where none could be stored."""
    if isinstance(config, dict):
        config = ImportConfig.model_validate({"name": "unnamed", **config})
    findings = Findings(strict=False)
    source = open_source(config, roots, findings, SILENT, LOOKED_AT)
    try:
        if source.recipe is None and findings.problems:
            raise findings.problems[0]
        source.prepare(SILENT)
        return _sprite(source, count, side)
    finally:
        source.close()


def _require_rows(source: FrameSource) -> None:
    n = len(source.rows())
    if n < MIN_ROWS:
        raise DataError(
            "too_few_images",
            f"{counted(n, 'image')} can be used; a dataset needs at least {MIN_ROWS}: give more of them.",
            "path",
        )


def _preview(source: FrameSource, findings: Findings) -> SourcePreview:
    survey, recipe, catalogue = source.survey, source.recipe, source.catalogue
    channels = max((count for count, _ in survey.layouts), default=0)
    n = len(catalogue)
    _note_treatment(source, findings)
    return SourcePreview(
        kind=source.facts.kind,
        n=n,
        sizes={f"{width} × {height}": count for (width, height), count in survey.sizes.most_common()},
        img_size=recipe.img_size if recipe else source.config.img_size,
        channels=recipe.channels if recipe else channels,
        bands=recipe.bands if recipe else [],
        dtype=", ".join(survey.dtypes()),
        stretched=survey.deep,
        columns=source.table.columns,
        roles={name: source.table.roles.get(name) for name in COLUMN_FIELDS},
        rows=source.table.rows,
        class_counts=catalogue.class_counts(),
        unlabelled=int((catalogue.labels < 0).sum()),
        split_counts=catalogue.split_counts(),
        size_bytes=n * recipe.img_size**2 * recipe.channels if recipe else 0,
        notes=findings.notes,
        problems=[_problem(error) for error in findings.problems],
    )


def _problem(error: GalaxyscopeError) -> SourceProblem:
    return SourceProblem(code=error.code, detail=error.detail, field=error.field)


def _note_treatment(source: FrameSource, findings: Findings) -> None:
    recipe, survey, notes = source.recipe, source.survey, findings.notes
    if recipe is not None:
        size = recipe.img_size
        if recipe.crop:
            notes.append(f"The central {size} × {size} px are cut out.")
        elif set(survey.sizes) != {(size, size)}:
            notes.append(f"Central squares are resized to {size} px.")
        if survey.deep:
            notes.append(f"Values of {', '.join(survey.dtypes())} are stretched to 8 bits.")
        if recipe.bands != default_bands(recipe.channels):
            notes.append(f"{_shown_as(recipe)} are shown as red, green, blue.")
        if {channels for channels, _ in survey.layouts} == {1, 3}:
            notes.append("Grey pictures among coloured ones get three equal bands.")
    if source.skipped.count:
        first = source.skipped.first[0]
        notes.append(
            f"Left out: {counted(source.skipped.count, 'image')}, first '{first.source}' ({first.reason})."
        )
    if len(source.catalogue) > LOOKED_AT and sum(survey.sizes.values()) < len(source.catalogue):
        notes.append(f"Sizes are those of {LOOKED_AT:,} images, evenly spaced; the import checks every one.")


def _shown_as(recipe: Recipe) -> str:
    """Bands with most weight in red, green and blue."""
    return ", ".join(recipe.bands[int(np.argmax(weights))] for weights in recipe.display)


def _sprite(source: FrameSource, count: int, side: int) -> bytes:
    rows = evenly_spaced(source.rows(), count)
    sheet = Image.new("RGB", (SPRITE_COLUMNS * side, -(-count // SPRITE_COLUMNS) * side))
    display = np.array(source.plan.display, np.float32)
    for place, row in enumerate(rows.tolist()):
        try:
            pixels = source.pixels(row)
        except UnreadableImageError:
            continue
        tile = Image.fromarray(_shown(pixels, display))
        how = Image.Resampling.LANCZOS if tile.width > side else Image.Resampling.NEAREST
        sheet.paste(
            tile.resize((side, side), how), (place % SPRITE_COLUMNS * side, place // SPRITE_COLUMNS * side)
        )
    out = BytesIO()
    sheet.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _shown(pixels: Pixels, display: np.ndarray[Any, np.dtype[np.float32]]) -> Pixels:
    """(H, W, 3) by weights (3, C)."""
    return np.clip(np.round(pixels.astype(np.float32) @ display.T), 0, 255).astype(np.uint8)
