"""What every import promises: nothing half done, nothing done twice."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.data.importers import ImportStopped, import_dataset
from backend.files import EVERYWHERE
from shared.configs import ImportConfig

Write = Callable[..., Path]


def test_a_stopped_import_leaves_nothing(galaxy10_file: Write, store_folder: Path) -> None:
    config = ImportConfig(path=str(galaxy10_file()), name="d")
    with pytest.raises(ImportStopped):
        import_dataset(config, store_folder, "t", lambda *_: None, lambda: True, roots=EVERYWHERE)
    assert list(store_folder.iterdir()) == []


def test_an_error_in_the_caller_leaves_nothing(class_folders: Path, store_folder: Path) -> None:
    def interrupt(done: int, total: int, message: str) -> None:
        if "Making" in message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(
            ImportConfig(path=str(class_folders), name="d"),
            store_folder,
            "t",
            interrupt,
            lambda: False,
            roots=EVERYWHERE,
        )
    assert list(store_folder.iterdir()) == []


def test_an_import_killed_after_its_rename_is_found_finished(run_import: Write, galaxy10_file: Write) -> None:
    source = galaxy10_file()
    first = run_import(source)
    source.unlink()
    assert run_import(source) == first


def test_a_file_that_a_renamed_dataset_holds_is_left_alone(galaxy10_file: Write, store_folder: Path) -> None:
    config = ImportConfig(path=str(galaxy10_file()), name="d")
    first = import_dataset(config, store_folder, "one", lambda *_: None, lambda: False, roots=EVERYWHERE)
    before = first.read_bytes()
    second = import_dataset(config, store_folder, "two", lambda *_: None, lambda: False, roots=EVERYWHERE)
    assert (first.name, second.name) == ("d.h5", "d.two.h5")
    assert first.read_bytes() == before
    again = import_dataset(config, store_folder, "two", lambda *_: None, lambda: False, roots=EVERYWHERE)
    assert again == second
    assert len(list(store_folder.iterdir())) == 2


def test_progress_rises_to_the_total(class_folders: Path, store_folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    import_dataset(
        ImportConfig(path=str(class_folders), name="d"),
        store_folder,
        "t",
        lambda done, total, _: seen.append((done, total)),
        lambda: False,
        roots=EVERYWHERE,
    )
    assert seen[-1] == (24, 24)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


class StopAfter:
    """Says stop from the `n`th question on."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("asked", [0, 1, 2])
@pytest.mark.parametrize("kind", ["zip", "npz", "fits"])
def test_a_stop_at_any_moment_leaves_nothing_and_a_second_try_succeeds(
    tmp_path: Path, store_folder: Path, class_folders: Path, kind: str, asked: int
) -> None:
    path = tmp_path / f"source.{kind}"
    if kind == "zip":
        shutil.make_archive(str(path.with_suffix("")), "zip", class_folders)
    elif kind == "npz":
        np.savez(path, images=np.random.default_rng(0).normal(size=(30, 16, 16)))
    else:
        path.mkdir()
        for index in range(12):
            np.save(path / f"{index}.npy", np.random.default_rng(index).normal(size=(16, 16)))
    config = ImportConfig(path=str(path), name="d")
    with pytest.raises(ImportStopped):
        import_dataset(config, store_folder, "t", lambda *_: None, StopAfter(asked), roots=EVERYWHERE)
    assert list(store_folder.iterdir()) == []
    made = import_dataset(config, store_folder, "t", lambda *_: None, StopAfter(1000), roots=EVERYWHERE)
    assert made.name == "d.h5"


ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from backend.data.importers import import_dataset
from backend.errors import DataError
from shared.configs import ImportConfig

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    import_dataset(
        ImportConfig(path=sys.argv[1], name="d"), Path(sys.argv[2]), "t", lambda *_: None, lambda: False,
        (Path("/"),),
    )
except DataError as error:
    print(error.code, error.detail)
"""


@pytest.mark.parametrize("room", [20_000, 122_900])
def test_a_disk_that_fills_up_is_said_and_nothing_stays(
    galaxy10_file: Write, store_folder: Path, room: int
) -> None:
    # The limit on a file's size fails the same writes as a full disk: among the pixels, and after them.
    source = galaxy10_file()
    done = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(source), str(store_folder), str(room)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("disk_full The disk of "), done.stderr
    assert "free some space" in done.stdout
    assert list(store_folder.iterdir()) == []
