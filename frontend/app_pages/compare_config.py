"""What sets runs apart, as a table of their settings."""

import html
from collections.abc import Sequence

import streamlit as st

from frontend.blocks import section
from frontend.config_differences import FieldRow, Value, field_rows
from frontend.run_groups import run_title
from frontend.session import client
from frontend.wording import plural
from shared.contract.runs import Run


def draw_config_differences(runs: Sequence[Run]) -> None:
    """The fields that differ, a column a run; those that are equal folded below."""
    rows = field_rows(runs, {preset.key: preset for preset in client().list_presets()})
    differ = [row for row in rows if row.differs]
    equal = [row for row in rows if not row.differs]
    section(
        "Settings", "what differs; bold where it is not what the preset, or without one the default, gives"
    )
    if differ:
        st.html(settings_table(runs, differ))
    else:
        st.caption(
            "One run has nothing to differ from." if len(runs) == 1 else "These runs have the same settings."
        )
    with st.expander(f"{plural(len(equal), 'setting')} the same for all"):
        st.html(settings_table(runs[:1], equal, head="all runs"))


def settings_table(runs: Sequence[Run], rows: Sequence[FieldRow], head: str | None = None) -> str:
    """The table as HTML; `head` stands for the runs' names."""
    names = "".join(f'<th scope="col">{html.escape(head or run_title(run))}</th>' for run in runs)
    body = "".join(
        f'<tr><th scope="row" title="{html.escape(row.text)}">{html.escape(row.label)}</th>'
        + "".join(_cell(value) for value in row.values[: len(runs)])
        + "</tr>"
        for row in rows
    )
    return (
        '<div class="gx-table gx-settings" tabindex="0"><table>'
        f'<thead><tr><th scope="col">setting</th>{names}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(value: Value) -> str:
    words = html.escape(value.words)
    if value.as_given is not False:
        return f"<td>{words}</td>"
    return f'<td title="given: {html.escape(value.usual)}"><b>{words}</b></td>'
