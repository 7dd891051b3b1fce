"""Taking in a run from elsewhere: checked in a folder of its own, then here all at once."""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend.db.engine import Database
from backend.files import sync_folder
from backend.services.bundles.archive import opened_archive
from backend.services.bundles.arrival import CheckedBundle
from backend.services.bundles.contents import Checker
from backend.services.bundles.entering import enter, find_twin
from backend.settings import Settings
from shared.contract.bundles import ImportedRun

ABANDONED_S = 24 * 3600.0
"""After which what an import that was killed left goes."""


def import_run(database: Database, settings: Settings, path: Path, file: str | None = None) -> ImportedRun:
    """The run of a bundle, `file` is what a person calls it. Raises InvalidInputError, naming the entry, and
    then nothing of it is here; a bundle that was taken in before leads to its run."""
    file = file or path.name
    with opened_archive(path, file) as archive:
        with database.read() as session:
            twin = find_twin(session, settings, archive.manifest_sha256)
        if twin is not None:
            return ImportedRun(run_id=twin, here_already=True)
        with _workplace(settings) as folder:
            archive.unpack(folder)
            contents = Checker(folder, file, archive.manifest).check()
            arrival = CheckedBundle(folder, file, archive.manifest, archive.manifest_sha256, contents)
            sync_folder(folder)
            return enter(database, settings, arrival)


@contextmanager
def _workplace(settings: Settings) -> Iterator[Path]:
    """An empty folder on the disk of the runs, which is gone afterwards."""
    place = settings.home / "importing"
    place.mkdir(exist_ok=True)
    for left in place.iterdir():
        _remove_abandoned(left)
    folder = place / secrets.token_hex(8)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(left: Path) -> None:
    """A folder, or the database of its curves, of an import that was killed; others may be at work beside
    us."""
    with suppress(FileNotFoundError):
        if time.time() - left.stat().st_mtime <= ABANDONED_S:
            return
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()
