"""Simulated galaxies in the ten classes of Galaxy10, for a demo and for tests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from backend.data.importers.reporting import Reporter
from backend.data.layout import GALAXY10_DECALS, DatasetPlan, GalaxyBlock, Pixels, Rows
from backend.data.sky.scene import photograph
from shared.configs import SimulateConfig
from shared.contract.datasets import ReceiptLine

FREQUENCIES = (1081, 1853, 2645, 2027, 334, 2043, 1829, 2628, 1423, 1873)
"""Images a class in Galaxy10 DECaLS."""
BLOCK_PIXELS = 250 * 64 * 64
THREADS = 2


class SimulatedSource:
    """Galaxies drawn from a seed; equal configs give equal pixels."""

    def __init__(self, config: SimulateConfig) -> None:
        self._config = config
        self._labels = deal_labels(config.n, config.seed)
        self.plan = DatasetPlan(
            n=config.n,
            img_size=config.img_size,
            channels=3,
            class_names=list(GALAXY10_DECALS),
            bands=["i", "r", "g"],
            provenance={
                "kind": "simulated",
                "seed": config.seed,
                "text": "Drawn by Galaxyscope; no real galaxy is among them.",
            },
            licence="CC0-1.0",
            simulated=True,
            split_seed=config.seed,
            stretch="asinh",
        )

    def receipt(self) -> list[ReceiptLine]:
        """Nothing was read."""
        return []

    def close(self) -> None:
        """Nothing to close."""

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]:
        """Galaxies in blocks, drawn on two threads."""
        n, size = self.plan.n, self.plan.img_size
        per_block = max(8, BLOCK_PIXELS // size**2)
        starts = range(0, n, per_block)
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                for start, images in zip(starts, pool.map(self._draw, starts), strict=True):
                    rows = slice(start, start + len(images))
                    yield GalaxyBlock(images, self._labels[rows], [f"sim:{i:06d}" for i in range(n)[rows]])
                    reporter.tick(rows.stop, n, f"Drew {rows.stop:,} of {n:,} galaxies")
            finally:
                pool.shutdown(cancel_futures=True)

    def _draw(self, start: int) -> Pixels:
        size = self._config.img_size
        labels = self._labels[start : start + max(8, BLOCK_PIXELS // size**2)]
        return photograph(labels, size, np.random.default_rng([self._config.seed, start]))


def deal_labels(n: int, seed: int) -> Rows:
    """(n,) classes in the proportions of Galaxy10 (each at least once from n = 60), in random order."""
    share = np.array(FREQUENCIES) / sum(FREQUENCIES)
    edges = np.round(np.cumsum(share) * n).astype(np.int64)
    labels = np.repeat(np.arange(len(share)), np.diff(edges, prepend=0))
    return np.random.default_rng([seed, n]).permutation(labels)
