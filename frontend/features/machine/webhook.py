"""The webhook for notices."""

import streamlit as st

from frontend.api.client import ApiError
from frontend.ui.blocks import plain, wrong
from frontend.ui.session import client
from frontend.ui.wording import clock, plural
from shared.contract import endpoints
from shared.contract.system import NoticeKind, Webhook, WebhookConfig

KIND_WORDS = {
    NoticeKind.DONE: "finished",
    NoticeKind.FAILED: "failed",
    NoticeKind.DIED: "crashed",
    NoticeKind.DIVERGED: "diverged (loss is NaN)",
    NoticeKind.STALLED: "stopped improving",
}
REFUSED, TESTED = "webhook_refused", "webhook_tested"


def draw_webhook() -> None:
    """The form of the webhook, with a test; rejected values stay in place."""
    webhook = client().call(endpoints.GET_WEBHOOK)
    st.markdown("**Notices**")
    st.caption(
        "The bell above shows when a run finishes, fails, crashes, diverges or stalls. Notices can also be "
        "posted to a webhook as JSON, in a format chat services display."
    )
    with st.form("webhook", border=False):
        st.text_input("Webhook URL", value=webhook.url, key="webhook_url", placeholder="https://… (none)")
        st.pills(
            "Send when a run has",
            list(NoticeKind),
            default=list(webhook.kinds),
            selection_mode="multi",
            format_func=lambda kind: KIND_WORDS[kind],
            key="webhook_kinds",
        )
        st.form_submit_button("Save", on_click=_save)
    if REFUSED in st.session_state:
        wrong(st.session_state[REFUSED])
    if webhook.url:
        _draw_last_try(webhook)


def _save() -> None:
    state = st.session_state
    state.pop(TESTED, None)
    try:
        config = WebhookConfig(url=state["webhook_url"], kinds=tuple(state["webhook_kinds"]))
        client().call(endpoints.SET_WEBHOOK, body=config)
        state.pop(REFUSED, None)
    except ApiError as error:
        state[REFUSED] = error.detail
    except ValueError:
        address = state["webhook_url"].strip()
        state[REFUSED] = f"{address} is not an http(s) URL; include https://."


def _draw_last_try(webhook: Webhook) -> None:
    if st.button("Send a test"):
        try:
            st.session_state[TESTED] = client().call(endpoints.TEST_WEBHOOK)
        except ApiError as error:
            st.session_state[REFUSED] = error.detail
    tested = st.session_state.get(TESTED)
    if tested is not None:
        st.success(plain(tested.words)) if tested.taken else st.error(plain(tested.words))
    if webhook.tried_at is not None:
        went = webhook.problem or "accepted"
        waiting = f"; {plural(webhook.waiting, 'notice')} waiting" if webhook.waiting else ""
        st.caption(plain(f"Last sent {clock(webhook.tried_at)}: {went}{waiting}."))
