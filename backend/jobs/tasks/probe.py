"""Evaluating a frozen encoder: its features once, then heads on them, each beside its references."""

from collections.abc import Iterator
from pathlib import Path

from backend.data.store import GalaxyStore
from backend.jobs.encoders import settled
from backend.jobs.run_dir import EncoderSpec, Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.encoding import load_encoder, untrained
from backend.jobs.tasks.evaluation_writer import EvaluationProgress, EvaluationWriter
from backend.jobs.tasks.inputs import open_store
from backend.ml.probing.features import Encoder, FeatureCache, FeatureSource
from backend.ml.probing.judging import EncoderProbing, HeadResult, LabelledRows
from backend.ml.probing.pixel_probing import probe_majority, probe_pixels
from backend.ml.probing.probe_cache import ProbeCache
from shared.base.vocabulary import Basis
from shared.configs import ProbeConfig
from shared.contract.evaluations import Evaluation


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Store the predictions of every head and reference; their summaries go into the result, to be
    registered."""
    config = ProbeConfig.model_validate(spec.config)
    with open_store(spec, home) as store:
        encoder = settled(home, spec.encoder, config.checkpoint)
        probe = ProbeJob(config, encoder, home, writer, store)
        evaluations = [probe.write(judged) for judged in probe.evaluate()]
    produced = {"evaluations": [one.model_dump(mode="json") for one in evaluations]}
    return writer.result(step=len(evaluations), produced=produced)


class ProbeJob:
    """One probe of one encoder."""

    def __init__(
        self, config: ProbeConfig, encoder: EncoderSpec, home: Path, writer: RunWriter, store: GalaxyStore
    ) -> None:
        self.config, self.encoder, self.home, self.store = config, encoder, home, store
        self.progress = EvaluationProgress(writer)
        self.labelled = LabelledRows.of(store)
        self.cache = ProbeCache.at(home / "cache" / "probes", dataset=store.digest)
        self.writer = EvaluationWriter(writer, home, store, encoder, config)

    def evaluate(self) -> Iterator[HeadResult]:
        """The heads on the encoder, then the references if the config includes them."""
        encoder = load_encoder(self.encoder, self.home)
        yield from self._on(encoder, Basis.ENCODER, "features")
        if self.config.references:
            yield probe_majority(self.labelled, self.config)
            fresh = untrained(self.encoder, self.home, encoder)
            yield from self._on(fresh, Basis.RANDOM_INIT, "features at random init")
            yield from probe_pixels(self.store, self.labelled, self.config, self.progress.say, self.cache)

    def _on(self, encoder: Encoder, basis: Basis, message: str) -> Iterator[HeadResult]:
        self.progress.say(message)
        cache = FeatureCache(self.home / "cache" / "features")
        final_norm = self.config.inner_norm == "final"
        source = FeatureSource(encoder, self.store, cache, final_norm, self.progress.images)
        yield from EncoderProbing(
            source, self.labelled, self.config, basis, self.progress, self.cache
        ).results()

    def write(self, judged: HeadResult) -> Evaluation:
        """Store it, and log the accuracies of the first seed on the encoder."""
        evaluation = self.writer.write(judged)
        if judged.basis is Basis.ENCODER and judged.seed == self.config.seed:
            figures = {
                f"test/{judged.head}_accuracy": evaluation.accuracy,
                f"test/{judged.head}_balanced_accuracy": evaluation.balanced_accuracy,
            }
            self.progress.log(judged.depth or 0, figures)
        return evaluation
