"""Notices: said once, of what happened, and brought to a webhook that may hang, refuse or come back."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from backend.db.engine import Database, open_database
from backend.db.models import RunRow
from backend.db.points import Line, write_lines
from backend.jobs import notices, webhook
from backend.jobs.queue import change_state
from backend.jobs.run_dir import Process, Result, RunDir
from backend.jobs.supervisor import Supervisor
from backend.jobs.verdict import Verdict
from backend.jobs.webhook import WebhookSender
from backend.jobs.worker import LocalLauncher
from backend.services.runs.notices import list_notices, read_webhook, set_webhook, try_webhook
from backend.settings import Settings
from shared.base.states import RunState
from shared.configs import SimulateConfig
from shared.configs.kinds import RunKind
from shared.contract.system import NoticeKind, WebhookConfig
from tests.homes import enqueue

K = NoticeKind
NOW = datetime.now(UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path).prepare()


@pytest.fixture
def database(settings: Settings) -> Database:
    return open_database(settings.database_path)


def add_run(
    settings: Settings, database: Database, kind: RunKind = RunKind.PRETRAIN, **columns: Any
) -> RunDir:
    """A run whose worker is gone."""
    config = SimulateConfig(name="sky", n=20)
    run_id = enqueue(database, settings.runs_dir, RunKind.SIMULATE, config)
    columns |= {"kind": kind.value, "attempt": 1}
    origin = RunState.QUEUED
    with database.write() as session:
        for state in (RunState.STARTING, RunState.RUNNING):
            change_state(session, run_id, expected=[origin], to=state, columns=columns)
            origin = state
    run_dir = RunDir(settings.runs_dir / run_id)
    gone = Process(pid=2**22 - 1, create_time=0.0, host="", started_at=NOW, attempt=1)
    (run_dir.path / "process.json").write_text(gone.model_dump_json())
    return run_dir


def leave(run_dir: RunDir, outcome: str, reason: str | None = None) -> None:
    result = Result.model_validate({"attempt": 1, "outcome": outcome, "reason": reason, "step": 9})
    (run_dir.path / "result.json").write_text(result.model_dump_json())


def tick(settings: Settings, database: Database) -> None:
    Supervisor(settings, database, LocalLauncher(), claims=lambda _run: False).tick()


def noted(database: Database) -> list[tuple[NoticeKind, str]]:
    return [(one.kind, one.words) for one in reversed(list_notices(database, 0, 50))]


def test_each_end_is_noted_once_except_requested_stops(settings: Settings, database: Database) -> None:
    done = add_run(settings, database, name="spiral", latest_metrics={"val/linear_accuracy": 0.5871})
    leave(done, "succeeded")
    failed = add_run(settings, database)
    diverged = add_run(settings, database, latest_metrics={"train/loss": None})
    leave(failed, "failed", "the disk is full")
    leave(diverged, "failed", "the loss became nan at step 9")
    died = add_run(settings, database)
    quiet = add_run(settings, database, RunKind.BASELINES)
    leave(quiet, "succeeded")
    stopped = add_run(settings, database)
    with database.write() as session:
        change_state(session, stopped.path.name, expected=[RunState.RUNNING], to=RunState.STOPPING)
    leave(stopped, "cancelled")
    tick(settings, database)
    tick(settings, database)
    found = dict(noted(database))
    named = {
        K.DONE: ("spiral", "58.7 %"),
        K.FAILED: (failed.path.name, "the disk is full"),
        K.DIVERGED: (diverged.path.name, "the loss became nan at step 9"),
        K.DIED: (died.path.name,),
    }
    assert len(noted(database)) == len(found) and set(found) == set(named)
    assert all(value in found[kind] for kind, values in named.items() for value in values)


def test_a_stalled_training_is_noted_once(settings: Settings, database: Database) -> None:
    run_dir, rising = add_run(settings, database), add_run(settings, database)
    with database.write() as session:
        for step in range(20):
            for run_id, value in ((run_dir.path.name, 0.5), (rising.path.name, 0.2 + 0.03 * step)):
                values = dict.fromkeys(("val/linear_accuracy", "val/knn_accuracy"), value)
                write_lines(session, run_id, [Line(step, float(step), 0.0, values)])
    for _ in range(2):
        with database.write() as session:
            notices.note_stalls(session)
    [(kind, words)] = noted(database)
    assert kind is K.STALLED
    assert run_dir.path.name in words


def test_the_last_thousand_are_kept(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MAX_NOTICES", 2)
    for _ in range(4):
        leave(add_run(settings, database), "succeeded")
    tick(settings, database)
    assert [one.id for one in list_notices(database, 0, 50)] == [4, 3]
    assert [one.id for one in list_notices(database, 3, 50)] == [4]


def test_the_id_of_a_notice_is_not_reused_after_its_run_is_deleted(
    settings: Settings, database: Database
) -> None:
    ends(settings, database, "failed")
    gone = ends(settings, database, "failed")
    with database.write() as session:
        session.delete(session.get_one(RunRow, gone))
    assert [one.id for one in list_notices(database, 0, 50)] == [1]
    ends(settings, database, "failed")
    assert [one.id for one in list_notices(database, 1, 50)] == [3]


class Receiver:
    """The receiving end of a webhook: keeps what it receives, and answers with `status`."""

    def __init__(self) -> None:
        self.status, self.delay_s = 200, 0.0
        self.got: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(json.loads(body))
                time.sleep(receiver.delay_s)
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def ends(settings: Settings, database: Database, outcome: str) -> str:
    """A run of which it is noted that it ended so; its id."""
    run_id = add_run(settings, database).path.name
    with database.write() as session:
        row = session.get_one(RunRow, run_id)
        notices.note_end(session, row, Verdict(RunState(outcome), "it did"))
    return run_id


def test_new_notices_of_the_selected_kinds_are_sent_once_in_one_message(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    ends(settings, database, "failed")
    set_webhook(database, WebhookConfig(url=receiver.url, kinds=(K.FAILED, K.DIED)))
    first, _, third = (ends(settings, database, outcome) for outcome in ("failed", "succeeded", "failed"))
    sender = WebhookSender(database, lambda: NOW)
    for _ in range(3):
        sender.tick()
        sender.wait()
    [message] = receiver.got
    assert message["text"] == f"{first} failed: it did\n{third} failed: it did"
    assert [one["run_id"] for one in message["notices"]] == [first, third]
    assert read_webhook(database).waiting == 0
    assert read_webhook(database).problem == ""


def test_failed_notices_are_retried_with_growing_delays_and_dropped_without_losing_the_next(
    settings: Settings, database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "MOST_TRIES", 3)
    set_webhook(database, WebhookConfig(url=receiver.url))
    ends(settings, database, "failed")
    receiver.status = 302
    later = [timedelta(0), timedelta(seconds=4), timedelta(seconds=6), timedelta(seconds=12)]
    tries = []
    for wait in later:
        sender = WebhookSender(database, lambda wait=wait: NOW + wait)  # type: ignore[misc]
        sender.tick()
        sender.wait()
        tries.append(len(receiver.got))
    assert tries == [1, 1, 2, 2], "after 5 s, then 10 s more"
    assert "302" in read_webhook(database).problem
    assert read_webhook(database).waiting == 1
    sender = WebhookSender(database, lambda: NOW + timedelta(seconds=60))
    sender.tick()
    sender.wait()
    assert "1 notices" in read_webhook(database).problem
    assert read_webhook(database).waiting == 0
    receiver.status = 204
    newest = ends(settings, database, "failed")
    sender.tick()
    sender.wait()
    assert [one["run_id"] for one in receiver.got[-1]["notices"]] == [newest]
    assert read_webhook(database).problem == ""


def test_a_webhook_that_hangs_does_not_delay_a_round(
    settings: Settings, database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.2)
    receiver.delay_s = 1.0
    set_webhook(database, WebhookConfig(url=receiver.url))
    ends(settings, database, "failed")
    sender = WebhookSender(database, lambda: NOW)
    sender.tick()
    sender.tick()  # returns while the first is under way
    sender.wait()
    assert len(receiver.got) == 1
    assert "0.2 s" in read_webhook(database).problem
    assert not try_webhook(database).taken
    set_webhook(database, WebhookConfig(url="http://127.0.0.1:9"))
    assert not try_webhook(database).taken
    with pytest.raises(ValueError, match="ftp://x"):
        WebhookConfig(url="ftp://x")
