"""Pages without a server: they say so and stay usable."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import frontend

SCRIPT = Path(frontend.__file__).parent / "app.py"


@pytest.fixture
def lost_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("GALAXYSCOPE_API_URL", f"http://127.0.0.1:{held.getsockname()[1]}")
        st.cache_resource.clear()
        yield
    st.cache_resource.clear()


def test_a_page_without_a_server_says_how_to_start_one(lost_server: None) -> None:
    app = AppTest.from_file(str(SCRIPT), default_timeout=30).run()
    assert not app.exception
    assert "galaxyscope up" in app.warning[0].value
    assert app.button[-1].label == "Try again"
