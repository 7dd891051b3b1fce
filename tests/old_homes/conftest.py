"""A home of version 0.1.0, unpacked once and opened by the version that is tested.

make_home.py made home-0.1.0.tar.xz and says what is in it. Its paths are those of the folder where it was
made; `unpack` writes the new ones.
"""

import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import call
from tests.e2e.conftest import Dashboard, free_port

PACKED = Path(__file__).with_name("home-0.1.0.tar.xz")
MADE_IN = "/tmp/galaxyscope-0.1.0"


@dataclass
class OldHome:
    """The unpacked folder, what make_home.py noted of it, the runs as the shell listed them before anything
    went on, and the dashboard that is running on it since."""

    folder: Path
    manifest: dict[str, Any]
    listed: list[dict[str, Any]]
    board: Dashboard
    probe: str = ""
    """An evaluation of an old checkpoint that was requested first of all, so that nobody waits for it."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def id(self, role: str) -> str:
        return str(self.manifest["runs"][role]["id"])

    def get(self, path: str, **query: Any) -> Any:
        answer = self.board.http.get(self.board.url + path, params=query, follow_redirects=True)
        return answer.raise_for_status().json()

    def content(self, path: str, **query: Any) -> bytes:
        answer = self.board.http.get(self.board.url + path, params=query, follow_redirects=True)
        return answer.raise_for_status().content

    def end_of(self, run_id: str) -> dict[str, Any]:
        """The run once it has ended."""
        return self.board.wait_for(run_id, "succeeded", "failed", "cancelled")

    def shell(self, *words: str) -> str:
        """What a command prints; it must succeed."""
        answer = call(self.home, *words)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def shell_json(self, *words: str) -> Any:
        return json.loads(self.shell(*words, "--json"))


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldHome]:
    """The home, opened by a command, then by the dashboard; its paused lane and paused run are resumed."""
    folder = unpack(tmp_path_factory.mktemp("old"))
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = call(folder / "home", "runs", "list", "--all", "--archived", "--json")
    assert listed.returncode == 0, listed.stderr
    board = Dashboard(folder / "home", free_port())
    try:
        board.start()
        home = OldHome(folder, manifest, json.loads(listed.stdout), board)
        probe = {"encoder": home.id("trained"), "checkpoint": "last", "heads": ["knn"], "references": False}
        home.probe = board.post("/runs", {"kind": "probe", "config": probe})["id"]
        board.post(f"/runs/{home.id('waiting')}/stop")  # it would be one training more to wait for
        board.post(f"/runs/{home.id('paused')}/resume")
        board.post("/queue/train/resume")
        yield home
    finally:
        board.close()


def unpack(folder: Path) -> Path:
    """The packed folder in `folder`, with its own paths, and deleted so recently that it can be had back."""
    with tarfile.open(PACKED) as archive:
        archive.extractall(folder, filter="data")
    for path in (folder / "home").rglob("spec.json"):
        path.write_text(path.read_text().replace(MADE_IN, str(folder)))
    with closing(sqlite3.connect(folder / "home" / "galaxyscope.db")) as database, database:
        for table, column in database.execute(
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
        ).fetchall():
            database.execute(
                f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?) '  # noqa: S608 names of its own
                f'WHERE typeof("{column}") = \'text\' AND instr("{column}", ?)',
                (MADE_IN, str(folder), MADE_IN),
            )
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        for table in ("runs", "evaluations"):
            database.execute(f"UPDATE {table} SET deleted_at = ? WHERE deleted_at IS NOT NULL", (now,))  # noqa: S608
    return folder
