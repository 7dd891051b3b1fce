"""Runs with something to take along, made without a training, and a second home to take them to."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.testclient import TestClient

from backend.db.engine import Database, open_database
from backend.db.models import RunRow
from backend.files import write_json
from backend.jobs.ingest import ingest
from backend.jobs.queue import change_state
from backend.jobs.run_dir import RunDir
from backend.settings import Settings
from backend.web import create_app
from frontend.api.client import Client
from shared.base.states import RunState
from shared.contract import endpoints
from shared.contract.bundles import ImportedRun, ImportRequest
from tests.api.encoders import leave_encoder
from tests.homes import new_home

S = RunState
LINES: list[dict[str, Any]] = [
    {"event": "resumed", "attempt": 1, "from_step": -1},
    {"step": 0, "epoch": 0.0, "time": 1000.25, "values": {"val/loss": 1.5, "val/knn_accuracy": 0.25}},
    {"step": 3, "epoch": 0.5, "time": 1001.5, "values": {"train/loss": 0.1 + 0.2}},
    {"step": 5, "epoch": 0.9, "time": 1002.0, "values": {}, "nonfinite": {"train/loss": "nan"}},
    {"event": "resumed", "attempt": 2, "from_step": 3},
    {"step": 7, "epoch": 1.0, "time": 1003.0, "values": {"train/loss": 1e-300, "val/loss": 0.75}},
]
Files = dict[str, bytes]


def leave_run(database: Database, settings: Settings, *states: RunState) -> str:
    """A pretraining with curves, a log, samples of two evaluations and checkpoints 0 and 7, led through
    `states`."""
    run_id = leave_encoder(database, settings)
    run_dir = RunDir(settings.runs_dir / run_id)
    run_dir.metrics.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    run_dir.log.write_text("step 7: val/loss 0.75\n")
    write_json(run_dir.checkpoints / "best", {"step": 7})
    write_json(run_dir.checkpoints / "last", {"step": 7})
    (run_dir.checkpoints / "step_00000007" / "optimizer.pt").write_bytes(b"a pickle")
    run_dir.samples.mkdir()
    layout = {"rows": ["original"], "count": 1, "tile_px": 4, "mask_ratio": 0.75, "galaxies": [3]}
    write_json(run_dir.samples / "layout.json", layout)
    for step in (0, 7):
        (run_dir.samples / f"step_{step:08d}.png").write_bytes(picture(step))
    with database.write() as session:
        row = session.get_one(RunRow, run_id)
        row.name, row.tags, row.note = "deep field", ["night"], "as in the talk"
        row.progress = {"step": 7, "total_steps": 8, "images_per_s": 900.0}
        ingest(session, row, run_dir)
        for origin, to in zip((S.QUEUED, *states), states, strict=False):
            assert change_state(session, run_id, expected=[origin], to=to)
    return run_id


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


@contextmanager
def other_home(folder: Path) -> Iterator[tuple[Client, Database, Settings]]:
    """The app of another person."""
    settings = new_home(folder)
    with TestClient(create_app(settings, ui=False), base_url="http://127.0.0.1:8501") as http:
        yield Client("", http=http), open_database(settings.database_path), settings


def send(client: Client, content: bytes, name: str = "run.zip") -> ImportedRun:
    """Import a zip as the page does."""
    upload = client.call(endpoints.START_UPLOAD)
    url = endpoints.UPLOAD_FILE.url(upload_id=upload.id, filename=name)
    client._http.put(url, content=content).raise_for_status()
    return client.call(endpoints.IMPORT_RUN, body=ImportRequest(upload=upload.id))


def unzipped(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Files, *, settle: bool = True, change: Callable[[Any], None] | None = None) -> bytes:
    """A bundle of these files; with `settle` its manifest names them as they are, after `change` to it."""
    manifest = json.loads(files["manifest.json"])
    if settle:
        manifest["files"] = [
            {"path": name, "bytes": len(content), "sha256": sha256(content).hexdigest()}
            for name, content in files.items()
            if name != "manifest.json"
        ]
    if change is not None:
        change(manifest)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (files | {"manifest.json": json.dumps(manifest).encode()}).items():
            archive.writestr(name, content)
    return out.getvalue()
