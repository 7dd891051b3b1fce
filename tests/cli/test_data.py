"""The receipt of an import: the same lines in the words of the shell, in its JSON and in the log."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.shell import call

ROWS = [f"{i}.png,{'ab'[i % 2]},{i // 2:02d}:30:00,-01:00:00,{i}" for i in range(12)]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve pictures with a table, one picture that is not in it, and a file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in [*range(12), 99]:
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "labels.csv").write_text("\n".join(["file,class,ra,dec,order", *ROWS]))
    return folder


def test_words_json_log_and_show_tell_the_same(tmp_path: Path, pictures: Path) -> None:
    home = tmp_path / "home"
    made = call(home, "data", "import", str(pictures), "--name", "mine", "--json")
    receipt = json.loads(made.stdout)["receipt"]
    kinds = [(line["kind"], line["count"], line["first"], line["field"]) for line in receipt]
    assert kinds == [
        ("read", 12, None, None),
        ("skipped", 1, "order", None),
        ("assumed", None, None, "ra_unit"),
        ("assumed", None, None, "id_column"),
        ("skipped", 1, "99.png", None),
    ]
    shown = call(home, "data", "show", "mine").stdout
    assert [line["text"] for line in receipt if line["text"] not in " ".join(shown.split())] == []
    assert json.loads(call(home, "data", "show", "mine", "--json").stdout)["receipt"] == receipt
    [run] = json.loads(call(home, "runs", "list", "--all", "--json").stdout)
    log = (home / "runs" / run["id"] / "log.txt").read_text()
    assert [line["text"] for line in receipt if line["text"] not in log] == []
