"""Small page elements, written as escaped HTML."""

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import streamlit as st

from frontend.api.client import ApiError, BackendLostError

Fact = tuple[str, str]


def page_title(title: str, question: str) -> None:
    """The name of the page and the question it answers."""
    st.html(f'<div class="gx-page"><h1>{html.escape(title)}</h1><span>{html.escape(question)}</span></div>')


def headline(number: str, words: str, note: str = "") -> None:
    """A large number with what it counts, and an optional note of the user below."""
    below = f"<p>{html.escape(note)}</p>" if note else ""
    counted = f"<b>{html.escape(number)}</b> <span>{html.escape(words)}</span>"
    st.html(f'<div class="gx-headline">{counted}{below}</div>')


def table(rows: Sequence[Mapping[str, str]], caption: str) -> None:
    """A table with column names; one wider than the page scrolls on its own."""
    names = list(rows[0]) if rows else []
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(row.get(name, ''))}</td>" for name in names) + "</tr>"
        for row in rows
    )
    st.html(
        f'<div class="gx-table" tabindex="0"><table><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def bullets(sentences: Iterable[str], *, bad: bool = False) -> None:
    """A list of sentences; screen readers announce `bad` ones at once."""
    kind = "gx-wrong-list" if bad else "gx-notes"
    role = ' role="alert"' if bad else ""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    st.html(f'<ul class="{kind}"{role}>{items}</ul>')


def section(title: str, note: str = "") -> None:
    """A thin rule with a heading below."""
    st.html(f'<div class="gx-section"><h2>{html.escape(title)}</h2><span>{html.escape(note)}</span></div>')


def facts(rows: Iterable[Fact], *, changed: bool = False) -> None:
    """Names and values in two columns; bold if `changed`."""
    items = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in rows)
    st.html(f'<dl class="gx-facts{" changed" if changed else ""}">{items}</dl>')


def file_link(words: str, href: str, title: str) -> None:
    """A download link."""
    words, href, title = html.escape(words), html.escape(href), html.escape(title)
    st.html(f'<a class="gx-file" href="{href}" download title="{title}">{words}</a>', width="content")


def empty_state(sentence: str, advice: str = "") -> None:
    """What is missing and what to do; the page draws the button below."""
    below = f'<p class="gx-quiet">{html.escape(advice)}</p>' if advice else ""
    st.html(f'<div class="gx-empty"><p>{html.escape(sentence)}</p>{below}</div>')


def plain(text: str) -> str:
    """Text escaped for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~$:<>])", r"\\\1", text)


def wrong(sentence: str) -> None:
    """The error of the field above."""
    st.html(f'<p class="gx-wrong" role="alert">{html.escape(sentence)}</p>')


def hint(sentence: str) -> None:
    """A warning about a valid but unlikely value of the field above."""
    st.html(f'<p class="gx-hint">{html.escape(sentence)}</p>')


def sourced_facts(rows: Iterable[tuple[str, str, str]]) -> None:
    """Names, values, and the source of each value in a third column."""
    items = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd><dd>{html.escape(source)}</dd>"
        for name, value, source in rows
    )
    st.html(f'<dl class="gx-facts gx-sourced">{items}</dl>')


def guarded(show: Callable[[], None], *, retry: bool = False) -> None:
    """Draw a page or a part of one, or the error that prevented it."""
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
