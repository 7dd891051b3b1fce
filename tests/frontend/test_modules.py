"""The modules of the browser half: what is imported, in which order, and under which address."""

import re
from pathlib import Path

import pytest

from frontend.ui import modules

FRONTEND = modules.FRONTEND
MOUNTED = sorted(
    path.with_suffix(".js")
    for path in FRONTEND.rglob("*.py")
    if "= load_component(__file__" in path.read_text(encoding="utf-8")
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """c imports b and a, b imports a and c: a circle, and two ways to a."""
    monkeypatch.setattr(modules, "FRONTEND", tmp_path)
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit/a.js").write_text('export const A = "from \\"./nowhere.js\\""\n')
    (tmp_path / "kit/a.css").write_text("a {}\n")
    (tmp_path / "b.js").write_text('import {\n  A,\n} from "./kit/a.js"\nimport { c } from "./c.js"\n')
    (tmp_path / "c.js").write_text('import { A } from "./kit/a.js"\nimport * as b from "./b.js"\n')
    (tmp_path / "c.css").write_text("c {}\n")
    return tmp_path


def test_a_module_follows_what_it_imports_and_a_circle_ends(tree: Path) -> None:
    assert modules.closure(tree / "c.js") == [tree / "kit/a.js", tree / "b.js", tree / "c.js"]
    assert modules.styles(tree / "c.js") == "a {}\nc {}\n"


def test_an_import_of_nothing_names_the_file(tree: Path) -> None:
    (tree / "b.js").write_text('import { D } from "./kit/d.js"\n')
    with pytest.raises(FileNotFoundError, match=r"d\.js"):
        modules.closure(tree / "c.js")


def test_the_address_changes_with_any_module_and_with_nothing_else(tree: Path) -> None:
    modules.version.cache_clear()
    first = modules.version()
    (tree / "c.css").write_text("c { margin: 0 }\n")
    modules.version.cache_clear()
    assert modules.version() == first
    (tree / "kit/a.js").write_text("export const A = 2\n")
    modules.version.cache_clear()
    assert modules.version() != first
    modules.version.cache_clear()


@pytest.mark.parametrize("module", MOUNTED, ids=lambda path: path.stem)
def test_a_component_asks_for_all_its_modules_at_once(module: Path) -> None:
    script = modules.mount_script(module)
    asked = re.findall(r'"(/assets/\w+/[\w/]+\.js)"', script)
    root = f"/assets/{modules.version()}/"
    assert asked[-1] == root + module.relative_to(FRONTEND).as_posix()
    assert {path.removeprefix(root) for path in asked} == {
        path.relative_to(FRONTEND).as_posix() for path in modules.closure(module)
    }


def test_every_module_belongs_to_a_component_and_every_style_to_a_module() -> None:
    used = {path for module in MOUNTED for path in modules.closure(module)}
    assert used | {FRONTEND / "shell/history.js"} == set(FRONTEND.rglob("*.js"))  # which is part of the page
    page = FRONTEND / "shell/page.css"
    assert {sheet.with_suffix(".js") for sheet in FRONTEND.rglob("*.css") if sheet != page} <= used
