"""The reference accuracies of a dataset."""

from pathlib import Path

from backend.data.store import GalaxyStore, split_rows
from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.inputs import open_store
from backend.ml.probing.baselines import raw_pixel_baselines, stored_pixels
from shared.base.vocabulary import Split
from shared.configs import PretrainConfig


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Majority, raw-pixel k-NN and linear probe of the spec's dataset."""
    writer.heartbeat(message="reading pixels")
    with open_store(spec, home) as store:
        produced = {"baselines": measure(store), "dataset_digest": spec.dataset_digest}
        return writer.result(step=store.n, produced=produced)


def measure(store: GalaxyStore) -> dict[str, float]:
    """The references by key: fitted on train rows, evaluated on validation rows, k-NN with its defaults.

    Only one block of images at a time is in memory at full size.
    """
    defaults = PretrainConfig.model_fields
    train = split_rows(store, Split.TRAIN, labelled_only=True)
    val = split_rows(store, Split.VAL, labelled_only=True)
    return raw_pixel_baselines(
        stored_pixels(store, train),
        store.labels[train],
        stored_pixels(store, val),
        store.labels[val],
        n_classes=len(store.class_names),
        k=defaults["knn_k"].default,
        temperature=defaults["knn_temperature"].default,
    )
