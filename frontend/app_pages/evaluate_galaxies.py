"""The galaxies of an evaluation: filters, then those that pass, a page at a time."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.app_pages.evaluate_url import Look, change_look
from frontend.blocks import empty_state, file_link, hint
from frontend.components.prediction_grid import draw_prediction_grid
from frontend.session import client
from frontend.wording import count
from shared.base.vocabulary import Split
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation, PredictionOrder
from shared.contract.routes import API, PREDICTIONS_FILE
from shared.contract.runs import Run

PER_PAGE = 30
MOST_SEED = 1 << 30
ORDERS = {
    PredictionOrder.CONFIDENT: "most confident",
    PredictionOrder.UNCERTAIN: "most uncertain",
    PredictionOrder.BEST: "best",
    PredictionOrder.WORST: "worst",
    PredictionOrder.RANDOM: "random",
}
ORDER_HELP = (
    "Most confident and most uncertain go by the probability of the class that it was called; "
    "best and worst by that of the true class, so that worst are those that are surely wrong."
)
EVERY = "all"


def draw_galaxies(one: Evaluation, look: Look, run: Run, dataset: Dataset | None) -> None:
    """Filters, then the galaxies that pass, a page at a time."""
    _draw_filters(one, look)
    page = client().list_predictions(
        one.id,
        true=_index(look.true, one),
        predicted=_index(look.predicted, one),
        split=look.split,
        flagged_only=look.flagged,
        confidence_min=look.min / 100,
        confidence_max=look.max / 100,
        order=look.order,
        seed=look.seed,
        offset=PER_PAGE * (look.page - 1),
        limit=PER_PAGE,
    )
    if look.page > 1 and not page.predictions and page.total:
        change_look(page=1)
        st.rerun(scope="fragment")
    st.markdown(cell_title(look, page.total))
    if not page.total:
        empty_state("No galaxy is of this kind.", "Choose another cell, or take a filter off.")
        return
    if page.dataset is None or dataset is None:
        hint(f"{one.dataset} is not here, so there are no pictures.")
    draw_prediction_grid(page, dataset if page.dataset else None, one.encoder or run.id)
    _draw_foot(one, look, page.total)


def cell_title(look: Look, total: int) -> str:
    """What the grid shows, in words."""
    galaxies = "galaxy" if total == 1 else "galaxies"
    where = {Split.TEST: "test ", Split.VAL: "validation "}.get(look.split, "")
    words = f"**{count(total)}** {where}{galaxies}"
    sure = "" if (look.min, look.max) == (0, 100) else f", {look.min} to {look.max} % sure"
    return f"{words}{_class_words(look, total)}{sure}" + (", flagged as doubtful" if look.flagged else "")


def _class_words(look: Look, total: int) -> str:
    if look.true and look.true == look.predicted:
        return f": **{look.true}**, rightly called so"
    if look.true and look.predicted:
        return f": **{look.true}** called **{look.predicted}**"
    if look.true:
        return f" that {_be(total)} **{look.true}**"
    return f" called **{look.predicted}**" if look.predicted else ""


def _be(n: int) -> str:
    return "is" if n == 1 else "are"


def _draw_filters(one: Evaluation, look: Look) -> None:
    names = [EVERY, *one.class_names]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choice("true", names, look.true or EVERY, "true class", width=190)
        _choice("predicted", names, look.predicted or EVERY, "called", width=190)
        _choice("split", [Split.TEST, Split.VAL], look.split, "split", width=110)
        _draw_confidence(look)
        _draw_flagged(look)
    _choice("order", list(ORDERS), look.order, "order", segments=True, help=ORDER_HELP)


def _draw_confidence(look: Look) -> None:
    st.session_state["evaluate_confidence"] = (look.min, look.max)
    st.slider(
        "confidence, %",
        0,
        100,
        key="evaluate_confidence",
        on_change=_take_confidence,
        width=230,
        help="The probability of the class that a galaxy was called; both ends are included.",
    )


def _take_confidence() -> None:
    low, high = st.session_state["evaluate_confidence"]
    change_look(min=low, max=high, page=1)


def _draw_flagged(look: Look) -> None:
    st.session_state["evaluate_flagged"] = look.flagged
    st.checkbox(
        "flagged only",
        key="evaluate_flagged",
        on_change=lambda: change_look(flagged=st.session_state["evaluate_flagged"], page=1),
        help="Galaxies whose label was flagged as doubtful, here or with another encoder.",
    )


def _choice(
    field: str, options: Sequence[Any], value: Any, label: str, *, segments: bool = False, **more: Any
) -> None:
    """A widget of one field of the look; it shows what the address says."""
    key = f"evaluate_{field}"
    st.session_state[key] = value

    def take() -> None:
        chosen = st.session_state[key]
        change_look(**{field: None if chosen == EVERY else chosen, "page": 1})

    shared: dict[str, Any] = {"key": key, "on_change": take, "format_func": _word, **more}
    if segments:
        st.segmented_control(label, options, required=True, label_visibility="collapsed", **shared)
    else:
        st.selectbox(label, options, **shared)


def _word(value: Any) -> str:
    words: Mapping[Any, str] = {**ORDERS, Split.VAL: "validation"}
    return words.get(value, str(value))


def _draw_foot(one: Evaluation, look: Look, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        pages = math.ceil(total / PER_PAGE)
        if pages > 1:
            st.session_state["evaluate_page"] = min(look.page, pages)
            st.pagination(pages, key="evaluate_page", on_change=_take_page)
        if look.order is PredictionOrder.RANDOM:
            st.button("Draw others", on_click=_draw_again, args=(look.seed,))
        for file_format in ("csv", "parquet"):
            href = API + PREDICTIONS_FILE.format(evaluation_id=one.id, file_format=file_format)
            title = "Every prediction of this evaluation, with the probabilities of all classes"
            file_link(file_format.upper(), href, title)


def _take_page() -> None:
    change_look(page=st.session_state["evaluate_page"])


def _draw_again(seed: int) -> None:
    change_look(seed=(seed + 1) % MOST_SEED, page=1)


def _index(name: str | None, one: Evaluation) -> int | None:
    return None if name is None else one.class_names.index(name)
