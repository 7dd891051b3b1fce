"""What the jobs that judge a classifier share: how they talk, and how they keep what came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from backend.data.store import GalaxyStore
from backend.jobs.run_dir import EncoderSpec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.encoding import notes_about, seen_in_pretraining
from backend.ml.probing.judging import HeadResult, LabelledRows
from backend.stats.judging import judge
from backend.stats.predictions import joined
from shared.base.vocabulary import Basis, Head, Split
from shared.configs import FinetuneConfig, ProbeConfig, SupervisedConfig
from shared.contract.evaluations import Evaluation


class JudgingStoppedError(Exception):
    """The run was asked to leave; `request` is stop or pause."""

    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request


@dataclass
class TalkingIO:
    """A judge's voice in its run directory; where it was told to leave, it says so by raising. `progress` is
    what each heartbeat says besides."""

    writer: RunWriter
    message: str = "starting"
    progress: dict[str, Any] = field(default_factory=dict)

    def say(self, message: str) -> None:
        self.message = message
        self.images(0, 0)

    def images(self, done: int, total: int) -> None:
        request = self.writer.request()
        if request in ("stop", "pause"):
            raise JudgingStoppedError(request)
        counted = f" ({done} of {total} images)" if total else ""
        self.writer.heartbeat(message=f"{self.message}{counted}", **self.progress)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.writer.log(step, float(step), values)
        self.images(0, 0)


@dataclass(frozen=True)
class EvaluationKeeper:
    """Writes what was predicted into the run's folder, and says what it comes to. `encoder` is the run whose
    weights or architecture were read, `step` its checkpoint; `seen` and `notes` are about its weights."""

    run: str
    folder: Path
    class_names: list[str]
    dataset: str
    dataset_digest: str
    label_fraction: float
    encoder: str | None
    step: int | None
    seen: int | None
    notes: list[str]

    @classmethod
    def of(
        cls,
        writer: RunWriter,
        home: Path,
        store: GalaxyStore,
        source: EncoderSpec | None,
        config: ProbeConfig | FinetuneConfig | SupervisedConfig,
    ) -> Self:
        """What a job with this `config` keeps; `source` is its encoder, None where none was pretrained."""
        labelled = LabelledRows.of(store)
        names, test = labelled.class_names, labelled.rows[Split.TEST]
        seen = seen_in_pretraining(source, home, store, test) if source else 0
        return cls(
            run=writer.run_dir.path.name,
            folder=writer.run_dir.evaluations,
            class_names=names,
            dataset=str(config.dataset),
            dataset_digest=store.digest,
            label_fraction=config.label_fraction,
            encoder=source.run if source else None,
            step=source.step if source else None,
            seen=seen,
            notes=notes_about(source, home, names, seen, len(test)) if source else [],
        )

    def keep(self, judged: HeadResult) -> Evaluation:
        """Keep the predictions of validation and test rows under the id of their Evaluation."""
        name = "-".join((judged.basis, judged.head or "class", f"s{judged.seed}"))
        facts = self._facts(judged) | {"id": f"{self.run}.{name}"}
        evaluation = judge(facts, self.class_names, judged.n_train, judged.test, judged.val)
        joined([judged.val, judged.test]).save(self.folder / f"{evaluation.id}.npz")
        return evaluation

    def _facts(self, judged: HeadResult) -> dict[str, Any]:
        of_encoder = judged.basis in (Basis.ENCODER, Basis.RANDOM_INIT)
        pretrained = judged.basis is Basis.ENCODER
        return {
            "run": self.run,
            "encoder": self.encoder if of_encoder else None,
            "step": self.step if pretrained else None,
            "dataset": self.dataset,
            "dataset_digest": self.dataset_digest,
            "basis": judged.basis,
            "head": judged.head,
            "depth": judged.depth,
            "layers": judged.layers,
            "pooling": judged.pooling,
            "label_fraction": self.label_fraction,
            "seed": judged.seed,
            "estimator": judged.estimator,
            "depth_curve": judged.curve if judged.head is Head.LINEAR else [],
            "seen_in_pretraining": self.seen if pretrained else 0,
            "notes": self.notes if pretrained else [],
            "created_at": datetime.now(UTC),
        }
