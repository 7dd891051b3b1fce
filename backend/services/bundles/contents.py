"""Checks of the unpacked files of a bundle: JSON, images, weights, metrics, predictions; never a pickle."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from backend.data.frames.limits import MAX_BANDS, MAX_PIXELS, READ_ERRORS
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
    entry_read,
    rejected,
    rejected_entry,
    strict_json,
)
from backend.stats.predictions import Predictions, load_predictions
from shared.configs import Config, ModelConfig
from shared.configs.kinds import JOB_KINDS, Trait, has_trait
from shared.contract.bundles import BundledEvaluation, Manifest
from shared.contract.evaluations import Evaluation

POINTERS = ("checkpoints/best", "checkpoints/last")


class Meta(BaseModel):
    """meta.json of a checkpoint: the fields that are read."""

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
    """What enters the database."""

    config: Config
    spec: Spec
    evaluations: list[Evaluation]


class Checker:
    """Checks the unpacked files of one bundle; raises InvalidInputError that names the entry."""

    def __init__(self, folder: Path, file: str, manifest: Manifest) -> None:
        self._folder, self._file, self._manifest = folder, file, manifest
        self._names = {listed.path for listed in manifest.files}

    def check(self) -> Contents:
        run = self._manifest.run
        if not has_trait(run.kind, Trait.BUNDLED):
            raise self._rejected(MANIFEST, f"of a job of kind {run.kind}, which cannot be imported")
        spec = self._model(Spec, SPEC)
        if (spec.run_id, spec.kind) != (run.id, run.kind):
            raise self._rejected(SPEC, f"of another run, {spec.run_id}")
        config = checked(JOB_KINDS[run.kind].config, run.config, self._file, "the config in manifest.json")
        for name in (name for name in (*POINTERS, RESULT, LAYOUT, METRICS) if name in self._names):
            self._check_named(name)
        for name in sorted(self._names):
            self._check_kind(name)
        return Contents(config, spec, checked_evaluations(self._folder, self._file, self._manifest))

    def _check_named(self, name: str) -> None:
        models: dict[str, type[BaseModel]] = {RESULT: Result, LAYOUT: SampleLayout}
        if name == METRICS:
            check_metrics(self._folder / name, self._file)
        else:
            found = self._model(models.get(name, Pointer), name)
            if isinstance(found, Pointer) and f"checkpoints/step_{found.step:08d}/{META}" not in self._names:
                raise self._rejected(name, f"which names the missing checkpoint {found.step}")

    def _check_kind(self, name: str) -> None:
        if name.endswith(".png"):
            self._check_picture(name)
        elif name.endswith(".safetensors"):
            self._check_weights(name)
        elif name.endswith(f"/{META}") and name.replace(META, WEIGHTS) not in self._names:
            raise self._rejected(name, f"without its {WEIGHTS}")

    def _check_picture(self, name: str) -> None:
        with (
            entry_read(self._file, name, READ_ERRORS),
            Image.open(self._folder / name, formats=["PNG"]) as image,
        ):
            if image.width * image.height > MAX_PIXELS:
                raise self._rejected(
                    name, f"of {image.width} × {image.height} pixels, too large for a sample"
                )
            image.verify()

    def _check_weights(self, name: str) -> None:
        """Checks the header only."""
        meta_name = f"{name.rpartition('/')[0]}/{META}"
        if meta_name not in self._names:
            raise self._rejected(name, f"without its {META}")
        with (
            entry_read(self._file, name, (SafetensorError, *READ_ERRORS)),
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
            why = f"of a model that cannot be built: {error.errors()[0]['msg']}"
            raise self._rejected(meta_name, why) from None
        if f"/step_{meta.step:08d}/" not in name or not len(meta.mean) == len(meta.std) == meta.channels:
            raise self._rejected(meta_name, "whose step, mean or std do not match")
        side, width = config.patch_size, config.embed_dim
        if shapes.get("patch_embed.proj.weight") != [width, meta.channels, side, side]:
            raise self._rejected(name, f"whose weights do not match {META}")

    def _model(self, model: type[BaseModel], name: str) -> Any:
        if name not in self._names:
            raise rejected(self._file, "incomplete_bundle", f"lacks {name}")
        values = strict_json((self._folder / name).read_bytes(), self._file, name)
        return checked(model, values, self._file, name)

    def _rejected(self, name: str, why: str) -> InvalidInputError:
        return rejected_entry(self._file, name, why)


MAX_LINE_BYTES = 1 << 20
MAX_SETS, MAX_KEYS = 1000, 10_000
"""Sets of keys logged together, and keys in all sets; a trainer has a handful of each."""
MAX_STEP = 2**63 - 1
Key = Annotated[str, Field(min_length=1, max_length=200)]
Step = Annotated[int, Field(ge=0, le=MAX_STEP)]


class PointLine(BaseModel):
    """Metrics of one step; `nonfinite` names those that were NaN or infinite."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    step: Step
    epoch: float
    time: float
    values: dict[Key, float]
    nonfinite: dict[Key, str] = {}


class EventLine(BaseModel):
    """A note of the worker."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    event: str
    attempt: int | None = None


class ResumeLine(EventLine):
    """A resume, `from_step` −1 for a restart from scratch."""

    from_step: Annotated[int, Field(ge=-1, le=MAX_STEP)]


def check_metrics(path: Path, file: str) -> None:
    """Raise InvalidInputError for the first line that no trainer writes and ingest would misread."""
    sizes: dict[int, int] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES), b""), start=1):
            place = f"{METRICS}, line {number}"
            if not line.endswith(b"\n"):
                raise rejected_entry(file, place, "incomplete or too long")
            values = strict_json(line, file, place)
            found = checked(_model_of(values), values, file, place)
            if isinstance(found, PointLine) and _are_too_many(sizes, found):
                raise rejected_entry(
                    file, place, f"more than {MAX_SETS:,} sets of keys, or {MAX_KEYS:,} keys"
                )


def _are_too_many(sizes: dict[int, int], line: PointLine) -> bool:
    """Whether this line exceeds the limits; `sizes` of the sets so far."""
    keys = (*line.values, *line.nonfinite)
    if hash(keys) in sizes:
        return False
    sizes[hash(keys)] = len(keys)
    return len(sizes) > MAX_SETS or sum(sizes.values()) > MAX_KEYS


def _model_of(values: Any) -> type[BaseModel]:
    if not isinstance(values, dict) or "event" not in values:
        return PointLine
    return ResumeLine if values["event"] == "resumed" else EventLine


ARRAYS = {"row.npy", "split.npy", "true.npy", "predicted.npy", "probabilities.npy"}
MAX_ARRAY_BYTES = 2 * 10**9


def checked_evaluations(folder: Path, file: str, manifest: Manifest) -> list[Evaluation]:
    """The evaluations of a bundle, whose predictions match them. Raises InvalidInputError."""
    names = {listed.path for listed in manifest.files}
    found = _listed(folder, file) if EVALUATIONS in names else []
    by_name = {f"evaluations/{one.id}.npz": one for one in found}
    if len(by_name) < len(found):
        raise rejected_entry(file, EVALUATIONS, "which lists an evaluation twice")
    for one in found:
        if (
            one.run != manifest.run.id
            or not one.id.startswith(f"{one.run}.")
            or not re.fullmatch(EVALUATION_ID, one.id, re.ASCII)
        ):
            raise rejected_entry(
                file, EVALUATIONS, f"which lists {one.id[:80]}, an evaluation of another run"
            )
    for name in sorted(name for name in names if name.endswith(".npz")):
        if name not in by_name:
            raise rejected_entry(file, name, f"which is not in {EVALUATIONS}")
        _check_predictions(folder / name, file, name, len(by_name[name].class_names))
    return found


def _listed(folder: Path, file: str) -> list[Evaluation]:
    values = strict_json((folder / EVALUATIONS).read_bytes(), file, EVALUATIONS)
    if not isinstance(values, list):
        raise rejected_entry(file, EVALUATIONS, "not a list")
    return [checked(BundledEvaluation, value, file, EVALUATIONS) for value in values]


def _check_predictions(path: Path, file: str, name: str, classes: int) -> None:
    with entry_read(file, name, READ_ERRORS):
        with zipfile.ZipFile(path) as arrays:
            fault = _fault_of(arrays.infolist())
        if fault:
            raise rejected_entry(file, name, fault)
        fits = _fit(load_predictions(path), classes)  # which rejects pickled objects
    if not fits:
        raise rejected_entry(file, name, "which does not match its evaluation")


def _fault_of(members: list[zipfile.ZipInfo]) -> str:
    if {member.filename for member in members} != ARRAYS or len(members) != len(ARRAYS):
        return "which contains other arrays than predictions"
    total = sum(member.file_size for member in members)
    return "whose arrays are too large" if total > MAX_ARRAY_BYTES else ""


def _fit(found: Predictions, classes: int) -> bool:
    n = len(found.row)
    columns = (found.row, found.split, found.true, found.predicted)
    return bool(
        all(column.shape == (n,) for column in columns)
        and found.probabilities.shape == (n, classes)
        and np.isfinite(found.probabilities).all()
        and all(((values >= 0) & (values < classes)).all() for values in (found.true, found.predicted))
        and (found.row >= 0).all()
        and np.isin(found.split, (0, 1, 2)).all()
    )
