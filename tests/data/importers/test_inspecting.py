"""A look at a source: solvable faults are told, not raised; the preview shows what would be stored."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from backend.data.importers import inspect_source, preview_sprite
from backend.data.store import GalaxyStore
from backend.errors import DataError
from backend.files import EVERYWHERE
from tests.data.conftest import raises, receipt_of, write_image

Write = Callable[..., Path]


def test_several_faults_are_told_at_once_with_their_fields(tmp_path: Path) -> None:
    for index in range(12):
        write_image(tmp_path / "t" / f"{index}.png", (20 + index % 2, 20), seed=index)
    text = "file,class,ra,split\n" + "".join(f"{i}.png,a,{400 + i},fold{i % 3}\n" for i in range(12))
    (tmp_path / "t" / "labels.csv").write_text(text)
    preview = inspect_source({"path": str(tmp_path / "t"), "redshift_column": "zz"}, roots=EVERYWHERE)
    assert {(problem.code, problem.field) for problem in preview.problems} == {
        ("unknown_column", "redshift_column"),
        ("ra_out_of_range", "ra_column"),
        ("unknown_split", "split_column"),
        ("mixed_sizes", "img_size"),
    }
    assert (preview.n, preview.img_size, preview.class_counts) == (12, None, {"a": 12})
    assert preview.sizes == {"20 × 20": 6, "21 × 20": 6}
    assert len(preview.rows) == 5
    solved = inspect_source(
        {"path": str(tmp_path / "t"), "img_size": 16, "ra_column": "-", "split_column": "-"}, roots=EVERYWHERE
    )
    assert (solved.problems, solved.img_size) == ([], 16)
    ids = "The ids are the cells of column 'file' of labels.csv."
    one_class = "All labels are 'a': one class cannot be told from another."
    assert receipt_of(solved) == [ids, "Central squares are resized to 16 px.", one_class]
    assert solved.size_bytes == 12 * 16 * 16 * 3


def test_too_few_images_and_missing_files_are_problems(tmp_path: Path) -> None:
    write_image(tmp_path / "t" / "a.png")
    (tmp_path / "t" / "labels.csv").write_text("file,class\na.png,1\nb.png,2\n")
    preview = inspect_source({"path": str(tmp_path / "t")}, roots=EVERYWHERE)
    assert [problem.code for problem in preview.problems] == ["missing_files", "too_few_images"]
    assert "first 'b.png'" in preview.problems[0].detail


@pytest.mark.parametrize("path", ["/nowhere/at/all", "bad\0path", "~nobody-here/x"])
def test_a_path_that_is_none_is_raised(path: str) -> None:
    with pytest.raises(DataError) as caught:
        inspect_source({"path": path}, roots=EVERYWHERE)
    assert caught.value.field == "path"


def test_a_galaxy10_file_is_told_by_its_columns(galaxy10_file: Write) -> None:
    path = galaxy10_file(ra=np.zeros(40), dec=np.zeros(40))
    preview = inspect_source({"path": str(path)}, roots=EVERYWHERE)
    assert (preview.kind, preview.n, preview.unlabelled) == ("galaxy10", 40, 0)
    assert preview.class_counts["0"] == 4
    assert preview.split_counts == {}
    assert receipt_of(preview) == []


def test_a_file_without_labels_is_unlabelled(run_import: Write, galaxy10_file: Write) -> None:
    path = galaxy10_file(ans=None)
    assert inspect_source({"path": str(path)}, roots=EVERYWHERE).unlabelled == 40
    with GalaxyStore.open(run_import(path)) as store:
        assert store.class_names == []


def test_hdf5_of_floats_is_stretched_and_cropped(run_import: Write, galaxy10_file: Write) -> None:
    images = np.random.default_rng(0).normal(size=(40, 32, 32, 3)).astype("f4")
    path = galaxy10_file(images=images, pxscale=np.full(40, 0.3))
    preview = inspect_source({"path": str(path), "img_size": 16, "crop": True}, roots=EVERYWHERE)
    crop, stretched = receipt_of(preview)
    assert "16 × 16 px" in crop
    assert "float32" in stretched
    with GalaxyStore.open(
        run_import(path, img_size=16, crop=True, stretch="linear", low_percentile=0, high_percentile=100)
    ) as store:
        centre = images[:, 8:24, 8:24]
        low, high = centre.min(axis=(0, 1, 2)), centre.max(axis=(0, 1, 2))
        expected = np.round(255 * (centre.astype("f8") - low) / (high - low))
        assert np.abs(store.images(np.arange(40)) - expected).max() <= 1
        assert store.pxscale[0] == 0.3


def test_the_preview_shows_stored_pixels_of_evenly_spaced_galaxies(
    run_import: Write, galaxy10_file: Write
) -> None:
    path = galaxy10_file(n=31, side=48)
    sheet = np.asarray(Image.open(BytesIO(preview_sprite({"path": str(path)}, roots=EVERYWHERE))))
    assert sheet.shape == (192, 768, 3)
    with GalaxyStore.open(run_import(path)) as store:
        for place, row in ((0, 0), (7, 14), (8, 16), (15, 30)):
            y, x = place // 8 * 96, place % 8 * 96
            stored = store.images(np.array([row]))[0]
            assert (sheet[y : y + 96, x : x + 96] == stored.repeat(2, axis=0).repeat(2, axis=1)).all()


def test_the_preview_refuses_with_the_first_problem(tmp_path: Path) -> None:
    for index in range(12):
        write_image(tmp_path / "t" / f"{index}.png", (20 + index, 20))
    with raises(DataError, "mixed_sizes", "img_size"):
        preview_sprite({"path": str(tmp_path / "t")}, roots=EVERYWHERE)


def test_headers_of_two_thousand_images_are_read_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.data.importers.inspecting.LOOKED_AT", 10)
    for index in range(30):
        write_image(tmp_path / "t" / f"{index:02d}.png", seed=index)
    preview = inspect_source({"path": str(tmp_path / "t")}, roots=EVERYWHERE)
    assert (preview.n, preview.sizes) == (30, {"24 × 24": 10})
    assert len(receipt_of(preview)) == 1
    assert "10 evenly spaced images" in receipt_of(preview)[0]


def test_efigi_is_recognised_with_its_columns(real_galaxies: Path) -> None:
    preview = inspect_source({"path": str(real_galaxies / "efigi")}, roots=EVERYWHERE)
    assert (preview.n, preview.img_size, preview.problems) == (4458, 88, [])
    roles = {name: column for name, column in preview.roles.items() if column}
    assert roles == {"image_column": "file", "label_column": "efigi_coarse_type", "id_column": "pgc_name"}
    assert preview.class_counts["E"] == 289
    assert preview.rows[0]["Bulge_to_Total"] == "0.5"


def test_a_dataset_of_the_store_tells_its_split(run_import: Write, class_folders: Path) -> None:
    path = run_import(class_folders)
    preview = inspect_source({"path": str(path)}, roots=EVERYWHERE)
    with h5py.File(path) as file:
        counts = np.bincount(file["split"][:], minlength=3).tolist()
    assert list(preview.split_counts.values()) == counts


@pytest.mark.parametrize("name", ["images.npy", "images.npz", "labels.csv"])
def test_a_pipe_is_refused_rather_than_waited_on(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with raises(DataError, "not_a_file"):
        inspect_source({"path": str(tmp_path / name)}, roots=EVERYWHERE)
