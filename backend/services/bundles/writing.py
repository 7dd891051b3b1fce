"""Writing a run as a streamed zip, without a copy in memory or on disk."""

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from io import RawIOBase
from typing import Any

from backend.db.engine import Database
from backend.db.models import RunRow
from backend.errors import UnavailableError
from backend.jobs import registry
from backend.services.bundles.layout import MANIFEST
from backend.services.bundles.snapshot import Part, require_bundled, take_snapshot
from backend.services.runs.answers import progress_of
from backend.services.runs.lifecycle import list_events
from backend.settings import Settings
from shared.contract.bundles import FORMAT, BundledEvent, BundledRun, BundleFile, CheckpointChoice, Manifest

BLOCK_BYTES = 1 << 20
LIBRARIES = ("torch", "timm", "numpy", "safetensors")
PACKED = (".json", ".jsonl", ".txt")
"""Files to deflate; weights and images do not compress."""
REGULAR_FILE = 0o100644 << 16


@dataclass(frozen=True)
class Bundle:
    """A zip and its content in `chunks`."""

    name: str
    chunks: Iterator[bytes]


def open_bundle(database: Database, settings: Settings, run_id: str, choice: CheckpointChoice) -> Bundle:
    """The zip of a run as it is now. Raises NotFoundError, InvalidInputError before anything is written."""
    row = require_bundled(database, run_id)
    described, events = _describe(database, row), list_events(database, run_id)
    snapshot = take_snapshot(database, settings, row, choice)

    def manifest(files: list[BundleFile]) -> bytes:
        made = Manifest(
            format=FORMAT,
            galaxyscope=version("galaxyscope"),
            libraries={name: version(name) for name in LIBRARIES},
            run=described,
            events=[BundledEvent.model_validate(event.model_dump()) for event in events],
            files=files,
        )
        return made.model_dump_json(indent=1).encode()

    writer = _Writer(row.created_at)
    return Bundle(f"{run_id}.galaxyscope.zip", writer.chunks(snapshot.parts, snapshot.held, manifest))


def _describe(database: Database, row: RunRow) -> BundledRun:
    config = row.config
    with database.read() as session:
        references = registry.baselines_of(session, row.eval_dataset_digest)
    of_own = row.eval_dataset_digest == row.dataset_digest
    return BundledRun.from_attributes(
        row,
        eval_dataset=None if of_own else config.get("eval_dataset"),
        eval_dataset_digest=None if of_own else row.eval_dataset_digest,
        encoder=config.get("encoder"),
        progress=progress_of(row),
        references=references,
    )


class _Sink(RawIOBase):
    """Buffers the output of the zip until it is taken; it cannot seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _Writer:
    """Dates entries by the run, so that two exports of an ended run are identical."""

    def __init__(self, dated: datetime) -> None:
        self._date = max(dated.timetuple()[:6], (1980, 1, 1, 0, 0, 0))

    def chunks(self, parts: list[Part], held: ExitStack, manifest: Any) -> Iterator[bytes]:
        """The bytes of the zip. The manifest comes last, when the digests are known."""
        sink, files = _Sink(), []
        with held, zipfile.ZipFile(sink, "w") as archive:
            for part in parts:
                digest = sha256()
                with archive.open(self._entry(part), "w") as target:
                    for block in _blocks(part):
                        digest.update(block)
                        target.write(block)
                        yield sink.taken()
                files.append(BundleFile(path=part.name, bytes=part.size, sha256=digest.hexdigest()))
            made = manifest(files)
            archive.writestr(self._entry(Part(MANIFEST, len(made), made)), made)
        yield sink.taken()

    def _entry(self, part: Part) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(part.name, self._date)
        entry.external_attr = REGULAR_FILE
        entry.file_size = part.size  # tells the zip whether it needs 64 bits
        if part.name.endswith(PACKED):
            entry.compress_type = zipfile.ZIP_DEFLATED
        return entry


def _blocks(part: Part) -> Iterator[bytes]:
    """Exactly `part.size` bytes."""
    left = part.size
    with part.open() as file:
        while left > 0:
            block = file.read(min(left, BLOCK_BYTES))
            if not block:
                raise UnavailableError(
                    "run_changed", f"{part.name} was truncated during the export; export the run again"
                )
            left -= len(block)
            yield block
