"""Folders and zips of image files as a source."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame, FrameHeader, frame_header, read_frame
from backend.data.importers.frame_source import TICK_ROWS, FrameSource, SourceInfo
from backend.data.importers.listing import Listing, list_images
from backend.data.importers.recipe import FrameStats, too_small
from backend.data.importers.reporting import Findings, Reporter, refuse_many
from backend.data.importers.trees import Tree
from backend.data.layout import GalaxyBlock, Pixels, Rows, SkipLog, evenly_spaced
from shared.configs import ImportConfig

BLOCK_BYTES = 32 * 2**20


class FolderSource(FrameSource):
    """The images of a tree; the headers of at most `headers` evenly spaced files are read, None for all."""

    def __init__(
        self, tree: Tree, config: ImportConfig, findings: Findings, reporter: Reporter, headers: int | None
    ) -> None:
        self._tree = tree
        listing = list_images(tree, config, findings)
        self._names = listing.names
        n = len(self._names)
        self._sizes = np.ones((n, 2), np.int64)
        self._usable = np.ones(n, np.bool_)
        stats, skipped = FrameStats(), SkipLog()
        with findings.trying():
            self._read_headers(config, stats, skipped, reporter, n if headers is None else headers)
        super().__init__(config, _info(listing, config), listing.catalogue, stats, listing.table, findings)
        self.skipped = skipped

    def rows(self) -> Rows:
        return np.flatnonzero(self._usable)

    def frame(self, row: int) -> Frame:
        name = self._names[row]
        with self._tree.open(name) as stream:
            return read_frame(stream, name)

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        n, rows = self.plan.n, self.rows()
        per_block = max(1, BLOCK_BYTES // max(1, self.plan.nbytes // max(1, n)))
        for start in range(0, n, per_block):
            kept: list[int] = []
            images: list[Pixels] = []
            for done, row in enumerate(rows[start : start + per_block], start):
                if done % TICK_ROWS == 0:
                    reporter.tick(done, n, f"Decoded {done:,} of {n:,} images")
                try:
                    images.append(self.pixels(int(row)))
                    kept.append(int(row))
                except UnreadableImageError as error:
                    self.skipped.add(self._names[row], str(error))
            refuse_many(self.skipped, len(self._names))
            if kept:
                yield self._block(np.array(kept), images)
        reporter.tick(n, n, f"Decoded {n:,} images")

    def close(self) -> None:
        self._tree.close()

    def _block(self, rows: Rows, images: list[Pixels]) -> GalaxyBlock:
        scale = np.array([self.ready.scale(*self._sizes[row].tolist()) for row in rows])
        return self.catalogue.block(rows, np.stack(images), scale)

    def _read_headers(
        self, config: ImportConfig, stats: FrameStats, skipped: SkipLog, reporter: Reporter, limit: int
    ) -> None:
        """Fill `stats`; rows without a readable header, or too small to crop, are not usable."""
        rows = evenly_spaced(np.arange(len(self._names)), limit)
        for done, row in enumerate(rows.tolist()):
            if done % (4 * TICK_ROWS) == 0:
                reporter.tick(0, len(rows), f"Checked {done:,} of {len(rows):,} files")
            name = self._names[row]
            try:
                header = self._header(name)
                if config.crop and config.img_size and min(header.width, header.height) < config.img_size:
                    raise too_small(header.width, header.height, config.img_size)
            except UnreadableImageError as error:
                skipped.add(name, str(error))
                self._usable[row] = False
                continue
            stats.add(header, name)
            self._sizes[row] = header.width, header.height
        refuse_many(skipped, len(rows))

    def _header(self, name: str) -> FrameHeader:
        with self._tree.open(name) as stream:
            return frame_header(stream, name)


def _info(listing: Listing, config: ImportConfig) -> SourceInfo:
    path = Path(config.path)
    return SourceInfo(
        kind=listing.kind,
        provenance={"kind": listing.kind, "file" if path.is_file() else "folder": path.name},
    )
