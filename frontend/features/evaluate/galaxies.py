"""The galaxies of an evaluation, with filters and pages."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.features.evaluate.prediction_grid import draw_prediction_grid
from frontend.features.evaluate.url import EvaluateView, change_view
from frontend.ui.blocks import empty_state, file_link, hint
from frontend.ui.session import client
from frontend.ui.wording import count
from shared.base.vocabulary import Split
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation, PredictionOrder
from shared.contract.runs import Run

PER_PAGE = 30
MOST_SEED = 1 << 30
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
FORMATS = {"csv": "CSV", "parquet": "Parquet"}


def draw_galaxies(one: Evaluation, view: EvaluateView, run: Run, dataset: Dataset | None) -> None:
    """Filters, and one page of the matching galaxies."""
    _draw_filters(one, view)
    page = client().call(
        endpoints.LIST_PREDICTIONS,
        evaluation_id=one.id,
        true=_index(view.true, one),
        predicted=_index(view.predicted, one),
        split=view.split,
        flagged_only=view.flagged,
        confidence_min=view.min / 100,
        confidence_max=view.max / 100,
        order=view.order,
        seed=view.seed,
        offset=PER_PAGE * (view.page - 1),
        limit=PER_PAGE,
    )
    if view.page > 1 and not page.predictions and page.total:
        change_view(page=1)
        st.rerun(scope="fragment")
    st.markdown(cell_title(view, page.total))
    if not page.total:
        empty_state("No galaxies match.", "Choose another cell or remove a filter.")
        return
    if page.dataset is None or dataset is None:
        hint(f"The dataset {one.dataset} is missing, so there are no images.")
    draw_prediction_grid(page, dataset if page.dataset else None, one.encoder or run.id)
    _draw_foot(one, view, page.total)


def cell_title(view: EvaluateView, total: int) -> str:
    """The title of the grid."""
    galaxies = "galaxy" if total == 1 else "galaxies"
    where = {Split.TEST: "test ", Split.VAL: "validation "}.get(view.split, "")
    words = f"**{count(total)}** {where}{galaxies}"
    confidence = "" if (view.min, view.max) == (0, 100) else f", confidence {view.min} to {view.max} %"
    flagged = ", flagged as doubtful" if view.flagged else ""
    return f"{words}{_class_words(view)}{confidence}{flagged}"


def _class_words(view: EvaluateView) -> str:
    if view.true and view.true == view.predicted:
        return f": **{view.true}**, classified correctly"
    if view.true and view.predicted:
        return f": **{view.true}** classified as **{view.predicted}**"
    if view.true:
        return f" of class **{view.true}**"
    return f" classified as **{view.predicted}**" if view.predicted else ""


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
    change_view(min=low, max=high, page=1)


def _draw_flagged(view: EvaluateView) -> None:
    st.session_state["evaluate_flagged"] = view.flagged
    st.checkbox(
        "Flagged only",
        key="evaluate_flagged",
        on_change=lambda: change_view(flagged=st.session_state["evaluate_flagged"], page=1),
        help="Galaxies whose label is flagged as doubtful.",
    )


def _choice(
    field: str, options: Sequence[Any], value: Any, label: str, *, segments: bool = False, **more: Any
) -> None:
    """A widget for one field of the view, showing the value in the address."""
    key = f"evaluate_{field}"
    st.session_state[key] = value

    def take() -> None:
        chosen = st.session_state[key]
        change_view(**{field: None if chosen == EVERY else chosen, "page": 1})

    shared: dict[str, Any] = {"key": key, "on_change": take, "format_func": _word, **more}
    if segments:
        st.segmented_control(label, options, required=True, label_visibility="collapsed", **shared)
    else:
        st.selectbox(label, options, **shared)


def _word(value: Any) -> str:
    words: Mapping[Any, str] = {**ORDERS, Split.VAL: "validation"}
    return words.get(value, str(value))


def _draw_foot(one: Evaluation, view: EvaluateView, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        pages = math.ceil(total / PER_PAGE)
        if pages > 1:
            st.session_state["evaluate_page"] = min(view.page, pages)
            st.pagination(pages, key="evaluate_page", on_change=_take_page)
        if view.order is PredictionOrder.RANDOM:
            st.button("New sample", on_click=_draw_again, args=(view.seed,))
        for file_format in FORMATS:
            href = endpoints.PREDICTIONS_FILE.url(evaluation_id=one.id, file_format=file_format)
            title = "All predictions of this evaluation, with the probabilities of all classes"
            file_link(FORMATS[file_format], href, title)


def _take_page() -> None:
    change_view(page=st.session_state["evaluate_page"])


def _draw_again(seed: int) -> None:
    change_view(seed=(seed + 1) % MOST_SEED, page=1)


def _index(name: str | None, one: Evaluation) -> int | None:
    return None if name is None else one.class_names.index(name)
