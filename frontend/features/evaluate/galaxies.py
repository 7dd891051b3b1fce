"""The galaxies of an evaluation, with filters."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.features.evaluate.figures.confusion_matrix import KEY as MATRIX
from frontend.features.evaluate.prediction_grid import draw_prediction_grid
from frontend.features.evaluate.url import ADDRESS, EvaluateView
from frontend.ui.browser_view import reports
from shared.base.vocabulary import Split
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation, PredictionOrder
from shared.contract.runs import Run

ORDERS = {
    PredictionOrder.CONFIDENT: "Most confident",
    PredictionOrder.UNCERTAIN: "Most uncertain",
    PredictionOrder.BEST: "Best",
    PredictionOrder.WORST: "Worst",
    PredictionOrder.RANDOM: "Random",
}
ORDER_HELP = (
    "Most confident and most uncertain rank by the probability of the predicted class, best and worst by "
    "that of the true class: the worst are confidently wrong."
)
EVERY = "all"


def draw_galaxies(one: Evaluation, view: EvaluateView, run: Run, dataset: Dataset | None) -> None:
    """Filters, and the matching galaxies, which the browser fetches."""
    _draw_filters(one, view)
    draw_prediction_grid(one, view, dataset, one.encoder or run.id)


def _draw_filters(one: Evaluation, view: EvaluateView) -> None:
    names = [EVERY, *one.class_names]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choice("true", names, view.true or EVERY, "True class", width=190)
        _choice("predicted", names, view.predicted or EVERY, "Predicted class", width=190)
        _choice("split", [Split.TEST, Split.VAL], view.split, "Split", width=110)
        _draw_confidence(view)
        _draw_flagged(view)
    _choice("order", list(ORDERS), view.order, "Order", segments=True, help=ORDER_HELP)


def _draw_confidence(view: EvaluateView) -> None:
    st.session_state["evaluate_confidence"] = (view.min, view.max)
    st.slider(
        "Confidence, %",
        0,
        100,
        key="evaluate_confidence",
        on_change=_take_confidence,
        width=230,
        help="The probability of the predicted class; both ends are included.",
    )


def _take_confidence() -> None:
    low, high = st.session_state["evaluate_confidence"]
    ADDRESS.change(min=low, max=high, page=1)


def _draw_flagged(view: EvaluateView) -> None:
    st.session_state["evaluate_flagged"] = view.flagged
    st.checkbox(
        "Flagged only",
        key="evaluate_flagged",
        on_change=lambda: ADDRESS.change(flagged=st.session_state["evaluate_flagged"], page=1),
        help="Galaxies whose label is flagged as doubtful.",
    )


def _choice(
    field: str, options: Sequence[Any], value: Any, label: str, *, segments: bool = False, **more: Any
) -> None:
    """A widget for one field of the view, showing the value in the address."""
    key = f"evaluate_{field}"
    st.session_state[key] = value

    def take() -> None:
        if reports(MATRIX):
            return
        chosen = st.session_state[key]
        ADDRESS.change(**{field: None if chosen == EVERY else chosen, "page": 1})

    shared: dict[str, Any] = {"key": key, "on_change": take, "format_func": _word, **more}
    if segments:
        st.segmented_control(label, options, required=True, label_visibility="collapsed", **shared)
    else:
        st.selectbox(label, options, **shared)


def _word(value: Any) -> str:
    words: Mapping[Any, str] = {**ORDERS, Split.VAL: "validation"}
    return words.get(value, str(value))
