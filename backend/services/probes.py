"""What a probe needs before it is queued: an encoder with a checkpoint, and labels that can judge it."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.data.label_subset import smallest_fraction
from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import InvalidInputError, NotFoundError
from backend.jobs.encoders import FoundEncoder, find_encoder
from backend.jobs.run_dir import EncoderSpec
from backend.settings import Settings
from shared.configs import ProbeConfig
from shared.datasets import SPLIT_CODES, Split
from shared.runs import MODEL_KINDS


def ready_probe(
    database: Database, settings: Settings, config: ProbeConfig
) -> tuple[ProbeConfig, EncoderSpec]:
    """The config with its dataset named, and the encoder as it is now. Raises InvalidInputError or
    NotFoundError where the probe could only fail."""
    with database.read() as session:
        run = _encoder_run(session, config.encoder)
        dataset = _judged_on(session, config, run)
        pretrained_on = _pretrained_on(session, run)
    found = find_encoder(settings.home, run.id, config.checkpoint)
    _require_bands(found, dataset)
    _require_labels(settings, dataset, config)
    digest = found.meta.get("dataset_digest") if run.kind != "adopt" else None
    encoder = found.spec.model_copy(
        update={
            "seen_file": f"datasets/{pretrained_on.file}" if pretrained_on else None,
            "seen_digest": digest,
            "seen_rows": run.config.get("pretrain_rows", "train"),
        }
    )
    return config.model_copy(update={"dataset": dataset.name}), encoder


def _encoder_run(session: Session, run_id: str) -> RunRow:
    row = session.get(RunRow, run_id)
    if row is None:
        raise NotFoundError(
            "run_not_found", f"there is no run {run_id}; the list of runs has their ids", "encoder"
        )
    if row.kind not in MODEL_KINDS:
        raise InvalidInputError(
            "no_model",
            f"{run_id} is a job of kind {row.kind}, which has no encoder; choose a training or an import",
            "encoder",
        )
    return row


def _judged_on(session: Session, config: ProbeConfig, run: RunRow) -> DatasetRow:
    """The dataset asked for, else the one that the encoder's own probes are judged on."""
    name = config.dataset or run.config.get("eval_dataset") or run.dataset
    if name is None:
        raise InvalidInputError(
            "no_dataset", f"{run.id} has no dataset of its own; name a labelled one in dataset", "dataset"
        )
    row = session.get(DatasetRow, name)
    if row is None:
        known = ", ".join(session.scalars(select(DatasetRow.name).order_by(DatasetRow.name))) or "none yet"
        raise NotFoundError("dataset_not_found", f"there is no dataset {name}; there are: {known}", "dataset")
    return row


def _pretrained_on(session: Session, run: RunRow) -> DatasetRow | None:
    """What an encoder trained here learned from, where it is still here."""
    if run.kind == "adopt" or run.dataset_digest is None:
        return None
    same = select(DatasetRow).where(DatasetRow.digest == run.dataset_digest).order_by(DatasetRow.name)
    return session.scalar(same.limit(1))


def _require_bands(found: FoundEncoder, dataset: DatasetRow) -> None:
    bands = len(dataset.info["bands"])
    if bands != found.channels:
        raise InvalidInputError(
            "bands_differ",
            f"{found.spec.run} reads {found.channels} bands and {dataset.name} has {bands}; "
            "choose another dataset",
            "dataset",
        )


def _require_labels(settings: Settings, dataset: DatasetRow, config: ProbeConfig) -> None:
    if not dataset.info["class_names"]:
        raise InvalidInputError(
            "no_labels", f"{dataset.name} has no labels to judge by; choose a labelled dataset", "dataset"
        )
    with GalaxyStore.open(settings.datasets_dir / dataset.file) as store:
        labels, splits = store.labels, store.splits
    for split in Split:
        if not ((splits == SPLIT_CODES[split]) & (labels >= 0)).any():
            raise InvalidInputError(
                "empty_split",
                f"{dataset.name} has no labelled {split} rows, and a probe is fitted on train, chosen on val "
                "and judged on test rows; import it with another split",
                "dataset",
            )
    train = np.bincount(labels[(splits == SPLIT_CODES[Split.TRAIN]) & (labels >= 0)])
    if np.count_nonzero(train) < 2:
        raise InvalidInputError(
            "one_class",
            f"the train rows of {dataset.name} are all of one class; choose a dataset with two or more",
            "dataset",
        )
    smallest = smallest_fraction(train)
    if config.label_fraction < smallest:
        rare = dataset.info["class_names"][int(np.where(train > 0, train, train.max()).argmin())]
        raise InvalidInputError(
            "empty_class",
            f"label_fraction {config.label_fraction:g} leaves no train row of {rare}; "
            f"take {smallest:.2g} or more",
            "label_fraction",
        )
