"""Judging a frozen encoder: features once, heads on them, each beside its references."""

from collections.abc import Iterator
from pathlib import Path

from backend.data.store import GalaxyStore
from backend.errors import NotFoundError
from backend.jobs.encoders import settled
from backend.jobs.run_dir import EncoderSpec, Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.encoding import load_encoder, untrained
from backend.jobs.tasks.judging import EvaluationKeeper, JudgingStoppedError, TalkingIO
from backend.jobs.tasks.opening import open_store
from backend.ml.probing.features import Encoder, FeatureCache, FeatureSource
from backend.ml.probing.judging import HeadResult, LabelledRows, probe_encoder
from backend.ml.probing.pixel_probing import probe_majority, probe_pixels
from backend.ml.probing.probe_cache import ProbeCache
from shared.base.vocabulary import Basis
from shared.configs import ProbeConfig
from shared.contract.evaluations import Evaluation


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Store the predictions of every head and reference; their summaries go into the result, to be
    registered."""
    if spec.encoder is None:
        raise NotFoundError("no_encoder", "this probe names no encoder; launch it anew", "encoder")
    try:
        with open_store(spec, home) as store:
            encoder = settled(home, spec.encoder, str(spec.config["checkpoint"]))
            probing = Probing(spec, encoder, home, writer, store)
            evaluations = [probing.keep(judged) for judged in probing.judged()]
    except JudgingStoppedError:
        return Result(attempt=writer.attempt, outcome="cancelled", reason="stopped before it was judged")
    produced = {"evaluations": [one.model_dump(mode="json") for one in evaluations]}
    return Result(attempt=writer.attempt, outcome="succeeded", step=len(evaluations), produced=produced)


class Probing:
    """One probe at work."""

    def __init__(
        self, spec: Spec, encoder: EncoderSpec, home: Path, writer: RunWriter, store: GalaxyStore
    ) -> None:
        self.spec, self.encoder, self.home, self.writer, self.store = spec, encoder, home, writer, store
        self.config = ProbeConfig.model_validate(spec.config)
        self.io = TalkingIO(writer)
        self.labelled = LabelledRows.of(store)
        self.cache = ProbeCache.at(home / "cache" / "probes", dataset=store.digest)
        self.keeper = EvaluationKeeper.of(writer, home, store, encoder, self.config)

    def judged(self) -> Iterator[HeadResult]:
        """The heads on the encoder, then, where asked for, what they stand beside."""
        encoder = load_encoder(self.encoder, self.home)
        yield from self._on(encoder, Basis.ENCODER, "features")
        if self.config.references:
            yield probe_majority(self.labelled, self.config)
            fresh = untrained(self.encoder, self.home, encoder)
            yield from self._on(fresh, Basis.RANDOM_INIT, "features at random init")
            yield from probe_pixels(self.store, self.labelled, self.config, self.io.say, self.cache)

    def _on(self, encoder: Encoder, basis: Basis, message: str) -> Iterator[HeadResult]:
        self.io.say(message)
        cache = FeatureCache(self.home / "cache" / "features")
        final_norm = self.config.inner_norm == "final"
        source = FeatureSource(encoder, self.store, cache, final_norm, self.io.images)
        yield from probe_encoder(source, self.labelled, self.config, basis, self.io, self.cache)

    def keep(self, judged: HeadResult) -> Evaluation:
        """Keep it, and show what the first seed on the encoder came to."""
        evaluation = self.keeper.keep(judged)
        if judged.basis is Basis.ENCODER and judged.seed == self.config.seed:
            figures = {
                f"test/{judged.head}_accuracy": evaluation.accuracy,
                f"test/{judged.head}_balanced_accuracy": evaluation.balanced_accuracy,
            }
            self.io.log(judged.depth or 0, figures)
        return evaluation
