"""What the browser and the script tell each other about the view of a page."""

from typing import Any

from streamlit.testing.v1 import AppTest


def script() -> None:
    """Mounts a component that only notes its data; `sent` of the session is what the browser sends."""
    from typing import Any

    import streamlit as st
    from pydantic import Field

    from frontend.ui.address import Address
    from frontend.ui.browser_view import BrowserView

    class SkyView(Address):
        run: str | None = None
        row: int = Field(0, ge=0)
        zoom: float = 1.0

    address = BrowserView(SkyView, ("row", "zoom"))
    if "sent" in st.session_state:
        address.take(*st.session_state.pop("sent"))

    def component(**mounted: Any) -> None:
        st.session_state["mounted"] = mounted["data"]

    address.mount(component, "sky", address.current(), {"n": 3})


def app(**query: str) -> AppTest:
    started = AppTest.from_function(script)
    for name, value in query.items():
        started.query_params[name] = value
    return started.run()


def send(running: AppTest, seq: int, **view: Any) -> AppTest:
    running.session_state["sent"] = (view, seq)
    return running.run()


def query(running: AppTest) -> dict[str, Any]:
    return {name: running.query_params[name] for name in running.query_params}


def test_a_view_that_the_browser_sent_comes_back_with_its_number() -> None:
    running = send(app(run="quiet-arc-1"), 4, row=7, zoom=2.5)
    assert running.session_state["mounted"] == {"n": 3, "view": {"row": 7, "zoom": 2.5}, "browser_seq": 4}
    assert query(running) == {"run": "quiet-arc-1", "row": "7", "zoom": "2.5"}


def test_a_view_from_elsewhere_has_no_number() -> None:
    running = app(row="7")
    assert running.session_state["mounted"]["browser_seq"] is None
    send(running, 1, row=8)
    running.query_params["row"] = "7"  # the Back button
    assert running.run().session_state["mounted"] == {
        "n": 3,
        "view": {"row": 7, "zoom": 1.0},
        "browser_seq": None,
    }


def test_forward_to_a_view_that_the_browser_once_sent_has_no_number() -> None:
    running = send(app(row="7"), 1, row=8)
    assert running.session_state["mounted"]["browser_seq"] == 1
    for row in ("7", "8"):  # Back, then Forward
        running.query_params["row"] = row
        running.run()
        assert running.session_state["mounted"]["browser_seq"] is None
    assert running.session_state["mounted"]["view"]["row"] == 8


def test_other_parameters_stay_and_defaults_are_not_written() -> None:
    running = send(app(row="7", theme="night"), 1, row=0, run="not the browser's")
    assert query(running) == {"theme": "night"}


def test_a_value_out_of_bounds_changes_nothing() -> None:
    running = send(app(row="7"), 1, row=-1)
    assert query(running) == {"row": "7"}
    assert running.session_state["mounted"]["browser_seq"] is None
