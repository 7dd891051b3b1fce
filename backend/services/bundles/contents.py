"""What the files of a bundle must be, once unpacked: read as data alone, and no pickle among them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from backend.data.frames.limits import MAX_BANDS, MAX_PIXELS, READ_ERRORS
from backend.errors import InvalidInputError
from backend.jobs.encoders import META, WEIGHTS
from backend.jobs.run_dir import Pointer, Result, Spec
from backend.services.bundles.layout import (
    LAYOUT,
    MANIFEST,
    METRICS,
    RESULT,
    SPEC,
    checked,
    entry_read,
    refused,
    refused_entry,
    strict_json,
)
from backend.services.bundles.metric_lines import check_metrics
from backend.services.bundles.predicted import checked_evaluations
from shared.configs import Config, ModelConfig
from shared.configs.kinds import JOB_KINDS, Trait, has_trait
from shared.contract.bundles import Manifest
from shared.contract.evaluations import Evaluation

POINTERS = ("checkpoints/best", "checkpoints/last")


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
        if not has_trait(run.kind, Trait.BUNDLED):
            raise self._refused(MANIFEST, f"of a job of kind {run.kind}, which leaves nothing to take in")
        spec = self._model(Spec, SPEC)
        if (spec.run_id, spec.kind) != (run.id, run.kind):
            raise self._refused(SPEC, f"which is of another run, {spec.run_id}")
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
            entry_read(self._file, name, READ_ERRORS),
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
            raise self._refused(
                meta_name, f"of a model that cannot be built: {error.errors()[0]['msg']}"
            ) from None
        if f"/step_{meta.step:08d}/" not in name or not len(meta.mean) == len(meta.std) == meta.channels:
            raise self._refused(meta_name, "whose step, mean or std do not fit")
        side, width = config.patch_size, config.embed_dim
        if shapes.get("patch_embed.proj.weight") != [width, meta.channels, side, side]:
            raise self._refused(name, f"whose weights are not of the model that {META} describes")

    def _model(self, model: type[BaseModel], name: str) -> Any:
        if name not in self._names:
            raise refused(self._file, "incomplete_bundle", f"has no {name}, which every run has")
        return checked(
            model, strict_json((self._folder / name).read_bytes(), self._file, name), self._file, name
        )

    def _refused(self, name: str, why: str) -> InvalidInputError:
        return refused_entry(self._file, name, why)
