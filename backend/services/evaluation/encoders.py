"""The encoder of a job, and the labelled dataset it is evaluated on."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from backend.data.splits import smallest_fraction
from backend.data.store import GalaxyStore
from backend.db.models import DatasetRow, RunRow
from backend.errors import InvalidInputError, NotFoundError
from backend.jobs.dataset_names import dataset_here
from backend.jobs.encoders import find_encoder
from backend.jobs.run_dir import EncoderSource
from backend.services.datasets.browsing import require_dataset
from backend.services.runs.lifecycle import find_row
from backend.settings import Settings
from shared.base.vocabulary import SPLIT_CODES, Split
from shared.configs.kinds import Trait, has_trait


def channels_of(session: Session, settings: Settings, run: RunRow) -> int:
    """Bands that the encoder reads: of its checkpoint, else of the dataset it will be trained on. Raises
    NotFoundError where neither exists."""
    try:
        return find_encoder(settings.home, run.id, "last").channels
    except NotFoundError:
        trained_on = session.get(DatasetRow, run.dataset) if has_trait(run.kind, Trait.TRAINS) else None
        if trained_on is None:
            raise
        return len(trained_on.info["bands"])


def source_of(session: Session, run: RunRow) -> EncoderSource:
    """The run of an encoder, and the dataset it was trained on, where that is known and still exists."""
    if not has_trait(run.kind, Trait.TRAINS) or run.dataset_digest is None:
        return EncoderSource(run=run.id)
    dataset = dataset_here(session, run.dataset_digest)
    return EncoderSource(
        run=run.id,
        seen_file=f"datasets/{dataset.file}" if dataset else None,
        seen_digest=run.dataset_digest,
        seen_rows=run.config.get("pretrain_rows", "train"),
    )


def encoder_run(session: Session, run_id: str) -> RunRow:
    row = find_row(session, run_id, "encoder")
    if not has_trait(row.kind, Trait.LEAVES_MODEL):
        detail = (
            f"{run_id} is a job of kind {row.kind}, without an encoder; choose a training or imported model"
        )
        raise InvalidInputError("no_model", detail, "encoder")
    return row


def evaluation_dataset(session: Session, requested: str | None, run: RunRow) -> DatasetRow:
    """The requested dataset, else the one that the encoder's own probes use."""
    name = requested or run.config.get("eval_dataset") or run.dataset
    if name is None:
        detail = f"{run.id} has no dataset of its own; name a labelled one in dataset"
        raise InvalidInputError("no_dataset", detail, "dataset")
    return require_dataset(session, name)


def require_bands(run: RunRow, channels: int, dataset: DatasetRow) -> None:
    """Raise InvalidInputError where the encoder reads another number of bands than the dataset has."""
    bands = len(dataset.info["bands"])
    if bands != channels:
        detail = f"{run.id} reads {channels} bands and {dataset.name} has {bands}; choose another dataset"
        raise InvalidInputError("bands_differ", detail, "dataset")


def require_labels(settings: Settings, dataset: DatasetRow, label_fraction: float) -> NDArray[np.int64]:
    """Labelled train rows of each class (K,). Raises InvalidInputError where a head cannot be fitted on
    train, chosen on validation and evaluated on test rows."""
    if not dataset.info["class_names"]:
        detail = f"{dataset.name} has no labels to evaluate on; choose a labelled dataset"
        raise InvalidInputError("no_labels", detail, "dataset")
    with GalaxyStore.open(settings.datasets_dir / dataset.file) as store:
        labels, splits = store.labels, store.splits
    for split in Split:
        if not ((splits == SPLIT_CODES[split]) & (labels >= 0)).any():
            raise InvalidInputError(
                "empty_split",
                f"{dataset.name} has no labelled {split} rows; heads are fitted on train, chosen on val and "
                "evaluated on test rows, so import it with another split",
                "dataset",
            )
    train = np.bincount(labels[(splits == SPLIT_CODES[Split.TRAIN]) & (labels >= 0)])
    if np.count_nonzero(train) < 2:
        detail = f"the train rows of {dataset.name} are all of one class; choose a dataset with two or more"
        raise InvalidInputError("one_class", detail, "dataset")
    smallest = smallest_fraction(train)
    if label_fraction < smallest:
        rare = dataset.info["class_names"][int(np.where(train > 0, train, train.max()).argmin())]
        detail = (
            f"label_fraction {label_fraction:g} leaves no train row of {rare}; set {smallest:.2g} or more"
        )
        raise InvalidInputError("empty_class", detail, "label_fraction")
    return train
