"""The command reference matches the command line."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer

from backend.cli.app import app

ROOT = Path(__file__).parents[2]
GENERATOR = ROOT / "docs" / "reference" / "generate.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_reference", GENERATOR)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(generator: ModuleType) -> None:
    kept = generator.FILE.read_text(encoding="utf-8")
    if kept != generator.reference():
        pytest.fail(
            f"{generator.FILE.relative_to(ROOT)} differs from the command line: run {generator.COMMAND}"
        )


def test_it_is_reproducible_and_has_no_local_path(generator: ModuleType) -> None:
    page = generator.reference()
    assert page == generator.reference()
    assert str(Path.home()) not in page
    assert str(ROOT) not in page


def test_every_command_is_in_it_once(generator: ModuleType) -> None:
    headings = re.findall(r"^### (.+)$", generator.reference(), re.MULTILINE)
    names = [" ".join(words) for words in _visible(typer.main.get_command(app), ("galaxyscope",))]
    assert sorted(headings) == sorted(names)


def test_an_alias_of_a_command_has_no_entry_of_its_own(
    generator: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(name: str) -> None:
        """Look at something."""

    small = typer.Typer()
    small.command("look")(look)
    small.command("peek", hidden=True)(look)

    @small.command(hidden=True)
    def gone() -> None:
        """Do as before."""

    monkeypatch.setattr(generator, "app", small)
    page = generator.reference()
    assert "Also as `galaxyscope peek`." in page
    assert "### galaxyscope peek" not in page
    assert "### galaxyscope gone\n\nDo as before.\n\nAn old name" in page


def _visible(command: object, words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The words of every command that is shown."""
    commands = getattr(command, "commands", None)
    if commands is None:
        return [words]
    shown = ((name, one) for name, one in commands.items() if not one.hidden)
    return [found for name, one in shown for found in _visible(one, (*words, name))]
