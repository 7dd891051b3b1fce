"""Broken, wrong or malicious zips: rejected by the entry, without leaving anything behind."""

import io
import json
import pickle
import random
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, select

from backend.db.engine import Database, open_database
from backend.db.models import EvaluationRow, MetricLineRow, MetricSetRow, RunEventRow, RunRow
from backend.errors import InvalidInputError, shortened
from backend.files import read_json
from backend.services.bundles import import_run, open_bundle
from backend.settings import Settings
from backend.web import create_app  # noqa: F401 the app's imports, once
from shared.base.states import RunState
from shared.contract.bundles import CheckpointChoice
from tests.api.bundles.bundles import Files, leave_run, unzipped, zipped
from tests.api.conftest import add_dataset
from tests.api.evaluation_rows import enter_evaluation
from tests.homes import new_home

Change = Callable[[Files], Files]
DAMAGED_ZIPS = 250
WEIGHTS = "checkpoints/step_00000007/model.safetensors"


@dataclass(frozen=True)
class Place:
    """A home to import into, and how to."""

    database: Database
    settings: Settings
    folder: Path

    def take(self, content: bytes) -> str:
        path = self.folder / "run.zip"
        path.write_bytes(content)
        return import_run(self.database, self.settings, path).run_id

    def refusal(self, content: bytes) -> str:
        """Why it is not taken in; and that nothing came of it."""
        with pytest.raises(InvalidInputError) as caught:
            self.take(content)
        assert self.is_empty()
        return caught.value.detail

    def is_empty(self) -> bool:
        with self.database.read() as session:
            tables = (RunRow, MetricSetRow, MetricLineRow, RunEventRow, EvaluationRow)
            rows = [session.scalars(select(row)).all() for row in tables]
        folders = [self.settings.runs_dir, self.settings.home / "importing"]
        return not any(rows) and not any(path for at in folders if at.is_dir() for path in at.iterdir())

    def forget(self, run_id: str) -> None:
        with self.database.write() as session:
            session.execute(delete(RunRow).where(RunRow.id == run_id))
        shutil.rmtree(self.settings.runs_dir / run_id)


@pytest.fixture(scope="module")
def zips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A bundle of a pretraining, and one of a probe."""
    settings = new_home(tmp_path_factory.mktemp("origin"))
    database = open_database(settings.database_path)
    add_dataset(database, settings, "sky")
    ended = (RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    runs = {
        "pretrain": leave_run(database, settings, *ended),
        "probe": enter_evaluation(database, settings, np.arange(6) % 3, np.eye(10)[[0, 1, 2, 3, 4, 5]]).run,
    }
    kept = CheckpointChoice.KEPT
    return {kind: b"".join(open_bundle(database, settings, run, kept).chunks) for kind, run in runs.items()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("there")
    settings = new_home(folder)
    database = open_database(settings.database_path)
    yield Place(database, settings, folder)
    database.close()


def with_entry(name: str, content: bytes = b"x", **facts: Any) -> Callable[[bytes], bytes]:
    """Add an entry to a zip, by whatever name."""

    def add(whole: bytes) -> bytes:
        out = io.BytesIO(whole)
        with zipfile.ZipFile(out, "a") as archive:
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = name
            for fact, value in facts.items():
                setattr(entry, fact, value)
            archive.writestr(entry, content)
        return out.getvalue()

    return add


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../../escape.json", "leaves the folder"),
        ("samples/../../escape.png", "leaves the folder"),
        ("checkpoints/step_00000007/..", "leaves the folder"),
        ("/etc/cron.d/evil", "outside the folder"),
        ("C:/evil.json", "outside the folder"),
        ("c:evil.json", "outside the folder"),
        ("\\\\server\\evil.json", "outside the folder"),
        ("samples\\step_00000001.png", "not a plain file name"),
        ("..\\evil.json", "leaves the folder"),
        ("samples/step_00000001.png\n", "not a plain file name"),
        ("checkpoints/step_00000007/optimizer.pt", "a pickle"),
        ("evaluations/x.pkl", "a pickle"),
        ("heartbeat", "not a file of a run"),
        ("origin.json", "not a file of a run"),
        ("samples/", "not a file of a run"),
        ("evaluations/.npz", "not a file of a run"),
        ("evaluations/../x.npz", "leaves the folder"),
    ],
)
def test_names_that_no_run_has_are_refused(zips: dict[str, bytes], home: Place, name: str, says: str) -> None:
    said = home.refusal(with_entry(name)(zips["pretrain"]))
    assert says in said and f"run.zip contains {shortened(name)}" in said
    assert not (home.folder / "escape.json").exists()


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (with_entry("log.txt"), "twice"),
        (
            with_entry(
                "samples/step_00000001.png", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16
            ),
            "a link",
        ),
        (
            with_entry("samples/step_00000001.png", external_attr=(stat.S_IFIFO | 0o777) << 16),
            "not a regular file",
        ),
        (with_entry("samples/step_00000001.png"), "not in its manifest"),
        (
            with_entry("samples/step_00000001.png", b"0" * 5_000_000, compress_type=zipfile.ZIP_DEFLATED),
            "200 times",
        ),
        (with_entry("checkpoints/best2"), "not a file of a run"),
        (with_entry("samples/step_00000001.png", compress_type=zipfile.ZIP_LZMA), "unknown method"),
    ],
)
def test_entries_that_are_no_plain_files_of_the_run_are_refused(
    zips: dict[str, bytes], home: Place, entry: Callable[[bytes], bytes], says: str
) -> None:
    with pytest.warns(UserWarning, match="Duplicate") if says == "twice" else _nothing():
        content = entry(zips["pretrain"])
    assert says in home.refusal(content)


class _nothing:  # noqa: N801 it stands for nullcontext, which mypy takes for another type
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def put(name: str, content: bytes) -> Change:
    return lambda files: files | {name: content}


def edit(name: str, change: Callable[[Any], Any]) -> Change:
    """A file of JSON after `change`."""
    return lambda files: files | {name: json.dumps(change(json.loads(files[name]))).encode()}


def without(name: str) -> Change:
    return lambda files: {key: content for key, content in files.items() if key != name}


def sets_of_keys(n: int, *, of: int) -> bytes:
    """A line for each of n sets of keys."""
    return b"".join(line(values={f"k{i}/{j}": 1.0 for j in range(of)}) for i in range(n))


def line(**values: Any) -> bytes:
    return json.dumps({"step": 1, "epoch": 0.0, "time": 0.0, "values": {}} | values).encode() + b"\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            put("metrics.jsonl", line(values={"a": float("nan")})),
            "line 1', not valid JSON (NaN",
        ),
        (
            put("metrics.jsonl", b'{"step": 1, "epoch": 0, "time": 0, "values": {"a": 1e999}}\n'),
            "1e999 is too large",
        ),
        (put("metrics.jsonl", line() + line(step=-1)), "line 2', where step = -1"),
        (put("metrics.jsonl", line(step=2**63)), "where step = 9223372036854775808"),
        (put("metrics.jsonl", line(values={"a": "1.0"})), "where values.a = '1.0'"),
        (put("metrics.jsonl", line(values={"a": 10**400})), "metrics.jsonl, line 1'"),
        (put("metrics.jsonl", b'{"event": "resumed"}\n'), "from_step"),
        (put("metrics.jsonl", line()[:-1]), "incomplete"),
        (
            put("metrics.jsonl", sets_of_keys(1001, of=1)),
            "line 1001', more than 1,000 sets",
        ),
        (put("metrics.jsonl", sets_of_keys(100, of=101)), "line 100', more than"),
        (put("metrics.jsonl", b"[" * 100_000 + b"\n"), "not valid JSON"),
        (put("metrics.jsonl", b"\xff\n"), "not valid JSON"),
        (put("spec.json", b"{"), "contains 'spec.json', not valid JSON"),
        (edit("spec.json", lambda spec: spec | {"run_id": "another-1"}), "of another run, another-1"),
        (edit("result.json", lambda _: {"attempt": 1, "outcome": "splendid"}), "outcome = 'splendid'"),
        (edit("samples/layout.json", lambda layout: layout | {"count": -1}), "count = -1"),
        (edit("checkpoints/best", lambda _: {"step": 5}), "missing checkpoint 5"),
        (put("samples/step_00000007.png", b"GIF89a"), "step_00000007.png', unreadable"),
        (put(WEIGHTS, b"\x80\x04."), "model.safetensors', unreadable"),
        (put(WEIGHTS, struct.pack("<Q", 10**12) + b"{}"), "model.safetensors', unreadable"),
        (without("checkpoints/step_00000007/meta.json"), "missing checkpoint 7"),
        (without(WEIGHTS), "without its model.safetensors"),
        (without("spec.json"), "lacks spec.json"),
        (
            edit("checkpoints/step_00000007/meta.json", lambda meta: meta | {"channels": 4}),
            "mean or std do not match",
        ),
        (edit("checkpoints/step_00000007/meta.json", lambda meta: meta | {"step": 8}), "do not match"),
        (
            edit(
                "checkpoints/step_00000007/meta.json",
                lambda m: m | {"config": m["config"] | {"embed_dim": 64}},
            ),
            "do not match meta.json",
        ),
        (without("manifest.json"), "has no manifest.json"),
    ],
)
def test_files_that_are_not_what_they_should_be_are_refused(
    zips: dict[str, bytes], home: Place, change: Change, says: str
) -> None:
    files = unzipped(zips["pretrain"])
    files.setdefault("result.json", json.dumps({"attempt": 1, "outcome": "succeeded"}).encode())
    changed = change(files)
    content = zipped(changed) if "manifest.json" in changed else _plain(changed)
    assert says in home.refusal(content)


def _plain(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def of_run(**values: Any) -> Callable[[Any], None]:
    return lambda manifest: manifest["run"].update(values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda manifest: manifest.update(format=2),
            "is of format 2, newer than 1",
        ),
        (lambda manifest: manifest.update(format="x"), "format = 'x'"),
        (lambda manifest: manifest.pop("files"), "files"),
        (of_run(id="../escape"), "run.id = '../escape'"),
        (of_run(kind="import"), "manifest.json"),
        (of_run(state="splendid"), "run.state = 'splendid'"),
        (of_run(config={"dataset": "sky", "embed_dim": 7}), "embed_dim"),
        (
            of_run(created_at="0001-01-01T00:00:00Z"),
            "run.created_at = '0001-01-01T00:00:00Z': input",
        ),
        (of_run(started_at="9999-12-31T23:59:59-12:00"), "run.started_at = '9999"),
        (of_run(ended_at="1969-12-31T23:59:59Z"), "run.ended_at = '1969"),
        (of_run(ended_at="2026-01-01T00:00:00"), "run.ended_at = '2026"),
        (lambda manifest: manifest["events"][1].update(at="2200-01-01T00:00:00Z"), "events.1.at = '2200"),
        (of_run(tags=["a,b"]), "run.tags.0 = 'a,b'"),
        (lambda manifest: manifest["files"][0].update(sha256="0" * 64), "differs from its manifest"),
        (lambda manifest: manifest["files"][0].update(bytes=1), "differs from its manifest"),
        (lambda manifest: manifest["files"].append(manifest["files"][0]), "lists twice"),
        (
            lambda manifest: manifest["files"].append(manifest["files"][0] | {"path": "../../escape.json"}),
            "lacks '../../escape.json'",
        ),
    ],
)
def test_manifests_that_do_not_hold_are_refused(
    zips: dict[str, bytes], home: Place, change: Callable[[Any], None], says: str
) -> None:
    assert says in home.refusal(zipped(unzipped(zips["pretrain"]), change=change))


def arrays(**changes: Any) -> Callable[[bytes], bytes]:
    """Predictions with other arrays in them."""

    def change(stored: bytes) -> bytes:
        with np.load(io.BytesIO(stored)) as held:
            values = dict(held) | changes
        out = io.BytesIO()
        np.savez_compressed(out, allow_pickle=True, **values)
        return out.getvalue()

    return change


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (Path("/tmp/galaxyscope-trap-was-sprung"),)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (arrays(true=np.array([Trap()], object)), "unreadable (Object arrays cannot be loaded"),
        (arrays(true=np.full(12, 99)), "does not match its evaluation"),
        (arrays(true=np.zeros(3, int)), "does not match its evaluation"),
        (arrays(probabilities=np.full((12, 10), np.nan)), "does not match its evaluation"),
        (arrays(more=np.zeros(1)), "other arrays than predictions"),
        (lambda _: pickle.dumps(Trap()), "unreadable"),
    ],
)
def test_predictions_with_objects_or_of_another_evaluation_are_refused(
    zips: dict[str, bytes], home: Place, change: Callable[[bytes], bytes], says: str
) -> None:
    files = unzipped(zips["probe"])
    [name] = [name for name in files if name.endswith(".npz")]
    assert says in home.refusal(zipped(files | {name: change(files[name])}))
    assert not Path("/tmp/galaxyscope-trap-was-sprung").exists()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"id": "../../escape"}, "of another run"),
        ({"run": "another-1"}, "of another run"),
        ({"created_at": "9999-12-31T23:59:59Z"}, "created_at = '9999"),
        ({"accuracy": "high"}, "accuracy = 'high'"),
    ],
)
def test_evaluations_of_another_run_are_refused(
    zips: dict[str, bytes], home: Place, values: dict[str, Any], says: str
) -> None:
    files = edit("evaluations.json", lambda found: [found[0] | values])(unzipped(zips["probe"]))
    assert says in home.refusal(zipped(files))


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """A zip with a few bytes changed, cut, doubled or moved."""
    content = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at, length = chance.randrange(len(content)), chance.randrange(1, 40)
        match chance.randrange(6):
            case 0 | 1:
                content[at] ^= 1 << chance.randrange(8)
            case 2:
                del content[at : at + length]
            case 3:
                content[at:at] = content[at : at + length]
            case 4:
                content = content[: max(at, 1)]
            case 5:  # in the directory at the end, where names, sizes and places stand
                end = max(len(content) - 1 - chance.randrange(min(1500, len(content))), 0)
                content[end] = chance.randrange(256)
    return bytes(content)


def test_damaged_zips_are_refused_in_a_sentence_or_taken_in_right(
    zips: dict[str, bytes], home: Place
) -> None:
    chance, taken, refusals = random.Random(0), 0, 0
    for turn in range(DAMAGED_ZIPS):
        whole = zips["probe" if turn % 4 == 0 else "pretrain"]
        content = damaged(whole, chance)
        try:
            run_id = home.take(content)
        except InvalidInputError as error:
            refusals += 1
            assert error.detail.startswith("run.zip ")
            assert home.is_empty()
            continue
        taken += 1
        assert _same_files(home.settings.runs_dir / run_id, unzipped(whole))
        home.forget(run_id)
    assert refusals > DAMAGED_ZIPS / 2 and taken > 0, (refusals, taken)


def _same_files(folder: Path, files: Files) -> bool:
    """Whether a run holds these files and no others, but for what an import writes itself."""
    own = {"origin.json", "spec.json"}
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    expected = files.keys() - {"manifest.json"}
    assert read_json(here["origin.json"]) is not None
    return here.keys() - own == expected - own and all(
        here[name].read_bytes() == files[name] for name in expected - own
    )
