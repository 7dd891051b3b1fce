"""Writing a source to a dataset file, all of it or nothing."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from backend.data.hdf5_safety import open_hdf5
from backend.data.importers.reporting import Reporter, refuse_many
from backend.data.layout import DatasetPlan, GalaxyBlock, SkipLog
from backend.data.writer import StoreWriter, cleanup_partials, target_paths
from backend.errors import DataError
from shared.contract.datasets import ReceiptLine

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Source(Protocol):
    """What can be written to the store."""

    plan: DatasetPlan

    def blocks(self, reporter: Reporter) -> Iterator[GalaxyBlock]: ...

    def receipt(self) -> list[ReceiptLine]: ...

    def close(self) -> None: ...


def made_by(folder: Path, name: str, token: str) -> Path | None:
    """The dataset that a killed job with this token finished; None if there is none."""
    for path in target_paths(folder, name, token):
        if path.exists():
            with open_hdf5(path) as file:
                if file.attrs.get("token") == token:
                    return path
    return None


def write_source(
    source: Source, name: str, folder: Path, token: str, reporter: Reporter, skipped: SkipLog
) -> Path:
    """Path of the dataset made of all blocks, without constant images; `skipped` goes on counting. Closes the
    source, and leaves nothing behind on an error."""
    total = source.plan.n + skipped.count
    try:
        with StoreWriter(folder, name, token, source.plan) as writer:
            for block in source.blocks(reporter):
                writer.append(_varied(block, skipped))
                refuse_many(skipped, total)
            n = source.plan.n
            reporter.tick(n, n, "Making splits and statistics")
            return writer.finish(skipped, source.receipt())
    except (OSError, RuntimeError) as error:
        cleanup_partials(folder, token)
        if _says_full(error):
            why = f"The disk of {folder} is full; free some space and import again."
            raise DataError("disk_full", why, "path") from error
        raise
    finally:
        source.close()


def _says_full(error: OSError | RuntimeError) -> bool:
    """HDF5 reports the errno, or only mentions it in its message."""
    found = re.search(r"errno = (\d+)", str(error))
    number = error.errno if isinstance(error, OSError) and error.errno else int(found[1]) if found else 0
    return number in FULL


def _varied(block: GalaxyBlock, skipped: SkipLog) -> GalaxyBlock:
    """The block without images whose pixels are all the same."""
    flat = block.images.reshape(len(block), -1)
    suspects = np.flatnonzero((flat[:, : flat.shape[1] // 16 + 1] == flat[:, :1]).all(axis=1))
    constant = [row for row in suspects.tolist() if (flat[row] == flat[row, 0]).all()]
    for row in constant:
        skipped.add(block.source_ids[row], f"all its pixels are {flat[row, 0]}")
    return block if not constant else _without(block, constant)


def _without(block: GalaxyBlock, rows: list[int]) -> GalaxyBlock:
    keep = np.setdiff1d(np.arange(len(block)), rows)
    return GalaxyBlock(
        images=block.images[keep],
        labels=block.labels[keep],
        source_ids=[block.source_ids[row] for row in keep],
        sky={key: values[keep] for key, values in block.sky.items()},
        splits=None if block.splits is None else block.splits[keep],
        groups=None if block.groups is None else block.groups[keep],
        targets={name: values[keep] for name, values in block.targets.items()},
    )
