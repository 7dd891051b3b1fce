"""A run that stands on the encoder of another which is not here: its results, said on its own page."""

import streamlit as st

from frontend.blocks import plain, table
from frontend.client import ApiError
from frontend.evaluation_rows import name_evaluation
from frontend.session import client
from frontend.wording import count, percent
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Run


def draw_missing_encoder(run: Run) -> None:
    """Nothing where the encoder is here, or the run stands on none."""
    encoder = run.config.get("encoder")
    if encoder is None or _is_here(str(encoder)):
        return
    st.caption(
        plain(
            f"Its encoder comes from {encoder}, which is not here; its own results stand. "
            "Import that run too, and Evaluate has the confusion matrix and the galaxies."
        )
    )
    found = client().list_evaluations(run=run.id)
    if found:
        table(
            [result_row(one) for one in found], f"On {count(found[0].n)} test galaxies of {found[0].dataset}"
        )


def result_row(one: Evaluation) -> dict[str, str]:
    """An evaluation in a line, accuracy with its 95 % interval."""
    low, high = one.accuracy_ci95.low, one.accuracy_ci95.high
    return {
        "head": name_evaluation(one),
        "accuracy": f"{percent(one.accuracy)} ({percent(low)} – {percent(high)})",
        "balanced": percent(one.balanced_accuracy),
        "macro-F1": percent(one.macro_f1),
    }


def _is_here(run_id: str) -> bool:
    try:
        client().get_run(run_id)
    except ApiError as error:
        if error.status != 404:
            raise
        return False
    return True
