"""Importing a model trained elsewhere, which becomes the only checkpoint of its run."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from backend.data.importers.opening import require_inside
from backend.data.store import GalaxyStore
from backend.errors import InvalidInputError
from backend.files import sha256_of
from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.inputs import open_store
from backend.ml.checkpoints.foreign_models import ForeignModel, rebuild
from backend.ml.checkpoints.foreign_weights import read_weights
from backend.ml.checkpoints.store import CheckpointStore
from shared.configs import ImportModelConfig

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Standard = tuple[tuple[float, ...], tuple[float, ...], str]
"""Mean and std of each band, and where they come from."""


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Leave checkpoint 0; the reason of the result describes the model and the assumptions made about it.

    Raises InvalidInputError or ForbiddenError, in one sentence, for weights that cannot be imported.
    """
    config = ImportModelConfig.model_validate(spec.config)
    path = Path(config.path)
    require_inside(path, tuple(map(Path, spec.roots)), "path")
    writer.report("reading weights")
    foreign = rebuild(read_weights(path), config, path.name)
    writer.report("writing weights")
    with _dataset(spec, home) as store:
        mean, std, whose = standard(config, foreign, store)
    notes = [f"standardised by {whose}", *foreign.notes]
    meta = {
        "config": foreign.config.model_dump(mode="json"),
        "channels": foreign.model.in_chans,
        "mean": mean,
        "std": std,
        "dataset_digest": spec.dataset_digest,
        "origin": {"file": path.name, "sha256": sha256_of(path), "format": foreign.origin, "notes": notes},
    }
    CheckpointStore(writer.run_dir.checkpoints, keep=0).save(0, foreign.model, meta)
    reason = f"{foreign.summary}; read as {foreign.origin}; {'; '.join(notes)}"
    return writer.result(reason=reason)


def standard(config: ImportModelConfig, foreign: ForeignModel, store: GalaxyStore | None) -> Standard:
    """Mean and std for its images: those of the config, else of the dataset's train split, else of ImageNet.
    Raises InvalidInputError if bands differ, or nothing is known of them."""
    bands = foreign.model.in_chans
    if store is not None and store.channels != bands:
        raise InvalidInputError(
            "bands_differ",
            f"the model reads {bands} bands and {config.dataset} has {store.channels}; choose another",
            "dataset",
        )
    if config.mean is not None and config.std is not None:
        if len(config.mean) != bands:
            raise InvalidInputError(
                "bands_differ",
                f"the model reads {bands} bands and mean has {len(config.mean)}; give one value a band",
                "mean",
            )
        return config.mean, config.std, "the mean and std given"
    if store is not None:
        return (
            tuple(store.channel_mean.tolist()),
            tuple(store.channel_std.tolist()),
            f"those of {config.dataset}",
        )
    if bands != len(IMAGENET_MEAN):
        raise InvalidInputError(
            "no_standard",
            f"the model reads {bands} bands of unknown mean and std; give both, or a dataset",
            "mean",
        )
    return (
        IMAGENET_MEAN,
        IMAGENET_STD,
        "ImageNet's mean and std (change with --mean and --std; many timm ViTs use 0.5 for all)",
    )


def _dataset(spec: Spec, home: Path) -> AbstractContextManager[GalaxyStore | None]:
    return nullcontext() if spec.dataset_file is None else open_store(spec, home)
