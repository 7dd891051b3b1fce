"""Links from the Compare page to differences of confusion matrices on the Evaluate page."""

import html
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from frontend.features.compare.evaluation_pairs import Pair, comparable_pairs
from frontend.ui.evaluation_rows import name_evaluation
from frontend.ui.run_groups import run_title
from frontend.ui.session import client
from frontend.ui.wording import percent
from shared.configs.kinds import Trait, has_trait
from shared.contract import endpoints
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Run

MOST_RUNS, MOST_PAIRS = 10, 20


def draw_confusion_links(runs: Sequence[Run]) -> None:
    """An expander that loads the evaluations of each run when opened."""
    expander = st.expander("Differences of confusion matrices", on_change="rerun")
    if not expander.open:
        return
    with expander:
        titles = {run.id: run_title(run) for run in runs}
        pairs = comparable_pairs({run.id: _evaluations_of(run) for run in runs[:MOST_RUNS]})
        if pairs:
            st.html("".join(_link(pair, titles) for pair in pairs[:MOST_PAIRS]))
        else:
            st.caption(
                "No two of these runs have been evaluated with the same head on the same galaxies yet."
            )
        if len(pairs) > MOST_PAIRS or len(runs) > MOST_RUNS:
            st.caption(
                f"At most {MOST_PAIRS} pairs of the newest {MOST_RUNS} runs are listed; choose fewer runs."
            )


def _evaluations_of(run: Run) -> list[Evaluation]:
    if has_trait(run.kind, Trait.CLASSIFIES):
        return client().call(endpoints.LIST_EVALUATIONS, run=run.id)
    return client().call(endpoints.LIST_EVALUATIONS, encoder=run.id)


def _link(pair: Pair, titles: Mapping[str, str]) -> str:
    query = urlencode({"evaluation": pair.a.id, "against": pair.b.id, "shown": "difference"})
    a, b = (html.escape(titles[run]) for run in pair.runs)
    figures = f"{percent(pair.a.accuracy)} and {percent(pair.b.accuracy)} on {pair.a.n:,} test galaxies"
    return (
        f'<p class="gx-pair"><a class="gx-file" href="/evaluate?{html.escape(query)}">{a} − {b}</a> '
        f"{html.escape(name_evaluation(pair.a))}: {figures}</p>"
    )
