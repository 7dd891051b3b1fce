"""The starting point of a classifier's training, fixed by its first attempt and stored in each of its
checkpoints, so that a resumed run needs no other."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from backend.data.store import GalaxyStore
from backend.files import read_json
from backend.jobs.encoders import settled
from backend.jobs.run_dir import EncoderSpec, Spec
from backend.jobs.tasks.encoding import load_encoder
from backend.ml.checkpoints.store import META, CheckpointStore
from backend.ml.classifier.model import Beginning
from backend.ml.classifier.training import AnyClassifierConfig, fresh_encoder
from backend.ml.probing.features import Encoder
from shared.configs import FinetuneConfig, ModelConfig, SupervisedConfig
from shared.configs.models import EncoderConfig


@dataclass(frozen=True)
class Origin:
    """`source` is the checkpoint whose weights or architecture are used; `seed` drew the encoder's weights
    before any training; `pretrained` is set on the first attempt only."""

    source: EncoderSpec | None
    architecture: ModelConfig
    mean: list[float]
    std: list[float]
    seed: int
    pretrained: Encoder | None = field(default=None, compare=False)

    @classmethod
    def of_meta(cls, meta: dict[str, Any]) -> Self:
        """From the meta.json of one of its checkpoints."""
        kept = meta["origin"]
        source = EncoderSpec.model_validate(kept["source"]) if kept["source"] else None
        return cls(source, ModelConfig.of(meta["config"]), meta["mean"], meta["std"], kept["seed"])

    def facts(self) -> dict[str, Any]:
        """Its part of a checkpoint's metadata, besides architecture, mean and std."""
        return {"source": self.source.model_dump() if self.source else None, "seed": self.seed}

    def beginning(self, config: AnyClassifierConfig, channels: int) -> Beginning:
        """The pretrained weights, or weights drawn with the classifier's seed."""
        if self.pretrained is None or isinstance(config, SupervisedConfig):
            return Beginning(fresh_encoder(self.architecture, channels, config.seed), self.architecture)
        encoder = self.pretrained.model
        if encoder.has_decoder:
            encoder.drop_decoder()
        return Beginning(encoder, self.architecture)


def find_origin(
    spec: Spec, config: AnyClassifierConfig, home: Path, checkpoints: Path, store: GalaxyStore
) -> Origin:
    """The origin fixed by an earlier attempt, else a new one. Raises NotFoundError or DataError if there is
    no such checkpoint or, for a fine-tuning, no encoder."""
    kept = CheckpointStore(checkpoints, keep=0)
    last = kept.last_step()
    if last is not None:
        return Origin.of_meta(kept.meta(last))
    if spec.encoder is None and isinstance(config, SupervisedConfig):
        mean, std = store.channel_mean.tolist(), store.channel_std.tolist()
        return Origin(None, ModelConfig.of(config.model_dump()), mean, std, config.seed)
    checkpoint = config.checkpoint if isinstance(config, FinetuneConfig) else "last"
    source = settled(home, spec.encoder, checkpoint)
    encoder = load_encoder(source, home)
    meta = read_json(home / source.folder / META) or {}
    own = config.model_dump(include=set(EncoderConfig.model_fields))
    architecture = encoder.config.model_copy(update=own if isinstance(config, SupervisedConfig) else {})
    seed = int(meta["config"].get("seed", 0))
    return Origin(source, architecture, encoder.mean.tolist(), encoder.std.tolist(), seed, encoder)
