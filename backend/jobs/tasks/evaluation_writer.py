"""How the jobs that evaluate a classifier report their progress, and store their results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


@dataclass
class EvaluationProgress:
    """The ProbeIO of a worker. Each call raises StopRequestedError once the run is told to stop or pause.
    `progress` is part of each heartbeat."""

    writer: RunWriter
    message: str = "starting"
    progress: dict[str, Any] = field(default_factory=dict)

    def say(self, message: str) -> None:
        self.message = message
        self.images(0, 0)

    def images(self, done: int, total: int) -> None:
        counted = f" ({done} of {total} images)" if total else ""
        self.writer.report(f"{self.message}{counted}", **self.progress)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.writer.log(step, float(step), values)
        self.images(0, 0)


class EvaluationWriter:
    """Stores predictions in the run's folder and computes their Evaluation. `source` is the checkpoint whose
    weights or architecture were used, None without pretraining."""

    def __init__(
        self,
        writer: RunWriter,
        home: Path,
        store: GalaxyStore,
        source: EncoderSpec | None,
        config: ProbeConfig | FinetuneConfig | SupervisedConfig,
    ) -> None:
        labelled = LabelledRows.of(store)
        self.class_names, test = labelled.class_names, labelled.rows[Split.TEST]
        self.run, self.folder, self.source = writer.run_dir.path.name, writer.run_dir.evaluations, source
        self.seen = seen_in_pretraining(source, home, store, test) if source else 0
        self.notes = notes_about(source, home, self.class_names, self.seen, len(test)) if source else []
        self.job = {
            "run": self.run,
            "dataset": str(config.dataset),
            "dataset_digest": store.digest,
            "label_fraction": config.label_fraction,
        }

    def write(self, judged: HeadResult) -> Evaluation:
        """Store the predictions on validation and test rows under the id of their Evaluation."""
        name = "-".join((judged.basis, judged.head or "class", f"s{judged.seed}"))
        metadata = self._metadata(judged) | {"id": f"{self.run}.{name}"}
        evaluation = judge(metadata, self.class_names, judged.n_train, judged.test, judged.val)
        joined([judged.val, judged.test]).save(self.folder / f"{evaluation.id}.npz")
        return evaluation

    def _metadata(self, judged: HeadResult) -> dict[str, Any]:
        architecture = self.source if judged.basis in (Basis.ENCODER, Basis.RANDOM_INIT) else None
        pretrained = judged.basis is Basis.ENCODER
        return self.job | {
            "encoder": architecture.run if architecture else None,
            "step": self.source.step if pretrained and self.source else None,
            "basis": judged.basis,
            "head": judged.head,
            "depth": judged.depth,
            "layers": judged.layers,
            "pooling": judged.pooling,
            "seed": judged.seed,
            "estimator": judged.estimator,
            "depth_curve": judged.curve if judged.head is Head.LINEAR else [],
            "seen_in_pretraining": self.seen if pretrained else 0,
            "notes": self.notes if pretrained else [],
            "created_at": datetime.now(UTC),
        }
