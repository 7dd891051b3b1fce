"""Loss against the masking ratio over a sample of validation rows. torch is loaded on first use."""

import json
from hashlib import sha256

from backend.db.engine import Database
from backend.errors import InvalidInputError
from backend.services.datasets.browsing import Datasets
from backend.services.reconstruction.file_cache import Kept
from backend.services.reconstruction.images import sampled_images
from backend.services.reconstruction.models import ModelCache, Pinned
from backend.services.reconstruction.reconstructions import dataset_of, to_curve
from backend.settings import Settings
from shared.base.vocabulary import Split
from shared.contract.reconstruction import LADDER, CurveRequest, SampleCurve

CURVE_BYTES = 20 * 10**6
FORMAT = 1


class RatioCurves:
    """Measures curves, and keeps them on the disk."""

    def __init__(
        self, database: Database, settings: Settings, datasets: Datasets, models: ModelCache
    ) -> None:
        self._database, self._datasets, self._models = database, datasets, models
        self._kept = Kept(settings.home / "cache" / "curves", CURVE_BYTES)

    def of_sample(self, request: CurveRequest) -> SampleCurve:
        """The curve over validation rows. Raises NotFoundError, InvalidInputError."""
        pinned = self._models.pin(request.run, request.checkpoint)
        name = dataset_of(self._database, request.run, request.dataset)
        digest = self._datasets.row(name).digest
        asked = [FORMAT, pinned.run_id, pinned.step, pinned.stamp, digest, request.kind, request.seed]
        key = sha256(json.dumps([asked, request.count, LADDER]).encode()).hexdigest()
        made = self._kept.get(key, (".json",), lambda: (self._measure(request, pinned, name),))
        return SampleCurve.model_validate_json(made[0])

    def _measure(self, request: CurveRequest, pinned: Pinned, name: str) -> bytes:
        from backend.ml.explore.ratio_curves import sample_curve

        checkpoint = self._models.get(pinned)
        rows, images = sampled_images(
            self._datasets, name, Split.VAL, request.count, checkpoint.config, checkpoint.bands
        )
        if not len(rows):
            raise InvalidInputError(
                "no_validation_rows",
                f"{name} has no validation rows to take a sample of; choose a dataset that has some",
                "dataset",
            )
        curve = self._models.finish(pinned, sample_curve(checkpoint, images, request.kind, request.seed))
        answer = SampleCurve(step=pinned.step, dataset=name, rows=rows.tolist(), curve=to_curve(curve))
        return answer.model_dump_json().encode()
