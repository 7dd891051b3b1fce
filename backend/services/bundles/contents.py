"""What the files of a bundle must be, once unpacked: read as data alone, and no pickle among them."""

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from backend.data.frame_limits import MAX_BANDS, MAX_PIXELS, READ_ERRORS
from backend.errors import InvalidInputError
from backend.jobs.encoders import META, WEIGHTS
from backend.jobs.run_dir import Pointer, Result, Spec
from backend.services.bundles.layout import (
    EVALUATION_ID,
    EVALUATIONS,
    LAYOUT,
    MANIFEST,
    METRICS,
    RESULT,
    SPEC,
    checked,
    refused,
    refused_entry,
    strict_json,
)
from backend.services.bundles.metric_lines import check_metrics
from backend.stats.predictions import load_predictions
from shared.bundles import BUNDLED_KINDS, Manifest
from shared.configs import CONFIGS, Config, ModelConfig
from shared.evaluations import Evaluation

ARRAYS = {"row.npy", "split.npy", "true.npy", "predicted.npy", "probabilities.npy"}
MAX_ARRAY_BYTES = 2 * 10**9
POINTERS = ("checkpoints/best", "checkpoints/last")
ID = re.compile(EVALUATION_ID, re.ASCII)


class Meta(BaseModel):
    """meta.json of a checkpoint, as far as anything reads it."""

    model_config = ConfigDict(allow_inf_nan=False)

    config: dict[str, Any]
    channels: int = Field(ge=1, le=MAX_BANDS)
    mean: list[float]
    std: list[float]
    step: int = Field(ge=0)
    dataset_digest: str | None = None


class SampleLayout(BaseModel):
    """samples/layout.json."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    rows: list[str]
    count: int = Field(ge=0, le=10_000)
    tile_px: int = Field(ge=0, le=10_000)
    mask_ratio: float
    galaxies: list[int]


@dataclass(frozen=True)
class Contents:
    """What of a bundle enters the database."""

    config: Config
    spec: Spec
    evaluations: list[Evaluation]


class Checker:
    """Looks at the unpacked files of one bundle; each fault is an InvalidInputError that names the entry."""

    def __init__(self, folder: Path, file: str, manifest: Manifest) -> None:
        self._folder, self._file, self._manifest = folder, file, manifest
        self._names = {listed.path for listed in manifest.files}

    def check(self) -> Contents:
        run = self._manifest.run
        if run.kind not in BUNDLED_KINDS:
            raise self._refused(MANIFEST, f"of a job of kind {run.kind}, which leaves nothing to take in")
        spec = self._model(Spec, SPEC)
        if (spec.run_id, spec.kind) != (run.id, run.kind):
            raise self._refused(SPEC, f"which is of another run, {spec.run_id}")
        config = checked(CONFIGS[run.kind], run.config, self._file, "the config in manifest.json")
        for name in (name for name in (*POINTERS, RESULT, LAYOUT, METRICS) if name in self._names):
            self._check_named(name)
        for name in sorted(self._names):
            self._check_kind(name)
        return Contents(config, spec, self._check_evaluations())

    def _check_named(self, name: str) -> None:
        models: dict[str, type[BaseModel]] = {RESULT: Result, LAYOUT: SampleLayout}
        if name == METRICS:
            check_metrics(self._folder / name, self._file)
        else:
            found = self._model(models.get(name, Pointer), name)
            if isinstance(found, Pointer) and f"checkpoints/step_{found.step:08d}/{META}" not in self._names:
                raise self._refused(name, f"which names checkpoint {found.step}, which is not there")

    def _check_kind(self, name: str) -> None:
        checks: dict[str, Callable[[str], None]] = {
            ".png": self._check_picture,
            ".safetensors": self._check_weights,
        }
        check = checks.get(Path(name).suffix)
        if check is not None:
            check(name)
        if name.endswith(f"/{META}") and name.replace(META, WEIGHTS) not in self._names:
            raise self._refused(name, f"without its {WEIGHTS}")

    def _check_picture(self, name: str) -> None:
        with (
            self._reading(name, READ_ERRORS),
            Image.open(self._folder / name, formats=["PNG"]) as image,
        ):
            if image.width * image.height > MAX_PIXELS:
                raise self._refused(name, f"of {image.width} × {image.height} pixels, more than any sample")
            image.verify()

    def _check_weights(self, name: str) -> None:
        """The header; the numbers are read when the model is."""
        meta_name = f"{name.rpartition('/')[0]}/{META}"
        if meta_name not in self._names:
            raise self._refused(name, f"without its {META}")
        with (
            self._reading(name, (SafetensorError, *READ_ERRORS)),
            safe_open(self._folder / name, framework="np") as weights,
        ):
            shapes = {key: list(weights.get_slice(key).get_shape()) for key in weights.keys()}  # noqa: SIM118
        if name.endswith(WEIGHTS):
            self._check_model(meta_name, name, shapes)

    def _check_model(self, meta_name: str, name: str, shapes: dict[str, list[int]]) -> None:
        meta = self._model(Meta, meta_name)
        try:
            config = ModelConfig.of(meta.config)
        except ValidationError as error:
            raise self._refused(
                meta_name, f"of a model that cannot be built: {error.errors()[0]['msg']}"
            ) from None
        if f"/step_{meta.step:08d}/" not in name or not len(meta.mean) == len(meta.std) == meta.channels:
            raise self._refused(meta_name, "whose step, mean or std do not fit")
        side, width = config.patch_size, config.embed_dim
        if shapes.get("patch_embed.proj.weight") != [width, meta.channels, side, side]:
            raise self._refused(name, f"whose weights are not of the model that {META} describes")

    def _check_evaluations(self) -> list[Evaluation]:
        found: list[Evaluation] = []
        if EVALUATIONS in self._names:
            values = strict_json((self._folder / EVALUATIONS).read_bytes(), self._file, EVALUATIONS)
            if not isinstance(values, list):
                raise self._refused(EVALUATIONS, "which is no list")
            found = [checked(Evaluation, value, self._file, EVALUATIONS) for value in values]
        by_name = {f"evaluations/{one.id}.npz": one for one in found}
        run = self._manifest.run.id
        for name, one in by_name.items():
            if one.run != run or not one.id.startswith(f"{run}.") or not ID.fullmatch(one.id):
                raise self._refused(EVALUATIONS, f"with an evaluation {one.id[:80]} of another run")
            if name in self._names:
                self._check_predictions(name, one)
        if len(by_name) < len(found):
            raise self._refused(EVALUATIONS, "with an evaluation twice")
        for name in sorted(name for name in self._names if name.endswith(".npz") and name not in by_name):
            raise self._refused(name, f"which {EVALUATIONS} does not name")
        return found

    def _check_predictions(self, name: str, evaluation: Evaluation) -> None:
        path = self._folder / name
        with self._reading(name, READ_ERRORS):
            with zipfile.ZipFile(path) as arrays:
                self._check_arrays(name, arrays)
            found = load_predictions(path)  # refuses objects, which would be pickles
            classes, n = len(evaluation.class_names), len(found.row)
            fits = (
                found.probabilities.shape == (n, classes)
                and found.row.shape == found.split.shape == found.true.shape == found.predicted.shape == (n,)
                and np.isfinite(found.probabilities).all()
                and all(
                    ((values >= 0) & (values < classes)).all() for values in (found.true, found.predicted)
                )
                and (found.row >= 0).all()
                and np.isin(found.split, (0, 1, 2)).all()
            )
        if not fits:
            raise self._refused(name, "whose predictions are not those of its evaluation")

    def _check_arrays(self, name: str, arrays: zipfile.ZipFile) -> None:
        members = arrays.infolist()
        if {member.filename for member in members} != ARRAYS or len(members) != len(ARRAYS):
            raise self._refused(name, "which holds other arrays than predictions")
        if sum(member.file_size for member in members) > MAX_ARRAY_BYTES:
            raise self._refused(name, "whose arrays are larger than any predictions")

    def _model(self, model: type[BaseModel], name: str) -> Any:
        if name not in self._names:
            raise refused(self._file, "incomplete_bundle", f"has no {name}, which every run has")
        return checked(
            model, strict_json((self._folder / name).read_bytes(), self._file, name), self._file, name
        )

    @contextmanager
    def _reading(self, name: str, errors: tuple[type[Exception], ...]) -> Iterator[None]:
        try:
            yield
        except InvalidInputError:
            raise
        except errors as error:
            reason = (str(error) or type(error).__name__).splitlines()[0][:120]
            raise self._refused(name, f"which cannot be read ({reason})") from None

    def _refused(self, name: str, why: str) -> InvalidInputError:
        return refused_entry(self._file, name, why)
