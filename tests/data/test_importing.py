"""What every import promises: nothing half done, nothing done twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.data.importers import ImportStopped, import_dataset
from backend.errors import DataError
from shared.configs import ImportConfig

Write = Callable[..., Path]


def test_a_stopped_import_leaves_nothing(galaxy10_file: Write, store_folder: Path) -> None:
    config = ImportConfig(path=str(galaxy10_file()), name="d")
    with pytest.raises(ImportStopped):
        import_dataset(config, store_folder, "t", lambda *_: None, lambda: True)
    assert list(store_folder.iterdir()) == []


def test_an_error_in_the_caller_leaves_nothing(class_folders: Path, store_folder: Path) -> None:
    def interrupt(done: int, total: int, message: str) -> None:
        if "Making" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(
            ImportConfig(path=str(class_folders), name="d"), store_folder, "t", interrupt, lambda: False
        )
    assert list(store_folder.iterdir()) == []


def test_an_import_killed_after_its_rename_is_found_finished(run_import: Write, galaxy10_file: Write) -> None:
    source = galaxy10_file()
    first = run_import(source)
    source.unlink()
    assert run_import(source) == first


def test_another_import_under_the_same_name_is_refused(galaxy10_file: Write, store_folder: Path) -> None:
    config = ImportConfig(path=str(galaxy10_file()), name="d")
    import_dataset(config, store_folder, "one", lambda *_: None, lambda: False)
    with pytest.raises(DataError, match="'d' exists already"):
        import_dataset(config, store_folder, "two", lambda *_: None, lambda: False)


def test_progress_rises_to_the_total(class_folders: Path, store_folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    import_dataset(
        ImportConfig(path=str(class_folders), name="d"),
        store_folder,
        "t",
        lambda done, total, _: seen.append((done, total)),
        lambda: False,
    )
    assert seen[-1] == (24, 24)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
