"""Pages without a server: they report it and stay usable."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
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


class OddServer(BaseHTTPRequestHandler):
    """Responds to everything with JSON of no route."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"unheard": "of"}')

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def odd_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", 0), OddServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("GALAXYSCOPE_API_URL", f"http://127.0.0.1:{server.server_port}")
    st.cache_resource.clear()
    yield
    server.shutdown()
    server.server_close()
    st.cache_resource.clear()


def test_a_malformed_answer_is_a_sentence_and_no_traceback(odd_server: None) -> None:
    app = AppTest.from_file(str(SCRIPT), default_timeout=240).run()
    assert not app.exception
    assert "could not be read" in app.error[0].value
    assert app.button[-1].label == "Try again"


def test_a_page_without_a_server_says_how_to_start_one(lost_server: None) -> None:
    app = AppTest.from_file(str(SCRIPT), default_timeout=240).run()
    assert not app.exception
    assert "galaxyscope up" in app.warning[0].value
    assert app.button[-1].label == "Try again"
