"""The browser session: the client, the selected run, navigation between pages."""

from typing import NoReturn

import streamlit as st

from frontend.api.client import ApiError, BackendLostError, Client
from shared.contract import endpoints

QueryValue = str | list[str]


@st.cache_resource(max_entries=1)
def client() -> Client:
    """The client, shared by all sessions."""
    return Client.from_environment()


def selected_run() -> str | None:
    """The run kept across pages: that of the URL, else of the session."""
    from_url = st.query_params.get("run")
    if from_url:
        st.session_state["selected_run"] = from_url
    chosen = st.session_state.get("selected_run")
    return str(chosen) if chosen else None


def existing_run() -> str | None:
    """The selected run, unless the server does not know it; requested once per run."""
    run_id = selected_run()
    if run_id is not None and run_id != st.session_state.get("existing_run"):
        try:
            client().call(endpoints.GET_RUN, run_id=run_id)
        except ApiError:
            return None
        except BackendLostError:
            return run_id
        st.session_state["existing_run"] = run_id
    return run_id


def go(page: str, **query: QueryValue) -> NoReturn:
    """Switch to another page, keeping the selected run and restoring that page's filters."""
    left: dict[str, dict[str, QueryValue]] = st.session_state.setdefault("left_pages", {})
    left[st.session_state["current_page"]] = {key: st.query_params.get_all(key) for key in st.query_params}
    params = {**query} if query or page == "launch" else {**left.get(page, {})}
    run_id = query.get("run") or selected_run()
    if run_id and page != "launch":
        params["run"] = run_id
    st.switch_page(st.session_state["pages"][page], query_params=params)
