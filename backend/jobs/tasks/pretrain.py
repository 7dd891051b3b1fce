"""Pretraining: reads the rows a pretraining may see, and hands them to the trainer."""

from pathlib import Path

import numpy as np

from backend.data.resident import load_images, split_rows
from backend.data.store import GalaxyStore
from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.opening import open_store
from backend.ml.pretrain import PretrainData, pretrain
from shared.configs import PretrainConfig
from shared.datasets import Split


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Train until the end, a request or a failure; checkpoints and samples go into the run directory."""
    config = PretrainConfig.model_validate(spec.config)
    writer.heartbeat(message="reading images")
    with open_store(spec, home) as store:
        data = read_pretrain_data(store, config)
    outcome = pretrain(config, data, writer, writer.run_dir.path)
    return Result(
        attempt=writer.attempt,
        outcome=outcome.outcome,
        reason=outcome.reason,
        suggestion=outcome.suggestion,
        step=outcome.step,
        images_per_s=outcome.images_per_s,
        exit_code=int(outcome.outcome == "failed"),
    )


def read_pretrain_data(store: GalaxyStore, config: PretrainConfig) -> PretrainData:
    """Everything a pretraining reads: train rows (or all, when asked) to learn from, train and validation
    rows to probe on. No test row is read unless pretrain_rows is all."""
    train = split_rows(store, Split.TRAIN)
    seen = np.arange(store.n) if config.pretrain_rows == "all" else train
    val = split_rows(store, Split.VAL)
    images = load_images(store, seen, config.img_size, config.crop_size)
    probed = np.isin(seen, train) & (store.labels[seen] >= 0)
    return PretrainData(
        images=images,
        train_images=images if probed.all() else images[probed],
        train_labels=store.labels[seen[probed]],
        val_images=load_images(store, val, config.img_size, config.crop_size),
        val_labels=store.labels[val],
        val_rows=val,
        class_names=store.class_names,
        channel_mean=store.channel_mean.tolist(),
        channel_std=store.channel_std.tolist(),
        dataset_digest=store.digest,
        to_rgb=store.rgb,
    )
