"""Small pieces of page, written as escaped HTML."""

import html
import re
from collections.abc import Callable, Iterable

import streamlit as st

from frontend.client import ApiError, BackendLostError

Fact = tuple[str, str]


def page_title(title: str, question: str) -> None:
    """The page's name and the one question that it answers."""
    st.html(f'<div class="gx-page"><b>{html.escape(title)}</b><span>{html.escape(question)}</span></div>')


def section(title: str, note: str = "") -> None:
    """A thin rule with a heading below it."""
    st.html(f'<div class="gx-section"><b>{html.escape(title)}</b><span>{html.escape(note)}</span></div>')


def facts(rows: Iterable[Fact], *, changed: bool = False) -> None:
    """Names and values in two columns; `changed` sets them in bold."""
    items = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in rows)
    st.html(f'<dl class="gx-facts{" changed" if changed else ""}">{items}</dl>')


def empty_state(sentence: str, advice: str) -> None:
    """What is not there, and what to do; the page draws the one button below it."""
    st.html(
        f'<div class="gx-empty"><p>{html.escape(sentence)}</p>'
        f'<p class="gx-quiet">{html.escape(advice)}</p></div>'
    )


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>])", r"\\\1", text)


def wrong(sentence: str) -> None:
    """What is wrong with the field above."""
    st.html(f'<p class="gx-wrong" role="alert">{html.escape(sentence)}</p>')


def guarded(show: Callable[[], None], *, retry: bool = False) -> None:
    """Draws a page or a part of one, or in one sentence why there is none."""
    try:
        show()
    except BackendLostError as error:
        st.warning(str(error))
    except ApiError as error:
        st.error(plain(error.detail))
    else:
        return
    if retry:
        st.button("Try again")
