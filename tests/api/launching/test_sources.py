"""Folders, uploads and a look at a source, over HTTP: what may be read, and what is refused."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from backend.jobs.run_dir import RunDir
from backend.settings import Settings


def png(value: int, side: int = 24) -> bytes:
    pixels = np.random.default_rng(value).integers(0, 255, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def cutouts(tmp_path: Path) -> Path:
    """Twenty pictures in two class folders under the data root."""
    folder = tmp_path / "cutouts"
    for index in range(20):
        path = folder / ("spiral" if index % 2 else "smooth") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(index))
    return folder


def test_folders_are_listed_under_the_roots_and_nowhere_else(
    http: TestClient, cutouts: Path, tmp_path: Path
) -> None:
    top = http.get("/folders").json()
    assert (top["path"], top["parent"]) == (str(tmp_path), None)
    assert "cutouts" in [entry["name"] for entry in top["entries"] if entry["is_dir"]]
    inside = http.get("/folders", params={"path": str(cutouts)}).json()
    assert inside["parent"] == str(tmp_path)
    assert {entry["name"]: entry["hint"] for entry in inside["entries"]} == {
        "smooth": "10 images", "spiral": "10 images",
    }  # fmt: skip
    refused = http.get("/folders?path=/etc")
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_data_roots")


def test_a_source_is_looked_at_before_it_has_a_name(http: TestClient, cutouts: Path) -> None:
    found = http.post("/sources/inspect", json={"path": str(cutouts)}).json()
    assert (found["kind"], found["n"], found["img_size"]) == ("class_folders", 20, 24)
    assert found["class_counts"] == {"smooth": 10, "spiral": 10}
    assert (found["problems"], found["stretched"]) == ([], False)
    answer = http.get("/sources/preview.png", params={"config": json.dumps({"path": str(cutouts)})})
    assert Image.open(io.BytesIO(answer.content)).size == (8 * 96, 2 * 96)


def test_looking_outside_the_roots_is_refused(http: TestClient) -> None:
    for answer in (
        http.post("/sources/inspect", json={"path": "/etc"}),
        http.get("/sources/preview.png", params={"config": json.dumps({"path": "/etc"})}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "outside_data_roots")


def test_an_uploaded_zip_is_a_source(http: TestClient, settings: Settings) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for index in range(12):
            file.writestr(f"set/{'ab'[index % 2]}/{index}.png", png(index))
    upload = http.post("/uploads").json()
    sent = http.put(f"/uploads/{upload['id']}/mine.zip", content=archive.getvalue()).json()
    assert (sent["files"], sent["size_bytes"]) == (["mine.zip"], len(archive.getvalue()))
    found = http.post("/sources/inspect", json={"path": sent["path"]}).json()
    assert (found["kind"], found["n"], found["class_counts"]) == ("class_folders", 12, {"a": 6, "b": 6})
    queued = http.post("/runs", json={"kind": "import", "config": {"path": sent["path"], "name": "mine"}})
    assert queued.status_code == 201
    spec = RunDir(settings.runs_dir / queued.json()["id"]).spec()
    assert spec.roots == [str(root) for root in settings.readable_roots]  # the worker looks again


def test_several_uploaded_pictures_are_a_folder(http: TestClient) -> None:
    upload = http.post("/uploads").json()
    for index in range(12):
        sent = http.put(f"/uploads/{upload['id']}/{index}.png", content=png(index)).json()
    found = http.post("/sources/inspect", json={"path": sent["path"]}).json()
    assert (found["kind"], found["n"], found["unlabelled"]) == ("folder", 12, 12)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("notes.docx", b"x", "notes.docx"), ("..%2F..%2Fevil.png", b"x", "evil"), ("run.sh", b"x", "run.sh")],
)
def test_a_file_that_is_no_data_is_refused_and_not_kept(
    http: TestClient, settings: Settings, name: str, content: bytes, says: str
) -> None:
    upload = http.post("/uploads").json()
    answer = http.put(f"/uploads/{upload['id']}/{name}", content=content)
    assert answer.status_code in (404, 422)
    assert says in answer.json()["detail"]
    assert not [path for path in settings.home.rglob("*") if "evil" in path.name or path.name == name]


def test_an_upload_that_nobody_began_is_not_there(http: TestClient) -> None:
    answer = http.put("/uploads/no-such-upload/a.png", content=png(1))
    assert (answer.status_code, answer.json()["code"]) == (404, "upload_not_found")


def test_a_zip_and_its_table_are_a_source_and_its_labels(http: TestClient) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for index in range(12):
            file.writestr(f"{index}.png", png(index))
    table = "file,kind\n" + "".join(f"{index}.png,{'ab'[index % 2]}\n" for index in range(12))
    upload = http.post("/uploads").json()
    http.put(f"/uploads/{upload['id']}/mine.zip", content=archive.getvalue())
    sent = http.put(f"/uploads/{upload['id']}/mine.csv", content=table.encode()).json()
    assert sent["path"].endswith("mine.zip")
    asked = {"path": sent["path"], "labels": sent["labels"], "label_column": "kind"}
    found = http.post("/sources/inspect", json=asked).json()
    assert (found["kind"], found["problems"]) == ("folder_table", [])
    assert found["class_counts"] == {"a": 6, "b": 6}
