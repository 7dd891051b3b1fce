"""Images and FLOPs per training step, so that runs of different sizes share one axis."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from shared.configs import PretrainConfig
from shared.configs.classifiers import ClassifierConfig
from shared.configs.kinds import JOB_KINDS, RunKind
from shared.configs.models import EncoderConfig
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.planning.cost import classifier_flops, decoder_flops, encoder_flops

MOST_ANCESTORS = 10


@dataclass(frozen=True)
class StepCost:
    """Images and forward plus backward FLOPs of one step; `flops` is None if model sizes or dataset are
    unknown. `pretraining_flops` is the whole pretraining of the encoder, regardless of the checkpoint used;
    0 from random weights."""

    images: int
    flops: float | None
    pretraining_flops: float | None


def cost_of_steps(run: Run, runs: Mapping[str, Run], datasets: Mapping[str, Dataset]) -> StepCost:
    """The cost of a step of `run`; `runs` holds the encoders it may have started from."""
    images = int(run.config["batch_size"])
    each = _image_flops(run, runs, datasets)
    return StepCost(images, None if each is None else 3 * images * each, _before(run, runs, datasets))


def _before(run: Run, runs: Mapping[str, Run], datasets: Mapping[str, Dataset]) -> float | None:
    """Training FLOPs of all encoders `run` descends from."""
    total = 0.0
    for _ in range(MOST_ANCESTORS):
        if run.kind is not RunKind.FINETUNE:
            return total
        encoder = runs.get(str(run.config["encoder"]))
        each = None if encoder is None else _image_flops(encoder, runs, datasets)
        if encoder is None or each is None:
            return None
        total += 3 * each * int(encoder.config["batch_size"]) * encoder.progress.step
        run = encoder
    return None


def _image_flops(run: Run, runs: Mapping[str, Run], datasets: Mapping[str, Dataset]) -> float | None:
    """Forward FLOPs of one training image; None if unknown."""
    dataset = datasets.get(run.dataset or "")
    try:
        config = JOB_KINDS[run.kind].config.model_validate(run.config)
    except ValidationError:  # written by another version
        return None
    if dataset is None:
        return None
    if isinstance(config, PretrainConfig):
        return encoder_flops(config, len(dataset.bands)) + decoder_flops(config, len(dataset.bands))
    encoder = _encoder_of(run, runs)
    if encoder is None or not isinstance(config, ClassifierConfig):
        return None
    return classifier_flops(encoder, config, len(dataset.bands), len(dataset.class_names))


def _encoder_of(run: Run, runs: Mapping[str, Run]) -> EncoderConfig | None:
    """The encoder sizes of a run: its own, else those of the run it started from."""
    for _ in range(MOST_ANCESTORS):
        if "embed_dim" in run.config:
            sizes = {name: run.config[name] for name in EncoderConfig.model_fields if name in run.config}
            return EncoderConfig.model_validate(sizes)
        origin = runs.get(str(run.config.get("encoder")))
        if origin is None:
            return None
        run = origin
    return None
