"""Folders and zips of image files as a source."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from backend.data.frames.header import Frame, FrameHeader
from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import PICTURE_SUFFIXES, frame_header, read_frame, read_with_header
from backend.data.importers.frame_source import TICK_ROWS, FrameSource, SourceInfo
from backend.data.importers.image_files.positions import FilePositions
from backend.data.importers.listing import Listing, list_images
from backend.data.importers.recipe import FrameStats, too_small
from backend.data.importers.reporting import Findings, Reporter, refuse_many
from backend.data.importers.trees import Tree
from backend.data.layout import GalaxyBlock, Pixels, Rows, SkipLog, evenly_spaced
from shared.configs import ImportConfig
from shared.contract.datasets import ReceiptLine

BLOCK_BYTES = 8 * 2**20
DECODERS = 2
"""Threads; Pillow decodes beside the interpreter, astropy hardly does."""
TASK_ROWS = 16
SKY_HEADERS = 256
"""WCS read for a preview: astropy takes a millisecond for each."""


class LayoutChangedError(Exception):
    """A file is of another size or kind than those whose headers were read: read the headers of all."""


class FolderSource(FrameSource):
    """The images of a tree; the headers of at most `headers` evenly spaced files are read, None for all.

    The others are checked as they are decoded: blocks() raises LayoutChangedError if one differs.
    """

    def __init__(
        self, tree: Tree, config: ImportConfig, findings: Findings, reporter: Reporter, headers: int | None
    ) -> None:
        self._tree = tree
        listing = list_images(tree, config, findings)
        self._names, self._bands, self._hdus = listing.names, listing.bands, config.hdus
        n = len(self._names)
        self._sizes = np.ones((n, 2), np.int64)
        self._usable = np.ones(n, np.bool_)
        self._checked = np.zeros(n, np.bool_)
        self._positions = FilePositions(listing.catalogue, config)
        stats, skipped = FrameStats(), SkipLog()
        with findings.trying():
            self._read_headers(config, stats, skipped, reporter, n if headers is None else headers)
        super().__init__(config, _info(listing, config), listing.catalogue, stats, listing.table, findings)
        self.skipped = skipped
        side = config.img_size
        self._any_size = side is not None and (config.crop or set(stats.sizes) != {(side, side)})

    def rows(self) -> Rows:
        return np.flatnonzero(self._usable)

    def name(self, row: int) -> str:
        return self._names[row]

    def frame(self, row: int) -> Frame:
        frames = []
        for name in self._files(row):
            with self._tree.open(name) as stream:
                frames.append(read_frame(stream, name, self._hdus))
        return frames[0] if len(frames) == 1 else _stacked(frames)

    def receipt(self) -> list[ReceiptLine]:
        told = Findings(strict=False, receipt=super().receipt())
        self._positions.note(told)
        return told.receipt

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        n, rows = self.plan.n, self.rows()
        per_block = max(1, BLOCK_BYTES // max(1, self.plan.nbytes // max(1, n)))
        pictures = all(name.lower().endswith(PICTURE_SUFFIXES) for name in self._names)
        pool = ThreadPoolExecutor(DECODERS if pictures else 1)
        try:
            starts = range(0, len(rows), per_block)
            following = _Decoding(self, pool, rows[:per_block])
            for start in starts:
                current = following
                following = _Decoding(self, pool, rows[start + per_block : start + 2 * per_block])
                for done in current.finished():
                    reporter.tick(start + done, n, f"Decoded {start + done:,} of {n:,} images")
                kept = self._take(current)
                refuse_many(self.skipped, len(self._names))
                if len(kept):
                    whole = len(kept) == len(current.rows)
                    yield self._block(current.rows[kept], current.images if whole else current.images[kept])
        finally:
            pool.shutdown(cancel_futures=True)
        reporter.tick(n, n, f"Decoded {n:,} images")

    def close(self) -> None:
        self._tree.close()

    def decoded(self, row: int) -> tuple[FrameHeader | None, Pixels]:
        """One galaxy as stored, and its header if it has not been read before. UnreadableImageError as
        pixels(), LayoutChangedError if the header is of another kind than those before."""
        if self._checked[row]:
            return None, self.pixels(row)
        parts: list[tuple[FrameHeader, Frame]] = []
        for name in self._files(row):
            with self._tree.open(name) as stream:
                parts.append(read_with_header(stream, name, self._hdus))
        header = self._joined([header for header, _ in parts])
        if not self.stats.knows(header, any_size=self._any_size):
            raise LayoutChangedError
        frames = [frame for _, frame in parts]
        return header, self.ready(frames[0] if len(frames) == 1 else _stacked(frames))

    def _take(self, decoding: "_Decoding") -> Rows:
        """Note headers and failures of decoded rows; the places of those to store."""
        kept: list[int] = []
        for place, (row, result) in enumerate(zip(decoding.rows.tolist(), decoding.results, strict=True)):
            if isinstance(result, UnreadableImageError):
                self.skipped.add(self._names[row], str(result))
                continue
            kept.append(place)
            if result is not None:
                self._note(row, result)
                self._positions.add(row, result, self._names[row])
        return np.array(kept, np.int64)

    def _note(self, row: int, header: FrameHeader, stats: FrameStats | None = None) -> None:
        (self.stats if stats is None else stats).add(header, self._names[row])
        self._sizes[row] = header.width, header.height
        self._checked[row] = True

    def _block(self, rows: Rows, images: Pixels) -> GalaxyBlock:
        scale = np.array([self.ready.scale(*self._sizes[row].tolist()) for row in rows])
        return self.catalogue.block(rows, images, scale)

    def _files(self, row: int) -> tuple[str, ...]:
        name = self._names[row]
        return self._bands.files.get(name, (name,))

    def _read_headers(
        self, config: ImportConfig, stats: FrameStats, skipped: SkipLog, reporter: Reporter, limit: int
    ) -> None:
        """Fill `stats`; rows without a readable header, or too small to crop, are not usable."""
        rows = evenly_spaced(np.arange(len(self._names)), limit)
        on_sky = set(
            rows.tolist() if limit >= len(self._names) else evenly_spaced(rows, SKY_HEADERS).tolist()
        )
        for done, row in enumerate(rows.tolist()):
            if done % (4 * TICK_ROWS) == 0:
                reporter.tick(0, len(rows), f"Checked {done:,} of {len(rows):,} files")
            name = self._names[row]
            try:
                header = self._header(row)
                if config.crop and config.img_size and min(header.width, header.height) < config.img_size:
                    raise too_small(header.width, header.height, config.img_size)
            except UnreadableImageError as error:
                skipped.add(name, str(error))
                self._usable[row] = False
                continue
            self._note(row, header, stats)
            if row in on_sky:
                self._positions.add(row, header, name)
        refuse_many(skipped, len(rows))

    def _header(self, row: int) -> FrameHeader:
        headers = []
        for name in self._files(row):
            with self._tree.open(name) as stream:
                headers.append(frame_header(stream, name, self._hdus))
        return self._joined(headers)

    def _joined(self, headers: list[FrameHeader]) -> FrameHeader:
        """The header of an image whose bands are files of their own."""
        first = headers[0]
        if not self._bands.bands:
            return first
        names = self._bands.bands
        for band, header in zip(names, headers, strict=True):
            if header.channels != 1:
                raise UnreadableImageError(
                    f"its file of band {band} has {header.channels} bands (band_files)"
                )
            if (header.width, header.height) != (first.width, first.height):
                sizes = f"{first.width} × {first.height} and {header.width} × {header.height}"
                raise UnreadableImageError(f"its bands {names[0]} and {band} have {sizes} pixels")
        dtypes = {header.dtype for header in headers}
        return replace(
            first,
            channels=len(headers),
            dtype=first.dtype if len(dtypes) == 1 else "float32",
            bands=names,
            left_out=tuple(dict.fromkeys(left for header in headers for left in header.left_out)),
            notes=tuple(dict.fromkeys(note for header in headers for note in header.notes)),
        )


class _Decoding:
    """Rows that threads decode into `images` (n, H, W, C). `results` holds, for each row, its header if that
    was read now, else None, or why it cannot be used."""

    def __init__(self, source: FolderSource, pool: ThreadPoolExecutor, rows: Rows) -> None:
        recipe = source.ready
        self.rows = rows
        self.images = np.empty((len(rows), recipe.img_size, recipe.img_size, recipe.channels), np.uint8)
        self.results: list[FrameHeader | UnreadableImageError | None] = [None] * len(rows)
        self._source = source
        starts = range(0, len(rows), TASK_ROWS)
        self._tasks: list[Future[int]] = [pool.submit(self._decode, start) for start in starts]

    def finished(self) -> Iterator[int]:
        """How many rows are decoded, as they are; raises what stopped a thread."""
        for task in self._tasks:
            yield task.result()

    def _decode(self, start: int) -> int:
        end = min(start + TASK_ROWS, len(self.rows))
        for place in range(start, end):
            try:
                self.results[place], self.images[place] = self._source.decoded(int(self.rows[place]))
            except UnreadableImageError as error:
                self.results[place] = error
        return end


def _stacked(frames: list[Frame]) -> Frame:
    """(H, W, C) of frames (H, W, 1) of one size."""
    if {frame.shape for frame in frames} != {(*frames[0].shape[:2], 1)}:
        raise UnreadableImageError("its bands differ in size")
    dtypes = {frame.dtype for frame in frames}
    frame: Frame = np.concatenate(frames, axis=2)
    return frame if len(dtypes) == 1 else frame.astype(np.float32)


def _info(listing: Listing, config: ImportConfig) -> SourceInfo:
    path = Path(config.path)
    return SourceInfo(
        kind=listing.kind,
        provenance={"kind": listing.kind, "file" if path.is_file() else "folder": path.name},
    )
