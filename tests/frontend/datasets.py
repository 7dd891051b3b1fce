"""Datasets as the API sends them."""

from datetime import UTC, datetime

from shared.contract.datasets import Dataset


def make_dataset(
    name: str, *, train: int = 800, bands: list[str] | None = None, labelled: bool = True
) -> Dataset:
    """A dataset of `train` train rows and a quarter as many others."""
    n = train + train // 4
    bands = bands or ["g", "r", "z"]
    return Dataset(
        name=name,
        digest="0" * 64,
        n=n,
        img_size=64,
        bands=bands,
        class_names=["spiral", "elliptical"] if labelled else [],
        class_counts={"spiral": n // 2, "elliptical": n - n // 2} if labelled else {},
        split_counts={"train": train, "val": train // 8, "test": train // 8},
        unlabelled=0 if labelled else n,
        simulated=False,
        provenance={},
        channel_mean=[0.1] * len(bands),
        channel_std=[0.1] * len(bands),
        duplicates_across_splits=0,
        skipped=[],
        skipped_count=0,
        size_bytes=n * 64 * 64 * len(bands),
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
