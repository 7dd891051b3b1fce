"""Cut-outs in the cache as a source of images."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backend.data.cutouts.answers import read_cutout
from backend.data.cutouts.positions import Positions
from backend.data.cutouts.requests import CutoutRequests
from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame, FrameHeader
from backend.data.importers.frame_source import TICK_ROWS, FrameSource, SourceInfo
from backend.data.importers.recipe import FrameStats
from backend.data.importers.reporting import Findings, Reporter, refuse_many
from backend.data.layout import GalaxyBlock, Pixels, Rows

BLOCK_BYTES = 32 * 2**20


class CutoutSource(FrameSource):
    """The cut-outs of `rows`, read from the cache."""

    def __init__(
        self, positions: Positions, requests: CutoutRequests, cache: Path, findings: Findings, rows: Rows
    ) -> None:
        config = requests.config
        self._positions, self._requests, self._cache, self._rows = positions, requests, cache, rows
        deep = config.file_format == "fits"
        channels = len(config.band_names) if deep else 3
        header = FrameHeader(
            config.img_size,
            config.img_size,
            channels,
            "float32" if deep else "uint8",
            tuple(config.band_names) if deep else (),
        )
        stats = FrameStats()
        stats.add(header, positions.name, count=max(len(rows), 1))
        _note_cutouts(requests, findings)
        super().__init__(
            config, _info(positions, requests), positions.catalogue, stats, positions.table, findings
        )

    def rows(self) -> Rows:
        return self._rows

    def frame(self, row: int) -> Frame:
        parts = self._requests.parts(*self._positions.of(row))
        frames = []
        for part in parts:
            try:
                answer = (self._cache / part.file).read_bytes()
            except OSError as error:
                raise UnreadableImageError(f"not fetched ({error.strerror})") from error
            try:
                frames.append(read_cutout(answer, part, self._requests.config.img_size))
            except UnreadableImageError:
                (self._cache / part.file).unlink(missing_ok=True)  # asked for again next time
                raise
        return frames[0] if len(frames) == 1 else np.concatenate(frames, axis=2)

    def leave_out(self, failed: dict[int, str]) -> None:
        """Skip rows that could not be fetched, with the reason."""
        self._rows = np.setdiff1d(self._rows, np.fromiter(failed, np.int64, len(failed)))
        for row, reason in sorted(failed.items()):
            self.skipped.add(self.catalogue.source_ids[row], reason)

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        n, rows = self.plan.n, self.rows()
        total = n + self.skipped.count
        per_block = max(1, BLOCK_BYTES // max(1, self.plan.nbytes // max(1, n)))
        for start in range(0, n, per_block):
            kept: list[int] = []
            images: list[Pixels] = []
            for done, row in enumerate(rows[start : start + per_block].tolist(), start):
                if done % TICK_ROWS == 0:
                    reporter.tick(done, n, f"Stored {done:,} of {n:,} cut-outs")
                try:
                    images.append(self.pixels(row))
                    kept.append(row)
                except UnreadableImageError as error:
                    self.skipped.add(self.catalogue.source_ids[row], str(error))
            refuse_many(self.skipped, total)
            if kept:
                yield self.catalogue.block(np.array(kept), np.stack(images), np.ones(len(kept)))

    def close(self) -> None:
        """Nothing to close."""


def _note_cutouts(requests: CutoutRequests, findings: Findings) -> None:
    config, survey = requests.config, requests.survey
    side = config.img_size
    if config.file_format == "jpg":
        findings.assumed(f"Pictures have the colours of {survey.title}, 8 bits a band.", "file_format")
    elif config.bands is None:
        findings.assumed(f"Bands {', '.join(config.band_names)}, all that the survey has.", "bands")
    what = f"Cut-outs of {side} × {side} px from {survey.title} by {requests.service.title}"
    findings.read(f"{what}, resampled, north up and east left.")


def _info(positions: Positions, requests: CutoutRequests) -> SourceInfo:
    config, survey = requests.config, requests.survey
    scale = np.unique(positions.catalogue.sky.get("pxscale", np.array([])))
    return SourceInfo(
        kind="cutouts",
        provenance={
            "kind": "cutouts",
            "file": positions.name,
            "survey": survey.title,
            "layers": [survey.colour] if config.file_format == "jpg" else sorted(set(survey.bands.values())),
            "service": requests.service.title,
            "address": requests.address,
            "file_format": config.file_format,
            "pixel_scale_arcsec": float(scale[0]) if len(scale) == 1 else None,
            "projection": "TAN, north up, east left",
            "acknowledgement": f"{survey.acknowledgement} {requests.service.acknowledgement}",
        },
    )
