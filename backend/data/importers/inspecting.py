"""A preview of a source before its import: its contents, their treatment, and the result."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from backend.data.frames.limits import UnreadableImageError
from backend.data.importers.frame_source import FrameSource
from backend.data.importers.names import counted
from backend.data.importers.opening import open_source
from backend.data.importers.reporting import SILENT, Findings
from backend.data.importers.trees import Roots
from backend.data.layout import MIN_ROWS, evenly_spaced
from backend.errors import DataError
from shared.configs import ImportConfig
from shared.configs.datasets import COLUMN_FIELDS
from shared.contract.datasets import SourcePreview, SourceProblem

LOOKED_AT = 2000
TRIED = 32
SPRITE_COLUMNS = 8


def inspect_source(config: ImportConfig | dict[str, Any], roots: Roots) -> SourcePreview:
    """What an import would find, from names, tables and the headers of at most 2,000 images.

    A dict may leave out the name. Raises if there is nothing to preview (no such path, outside `roots`,
    damaged); faults that a setting could solve are among the problems.
    """
    with _opened(config, roots) as (source, findings):
        n = len(source.rows())
        if n < MIN_ROWS:
            why = f"{counted(n, 'image')} can be used; a dataset needs at least {MIN_ROWS}: add more."
            findings.problems.append(DataError("too_few_images", why, "path"))
        elif source.recipe is not None:
            with findings.trying():
                source.try_frames(TRIED)
        return _preview(source, findings)


def preview_sprite(
    config: ImportConfig | dict[str, Any], roots: Roots, count: int = 16, side: int = 96
) -> bytes:
    """PNG of `count` evenly spaced galaxies as they would be stored, by the display mapping: 8 columns of
    `side`-pixel tiles, black for unreadable images. DataError if none could be stored."""
    with _opened(config, roots) as (source, findings):
        if source.recipe is None and findings.problems:
            raise findings.problems[0]
        source.prepare(SILENT)
        return sprite(source, count, side)


@contextmanager
def _opened(config: ImportConfig | dict[str, Any], roots: Roots) -> Iterator[tuple[FrameSource, Findings]]:
    if isinstance(config, dict):
        config = ImportConfig.model_validate({"name": "unnamed", **config})
    findings = Findings(strict=False)
    with closing(open_source(config, roots, findings, SILENT, LOOKED_AT)) as source:
        yield source, findings


def _preview(source: FrameSource, findings: Findings) -> SourcePreview:
    stats, recipe, catalogue = source.stats, source.recipe, source.catalogue
    channels = max((count for count, _ in stats.layouts), default=0)
    n = len(catalogue)
    return SourcePreview(
        kind=source.info.kind,
        n=n,
        sizes={f"{width} × {height}": count for (width, height), count in stats.sizes.most_common()},
        img_size=recipe.img_size if recipe else source.config.img_size,
        channels=recipe.channels if recipe else channels,
        bands=recipe.bands if recipe else [],
        dtype=", ".join(stats.dtypes()),
        stretched=stats.deep,
        columns=source.table.columns,
        roles={name: source.table.roles.get(name) for name in COLUMN_FIELDS},
        rows=source.table.rows,
        numeric=source.table.numeric,
        class_counts=catalogue.class_counts(),
        unlabelled=int((catalogue.labels < 0).sum()),
        split_counts=catalogue.split_counts(),
        size_bytes=n * recipe.img_size**2 * recipe.channels if recipe else 0,
        receipt=source.receipt(),
        problems=[SourceProblem(code=e.code, detail=e.detail, field=e.field) for e in findings.problems],
    )


def sprite(source: FrameSource, count: int, side: int) -> bytes:
    """PNG of `count` galaxies of a prepared source, as in preview_sprite."""
    rows = evenly_spaced(source.rows(), count)
    sheet = Image.new("RGB", (SPRITE_COLUMNS * side, -(-count // SPRITE_COLUMNS) * side))
    display = np.array(source.plan.display, np.float32)
    for place, row in enumerate(rows.tolist()):
        try:
            pixels = source.pixels(row)
        except UnreadableImageError:
            continue
        rgb = np.clip(np.round(pixels.astype(np.float32) @ display.T), 0, 255).astype(np.uint8)
        tile = Image.fromarray(rgb)
        how = Image.Resampling.LANCZOS if tile.width > side else Image.Resampling.NEAREST
        corner = (place % SPRITE_COLUMNS * side, place // SPRITE_COLUMNS * side)
        sheet.paste(tile.resize((side, side), how), corner)
    out = BytesIO()
    sheet.save(out, "PNG", compress_level=1)
    return out.getvalue()
