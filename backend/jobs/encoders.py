"""Finding the encoder of a job: the files of one checkpoint, without torch."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from backend.errors import NotFoundError
from backend.files import read_json, sha256_of
from backend.jobs.run_dir import EncoderSource, EncoderSpec, RunDir

FOLDER = re.compile(r"step_(\d{8,})")
WEIGHTS, META = "model.safetensors", "meta.json"


@dataclass(frozen=True)
class FoundEncoder:
    """A checkpoint as a spec names it, and its meta.json."""

    spec: EncoderSpec
    meta: dict[str, Any]

    @property
    def channels(self) -> int:
        return int(self.meta["channels"])

    @property
    def depth(self) -> int:
        return int(self.meta["config"]["depth"])


def saved_steps(run_dir: RunDir) -> list[int]:
    """Steps of a run's checkpoints, ascending."""
    found = (FOLDER.fullmatch(path.parent.name) for path in run_dir.checkpoints.glob(f"step_*/{META}"))
    return sorted(int(name[1]) for name in found if name)


def find_encoder(home: Path, run_id: str, checkpoint: str) -> FoundEncoder:
    """The checkpoint best (else last), last or a step. Raises NotFoundError, which lists the steps."""
    run_dir = RunDir(home / "runs" / run_id)
    steps = saved_steps(run_dir)
    step = _step(run_dir, checkpoint, steps)
    folder = run_dir.checkpoints / f"step_{step:08d}"
    try:
        digest = digest_of(folder / WEIGHTS)
    except FileNotFoundError:  # replaced since it was listed
        raise no_checkpoint(run_id, checkpoint, [other for other in steps if other != step]) from None
    spec = EncoderSpec(
        run=run_id, step=step, folder=folder.relative_to(home).as_posix(), weights_digest=digest
    )
    return FoundEncoder(spec, read_json(folder / META) or {})


def digest_of(path: Path) -> str:
    """SHA-256 of a file, read once per version. Raises FileNotFoundError."""
    status = path.stat()
    return _read_digest(path, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _read_digest(path: Path, *_stamp: int) -> str:
    return sha256_of(path)


def settled(home: Path, source: EncoderSource | None, checkpoint: str) -> EncoderSpec:
    """The checkpoint of a source; `checkpoint` of its run if the source fixes none. Raises NotFoundError."""
    if source is None:
        raise NotFoundError("no_encoder", "no encoder given; relaunch the job with one", "encoder")
    if isinstance(source, EncoderSpec):
        return source
    spec = find_encoder(home, source.run, checkpoint).spec
    return spec.model_copy(update=source.model_dump())


def _step(run_dir: RunDir, checkpoint: str, steps: list[int]) -> int:
    named = {"last": max(steps, default=None)}
    if checkpoint == "best":
        best = run_dir.best_checkpoint()
        named["best"] = best if best in steps else named["last"]
    step = named[checkpoint] if checkpoint in named else int(checkpoint)
    if step is None or step not in steps:
        raise no_checkpoint(run_dir.path.name, checkpoint, steps)
    return step


def no_checkpoint(run_id: str, checkpoint: str, steps: list[int]) -> NotFoundError:
    """The error that lists the steps of a run."""
    known = f"there are: {', '.join(map(str, steps))}" if steps else "wait until the first is written"
    return NotFoundError(
        "checkpoint_not_found", f"{run_id} has no checkpoint {checkpoint}; {known}", "checkpoint"
    )
