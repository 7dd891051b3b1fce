"""Runs and encoders as files: the manifest of a run's bundle, its import, and an encoder for timm."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from shared.base.states import RunState
from shared.base.wire import Wire
from shared.configs.kinds import RunKind
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Progress, RunEvent, Tag

FORMAT = 1
WITHOUT_RESUME = (
    "After import it can be viewed, compared, probed, searched with, fine-tuned and cloned, but not resumed: "
    "the state of its optimizer is not exported."
)
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RunId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
]
"""A plausible time of a run; others overflow in clocks and pages."""


class CheckpointChoice(StrEnum):
    """Which checkpoints a bundle holds; `kept` is the best and the last."""

    KEPT = "kept"
    ALL = "all"
    NONE = "none"


class BundleFile(Wire):
    """One file of a bundle, by its path in it."""

    path: str
    bytes: int = Field(ge=0)
    sha256: Digest


class BundledRun(Wire):
    """The run as it was in the home that exported it."""

    id: RunId
    kind: RunKind
    config: dict[str, Any]
    state: RunState
    reason: str | None = Field(None, max_length=4000)
    suggestion: str | None = Field(None, max_length=4000)
    preset: str | None = None
    name: str | None = Field(None, max_length=80)
    tags: list[Tag] = Field(default=[], max_length=12)
    note: str = Field("", max_length=2000)
    dataset: str | None = Field(None, max_length=200)
    dataset_digest: str | None = Field(None, max_length=200)
    eval_dataset: str | None = Field(None, max_length=200)
    eval_dataset_digest: str | None = Field(None, max_length=200)
    encoder: str | None = Field(None, description="The run whose encoder it uses.")
    parent_id: str | None = None
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
    progress: Progress = Progress()
    references: dict[str, float] = Field(
        default={}, description="Baselines of its evaluation dataset: majority, raw pixels."
    )


class BundledEvent(RunEvent):
    """One event of the run."""

    at: Moment


class BundledEvaluation(Evaluation):
    """One evaluation of the run, in evaluations.json."""

    created_at: Moment


class Manifest(Wire):
    """manifest.json, the last entry of the zip."""

    format: Literal[1]
    galaxyscope: str = Field(max_length=40)
    libraries: dict[str, str] = {}
    run: BundledRun
    events: list[BundledEvent] = []
    files: list[BundleFile]


class Origin(Wire):
    """The origin of an imported run, stored in its folder."""

    run_id: RunId = Field(description="Its id there.")
    file: str
    galaxyscope: str
    manifest_sha256: Digest
    imported_at: datetime


class RunBundle(Wire):
    """GET /runs/{id}/bundle: uncompressed size in bytes and steps of the checkpoints for each choice, and the
    origin of an imported run."""

    bytes: dict[CheckpointChoice, int]
    steps: dict[CheckpointChoice, list[int]]
    origin: Origin | None


class ImportRequest(Wire):
    """POST /runs/import: the upload that holds the zip."""

    upload: str


class ImportedRun(Wire):
    """The imported run, and a note for each difference from its origin. `here_already` if the same zip was
    imported before."""

    run_id: str
    here_already: bool = False
    notes: list[str] = []


METADATA = "galaxyscope"
"""Key of the safetensors header with JSON metadata."""

_TIMM = '''\
import json

import torch
from safetensors import safe_open
from timm.models.vision_transformer import VisionTransformer

with safe_open("{file}", framework="pt") as file:
    facts = json.loads(file.metadata()["galaxyscope"])
    weights = {{name: file.get_tensor(name) for name in file.keys()}}

encoder = VisionTransformer(**facts["timm"]).eval()
encoder.load_state_dict(weights, strict=True)


@torch.inference_mode()
def features(images):
    """Images (N, C, H, W) from 0 to 1 of the encoder's size → class token, mean of patches: (N, D) each."""
    mean, std = (torch.tensor(facts[key]).view(1, -1, 1, 1) for key in ("mean", "std"))
    tokens = encoder.forward_features((images - mean) / std)
    return tokens[:, 0], tokens[:, 1:].mean(dim=1)
'''


def encoder_name(run_id: str) -> str:
    """The name of the file; its header has the step."""
    return f"{run_id}.encoder.safetensors"


def timm_example(file: str) -> str:
    """Python that loads an exported encoder into timm and gives its features."""
    return _TIMM.format(file=file)
