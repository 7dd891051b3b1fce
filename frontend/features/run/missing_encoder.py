"""The results of a run whose encoder belongs to a missing run, shown on its own page."""

import streamlit as st

from frontend.api.client import ApiError
from frontend.ui.blocks import plain, table
from frontend.ui.evaluation_rows import name_evaluation
from frontend.ui.session import client
from frontend.ui.wording import count, percent
from shared.contract import endpoints
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Run


def draw_missing_encoder(run: Run) -> None:
    """Draw the results; nothing if the encoder exists or the run has none."""
    encoder = run.config.get("encoder")
    if encoder is None or _exists(str(encoder)):
        return
    st.caption(
        plain(
            f"The encoder comes from {encoder}, which is missing. The results below remain valid. "
            "Import that run to see the confusion matrix and galaxies on the Evaluate page."
        )
    )
    found = client().call(endpoints.LIST_EVALUATIONS, run=run.id)
    if found:
        table(
            [result_row(one) for one in found], f"On {count(found[0].n)} test galaxies of {found[0].dataset}"
        )


def result_row(one: Evaluation) -> dict[str, str]:
    """One evaluation as a row, with the 95 % interval of its accuracy."""
    low, high = one.accuracy_ci95.low, one.accuracy_ci95.high
    return {
        "Head": name_evaluation(one),
        "Accuracy": f"{percent(one.accuracy)} ({percent(low)} – {percent(high)})",
        "Balanced": percent(one.balanced_accuracy),
        "Macro-F1": percent(one.macro_f1),
    }


def _exists(run_id: str) -> bool:
    try:
        client().call(endpoints.GET_RUN, run_id=run_id)
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return True
