"""Each component is several files in one module: what they declare must not collide."""

import importlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

import frontend.ui.components

FILES = sorted(path.stem for path in Path(frontend.ui.components.__path__[0]).glob("[a-z]*.py"))
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|var|class) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("name", FILES)
def test_no_name_is_declared_twice_in_the_module_of_a_component(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def note(component: str, *, js: str, **_: Any) -> None:
        made.append(js)

    module = importlib.import_module(f"frontend.ui.components.{name}")
    with monkeypatch.context() as patch:
        patch.setattr(st.components.v2, "component", note)
        importlib.reload(module)
    importlib.reload(module)
    assert made, f"{name} mounts no component"
    for js in made:
        names = DECLARED.findall(js)
        assert "renew" in names, "common.js stands in front"
        assert [word for word, count in Counter(names).items() if count > 1] == []
