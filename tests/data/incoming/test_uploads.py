"""Files from the browser: whole or not at all, within limits, and swept away in the end."""

import os
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from backend.data.incoming import uploads as uploads_module
from backend.data.incoming.uploads import Uploads, forget_upload
from backend.errors import InvalidInputError, NotFoundError
from tests.data.conftest import raises


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads")


def test_one_file_is_what_an_import_reads_and_of_several_their_folder(uploads: Uploads) -> None:
    begun = uploads.new()
    assert begun.files == []
    one = uploads.write(begun.id, "galaxies.zip", [b"PK", b"12"], 4)
    assert Path(one.path).read_bytes() == b"PK12"
    assert (one.files, one.size_bytes) == (["galaxies.zip"], 4)
    two = uploads.write(begun.id, "m51.fits", [b"123"], None)
    assert Path(two.path).is_dir()
    assert sorted(path.name for path in Path(two.path).iterdir()) == two.files == ["galaxies.zip", "m51.fits"]
    assert two.size_bytes == 7


def test_a_fits_table_is_the_table_of_the_images_sent_with_it(uploads: Uploads) -> None:
    table, image = BytesIO(), BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table({"file": ["a.fits"]}))]).writeto(table)
    fits.PrimaryHDU(np.zeros((8, 8))).writeto(image)
    begun = uploads.new().id
    for name, content in (("a.fits", image), ("b.fits", image), ("cat.fits", table)):
        found = uploads.write(begun, name, [content.getvalue()], None)
    assert (Path(found.labels or "").name, Path(found.path).is_dir()) == ("cat.fits", True)


def test_a_file_sent_again_takes_the_place_of_the_first(uploads: Uploads) -> None:
    begun = uploads.new()
    uploads.write(begun.id, "a.png", [b"old and long"], None)
    again = uploads.write(begun.id, "a.png", [b"new"], 3)
    assert (again.size_bytes, Path(again.path).read_bytes()) == (3, b"new")


def test_only_an_upload_that_was_begun_can_be_written(uploads: Uploads, tmp_path: Path) -> None:
    uploads.new()
    (tmp_path / "uploads" / "mine").mkdir()
    for other in ("0" * 16, "mine", "..", "../x", ""):
        with pytest.raises(NotFoundError):
            uploads.write(other, "a.png", [b"x"], 1)


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "/etc/a.png",
        "x/a.png",
        "..\\a.png",
        ".a.png",
        "",
        " ",
        "a\0.png",
        "a\n.png",
        "a" * 200 + ".png",
    ],
)
def test_a_name_with_folders_or_tricks_is_refused(uploads: Uploads, name: str, tmp_path: Path) -> None:
    begun = uploads.new()
    with raises(InvalidInputError, "bad_filename"):
        uploads.write(begun.id, name, [b"x"], 1)
    assert [path.name for path in (tmp_path / "uploads").rglob("*")] == [begun.id]


def test_an_unreadable_kind_is_refused_before_its_bytes_are_read(uploads: Uploads) -> None:
    def never() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    for name in ("model.pt", "page.html", "data.gz", "galaxies"):
        with raises(InvalidInputError, "not_importable", name):
            uploads.write(uploads.new().id, name, never(), None)


def test_more_than_the_limit_is_refused_as_announced_and_as_it_comes(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = uploads.new()
    with raises(InvalidInputError, "upload_too_large", "2 GB"):
        uploads.write(begun.id, "a.zip", [], 2 * 10**9 + 1)
    monkeypatch.setattr(uploads_module, "MAX_BYTES", 10)
    uploads.write(begun.id, "a.zip", [b"123456"], 6)
    with raises(InvalidInputError, "upload_too_large", "b.zip"):
        uploads.write(begun.id, "b.zip", [b"12", b"345"], None)
    kept = uploads.write(begun.id, "c.zip", [b"1234"], 4)
    assert kept.files == ["a.zip", "c.zip"]
    assert kept.size_bytes == 10


def test_a_broken_upload_leaves_nothing(uploads: Uploads, tmp_path: Path) -> None:
    begun = uploads.new()
    with raises(InvalidInputError, "upload_broken", "3 of 5 bytes"):
        uploads.write(begun.id, "a.zip", [b"123"], 5)

    def cut() -> Iterator[bytes]:
        yield b"123"
        raise InvalidInputError("upload_broken", "the line was cut")

    with raises(InvalidInputError, "upload_broken", "the line was cut"):
        uploads.write(begun.id, "a.zip", cut(), 5)
    assert list((tmp_path / "uploads" / begun.id).iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(uploads: Uploads, tmp_path: Path) -> None:
    def full() -> Iterator[bytes]:
        yield b"123"
        raise OSError(28, "No space left on device")

    begun = uploads.new()
    with raises(InvalidInputError, "disk_full", "a.zip"):
        uploads.write(begun.id, "a.zip", full(), None)
    assert list((tmp_path / "uploads" / begun.id).iterdir()) == []


def test_old_uploads_are_swept_and_nothing_else(uploads: Uploads, tmp_path: Path) -> None:
    old, new = uploads.new(), uploads.new()
    uploads.write(old.id, "a.png", [b"x"], 1)
    (tmp_path / "uploads" / "keep-me").mkdir()
    past = time.time() - 1000
    for name in (old.id, "keep-me"):
        os.utime(tmp_path / "uploads" / name, (past, past))
    uploads.sweep(500)
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {new.id, "keep-me"}
    Uploads(tmp_path / "nowhere").sweep(1)


def test_an_upload_is_forgotten_by_any_of_its_paths_and_nothing_else_is(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads")
    kept, imported = uploads.new(), uploads.new()
    for upload in (kept, imported):
        uploads.write(upload.id, "a.png", [b"x"], None)
    sent = uploads.write(imported.id, "b.zip", [b"y"], None)
    outside = tmp_path / "mine" / kept.id
    outside.mkdir(parents=True)
    for path in (str(outside), str(tmp_path / "uploads"), str(tmp_path / "uploads" / ".." / "mine")):
        forget_upload(tmp_path / "uploads", path)
    assert outside.is_dir()
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {kept.id, imported.id}
    forget_upload(tmp_path / "uploads", sent.path)
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {kept.id}
