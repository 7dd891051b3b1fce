"""Choosing a folder of the server: what is shown, what is hidden, and nothing outside the roots."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.data.incoming.folders import MAX_COUNTED, MAX_ENTRIES, list_folder
from backend.errors import ForbiddenError, InvalidInputError, NotFoundError
from tests.data.conftest import raises


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with two folders, files of every sort, and things that are not to be seen."""
    root = tmp_path / "root"
    (root / "Spirals").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / ".cache").mkdir()
    for name in ("a.jpg", "b.FITS", "c.fits.gz", "notes.txt"):
        (root / "Spirals" / name).write_bytes(b"x")
    for name in ("g.h5", "labels.csv", "cat.parquet", "all.zip", "z.npz", "0001.png", "m.fits", "x.npy"):
        (root / name).write_bytes(b"12345")
    for name in ("notes.txt", "model.pt", "data.gz", ".hidden.csv"):
        (root / name).write_bytes(b"x")
    return root


def names(path: str | None, root: Path) -> list[str]:
    return [entry.name for entry in list_folder(path, (root,)).entries]


def test_folders_come_first_then_whole_sources_then_images(root: Path) -> None:
    listing = list_folder(None, (root,))
    assert [entry.name for entry in listing.entries] == [
        *("empty", "Spirals"),
        *("all.zip", "cat.parquet", "g.h5", "labels.csv", "z.npz"),
        *("0001.png", "m.fits", "x.npy"),
    ]
    hints = {entry.name: entry.hint for entry in listing.entries}
    assert hints == {
        "empty": "",
        "Spirals": "3 images",
        "all.zip": "zip",
        "cat.parquet": "table",
        "g.h5": "HDF5",
        "labels.csv": "table",
        "z.npz": "arrays",
        "0001.png": "image",
        "m.fits": "FITS",
        "x.npy": "array",
    }
    assert {entry.size_bytes for entry in listing.entries if not entry.is_dir} == {5}
    assert not listing.truncated


def test_a_path_is_absolute_or_within_the_first_root(root: Path) -> None:
    inside = list_folder(str(root / "Spirals"), (root,))
    assert inside == list_folder("Spirals", (root,))
    assert inside.path == str(root / "Spirals")
    assert inside.parent == str(root)
    assert list_folder(None, (root,)).parent is None
    assert inside.roots == [str(root)]


def test_nothing_outside_the_roots_is_listed(root: Path) -> None:
    (root.parent / "secret").mkdir()
    for path in ("..", "../secret", str(root.parent), "/", "Spirals/../../secret"):
        with raises(ForbiddenError, "outside_data_roots", "GALAXYSCOPE_DATA_ROOTS"):
            list_folder(path, (root,))
    sibling = root.parent / "root2"
    sibling.mkdir()
    with pytest.raises(ForbiddenError):
        list_folder(str(sibling), (root,))
    assert list_folder(str(sibling), (root, sibling)).parent is None


def test_a_link_is_shown_only_where_it_leads_inside(root: Path) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside.h5").write_bytes(b"x")
    (root / "away").symlink_to(root.parent / "outside")
    (root / "away.h5").symlink_to(root.parent / "outside.h5")
    (root / "near").symlink_to(root / "Spirals")
    (root / "loop").symlink_to(root / "loop")
    shown = names(None, root)
    assert "near" in shown
    assert not {"away", "away.h5", "loop"} & set(shown)
    with pytest.raises(ForbiddenError):
        list_folder("away", (root,))


def test_what_cannot_be_listed_says_why(root: Path) -> None:
    with raises(NotFoundError, "no_such_folder", "nowhere"):
        list_folder("nowhere", (root,))
    with raises(InvalidInputError, "no_folder", "g.h5"):
        list_folder("g.h5", (root,))
    for path in ("a\0b", "~no-such-user/x"):
        with raises(InvalidInputError, "bad_path"):
            list_folder(path, (root,))


@pytest.fixture
def someone_else() -> Iterator[Path]:
    """A folder with a closed folder in it, while this process has no rights but those of anyone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        (folder / "closed").mkdir()
        (folder / "closed" / "a.png").write_bytes(b"x")
        (folder / "closed").chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        yield folder
        if root:
            os.seteuid(0)
        (folder / "closed").chmod(0o700)


def test_a_closed_folder_is_shown_and_says_why_it_does_not_open(someone_else: Path) -> None:
    (entry,) = list_folder(None, (someone_else,)).entries
    assert (entry.name, entry.hint) == ("closed", "")
    with raises(ForbiddenError, "unreadable", "closed"):
        list_folder("closed", (someone_else,))


def test_long_folders_are_cut_and_many_images_counted_only_so_far(root: Path) -> None:
    many = root / "many"
    many.mkdir()
    for index in range(MAX_COUNTED + 5):
        (many / f"{index:05d}.jpg").touch()
    (many / "labels.csv").touch()
    hint = next(entry.hint for entry in list_folder(None, (root,)).entries if entry.name == "many")
    assert hint == "1,000+ images"
    listing = list_folder("many", (root,))
    assert len(listing.entries) == MAX_ENTRIES
    assert listing.truncated
    assert listing.entries[0].name == "labels.csv"


def test_a_name_that_is_no_text_is_left_out(root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9.png")).touch()
    assert list_folder(None, (root,)).model_dump_json()
    assert not any("caf" in name for name in names(None, root))
