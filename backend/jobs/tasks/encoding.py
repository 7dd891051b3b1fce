"""The encoder of a job: its weights, its weights before training, and the galaxies it was pretrained on."""

from pathlib import Path

import numpy as np
import torch

from backend.data.layout import Rows
from backend.data.seen import count_seen
from backend.data.store import GalaxyStore, split_rows
from backend.errors import DataError
from backend.files import read_json, sha256_of
from backend.jobs.run_dir import EncoderSpec
from backend.ml.checkpoints.store import META, WEIGHTS, build_model
from backend.ml.explore.loading import load_checkpoint
from backend.ml.pretraining.streams import stream
from backend.ml.probing.features import Encoder, fresh_weights_digest
from shared.base.vocabulary import Split


def load_encoder(spec: EncoderSpec, home: Path) -> Encoder:
    """The frozen encoder of a spec, on the CPU. Raises DataError if its checkpoint is missing or changed."""
    folder = home / spec.folder
    try:
        digest = sha256_of(folder / WEIGHTS)
        checkpoint = load_checkpoint(folder.parent, spec.step)
    except FileNotFoundError:
        raise DataError(
            "checkpoint_gone",
            f"checkpoint {spec.step} of {spec.run} has been removed since this job was queued; "
            "choose last, best or another step",
            "checkpoint",
        ) from None
    if digest != spec.weights_digest:
        raise DataError(
            "checkpoint_changed",
            f"checkpoint {spec.step} of {spec.run} has changed since this job was queued; relaunch it",
            "checkpoint",
        )
    return Encoder(checkpoint.model, checkpoint.config, checkpoint.mean, checkpoint.std, digest)


def untrained(spec: EncoderSpec, home: Path, trained: Encoder) -> Encoder:
    """The same encoder with the weights its run started from, drawn with its seed."""
    meta = read_json(home / spec.folder / META) or {}
    seed = int(meta["config"].get("seed", 0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(seed, "weights"))
        model = build_model(meta)
    model.eval().requires_grad_(False)
    return Encoder(model, trained.config, trained.mean, trained.std, fresh_weights_digest(model))


def seen_in_pretraining(spec: EncoderSpec, home: Path, store: GalaxyStore, test: Rows) -> int | None:
    """How many test rows the encoder was pretrained on; None if unknown."""
    if spec.seen_digest is None:
        return None
    if spec.seen_digest == store.digest:
        return len(test) if spec.seen_rows == "all" else 0
    if spec.seen_file is None:
        return None
    with GalaxyStore.open(home / spec.seen_file) as other:
        seen = np.arange(other.n) if spec.seen_rows == "all" else split_rows(other, Split.TRAIN)
        return count_seen(store, test, other, seen)


def notes_about(spec: EncoderSpec, home: Path, class_names: list[str], seen: int | None, n: int) -> list[str]:
    """Caveats about the encoder's pretraining for a result on `n` test rows."""
    notes = []
    if seen:
        notes.append(f"the encoder was pretrained on the pixels of {seen} of the {n} test galaxies")
    if _classes_of(spec, home) not in (None, class_names):
        notes.append("the encoder was pretrained on a dataset with other classes")
    return notes


def _classes_of(spec: EncoderSpec, home: Path) -> list[str] | None:
    """Classes of the dataset used in pretraining, None if unknown or unlabelled."""
    if spec.seen_file is None:
        return None
    with GalaxyStore.open(home / spec.seen_file) as other:
        return other.class_names or None
