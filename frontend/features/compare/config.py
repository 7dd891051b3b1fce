"""The settings of compared runs as a table."""

import html
from collections.abc import Sequence

import streamlit as st

from frontend.features.compare.config_differences import FieldRow, Value, field_rows
from frontend.ui.blocks import section
from frontend.ui.run_groups import run_title
from frontend.ui.session import client
from frontend.ui.wording import plural
from shared.contract import endpoints
from shared.contract.runs import Run


def draw_config_differences(runs: Sequence[Run]) -> None:
    """Fields that differ, one column per run; identical ones are folded below."""
    rows = field_rows(runs, {preset.key: preset for preset in client().call(endpoints.LIST_PRESETS)})
    differ = [row for row in rows if row.differs]
    equal = [row for row in rows if not row.differs]
    section(
        "Settings", "those that differ; bold values differ from the preset, or from the default without one"
    )
    if differ:
        st.html(settings_table(runs, differ))
    else:
        st.caption(
            "Select a second run to compare settings."
            if len(runs) == 1
            else "These runs have the same settings."
        )
    with st.expander(f"{plural(len(equal), 'identical setting')}"):
        st.html(settings_table(runs[:1], equal, head="all runs"))


def settings_table(runs: Sequence[Run], rows: Sequence[FieldRow], head: str | None = None) -> str:
    """The table as HTML; `head` replaces the names of the runs."""
    names = "".join(f'<th scope="col">{html.escape(head or run_title(run))}</th>' for run in runs)
    body = "".join(
        f'<tr><th scope="row" title="{html.escape(row.text)}">{html.escape(row.label)}</th>'
        + "".join(_cell(value) for value in row.values[: len(runs)])
        + "</tr>"
        for row in rows
    )
    return (
        '<div class="gx-table gx-settings" tabindex="0"><table>'
        f'<thead><tr><th scope="col">Setting</th>{names}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(value: Value) -> str:
    words = html.escape(value.words)
    if value.as_given is not False:
        return f"<td>{words}</td>"
    return f'<td title="preset or default: {html.escape(value.usual)}"><b>{words}</b></td>'
