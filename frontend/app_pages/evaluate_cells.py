"""One evaluation: its confusion matrix, the galaxies of a cell beside it, classes and calibration below."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from frontend.app_pages.evaluate_methods import draw_methods
from frontend.app_pages.evaluate_url import (
    Look,
    change_look,
    current_look,
    matrix_look,
    take_matrix,
    told,
)
from frontend.blocks import empty_state, facts, guarded, hint, section, wrong
from frontend.client import ApiError
from frontend.components.class_scores import draw_class_scores
from frontend.components.confusion_matrix import draw_confusion_matrix
from frontend.components.prediction_grid import draw_prediction_grid
from frontend.components.reliability import draw_reliability
from frontend.evaluation_rows import name_evaluation
from frontend.evaluation_words import (
    calibration_words,
    class_rows,
    comparison_facts,
    headline_words,
    matrix_data,
)
from frontend.session import client
from frontend.wording import count, percent
from shared.datasets import Dataset, Split
from shared.evaluations import Comparison, Evaluation, PredictionOrder
from shared.routes import API, PREDICTIONS_FILE
from shared.runs import Run

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


def draw_evaluation(one: Evaluation, seeds: Sequence[Evaluation], run: Run, dataset: Dataset | None) -> None:
    """Everything about one evaluation; a press on the matrix redraws matrix and galaxies only."""
    section(name_evaluation(one), headline_words(one))
    _draw_seeds(one, seeds)
    others = _comparable(one)
    st.fragment(guarded)(lambda: _draw_matrix_and_galaxies(one, others, run, dataset))
    left, right = st.columns([7, 6], gap="large")
    with left:
        section("Classes", "on test rows; press one to see its galaxies")
        draw_class_scores(
            class_rows(one.classes),
            on_pick=lambda name: change_look(true=name, predicted=None, page=1),
        )
    with right:
        if one.calibration is not None:
            section(
                "Is it as sure as it should be?", "bars: accuracy in each bin; lines: its mean confidence"
            )
            draw_reliability(one.calibration)
            st.caption(calibration_words(one.calibration))


def _draw_seeds(one: Evaluation, seeds: Sequence[Evaluation]) -> None:
    if len(seeds) < 2:
        return
    titles = {other.id: f"seed {other.seed} · {percent(other.accuracy)}" for other in seeds}
    st.session_state["evaluate_seed"] = one.id
    st.segmented_control(
        "seed",
        list(titles),
        format_func=lambda found: titles[found],
        key="evaluate_seed",
        required=True,
        on_change=lambda: change_look(evaluation=st.session_state["evaluate_seed"], page=1),
        help="Matrix and galaxies are of one seed.",
    )


def _draw_matrix_and_galaxies(
    one: Evaluation, others: Mapping[str, Evaluation], run: Run, dataset: Dataset | None
) -> None:
    look = _known(current_look(), one.class_names)
    left, right = st.columns([7, 6], gap="large")
    with left:
        other = _draw_against(one, others, look)
        draw_confusion_matrix(matrix_data(one, other), matrix_look(look), told(look), on_look=take_matrix)
    with right, st.container(key="evaluate_galaxies"):
        guarded(lambda: _draw_galaxies(one, look, run, dataset))


def _known(look: Look, names: Sequence[str]) -> Look:
    """The look without classes that this evaluation does not know."""
    unknown = [field for field in ("true", "predicted") if getattr(look, field) not in (None, *names)]
    return look.model_copy(update=dict.fromkeys(unknown))


def _draw_against(one: Evaluation, others: Mapping[str, Evaluation], look: Look) -> Evaluation | None:
    """The select of a second evaluation, the comparison in words, and that evaluation."""
    if not others:
        return None
    st.session_state["evaluate_against"] = look.against if look.against in others else None
    st.selectbox(
        f"against (A is {name_evaluation(one)})",
        list(others),
        format_func=lambda found: _other_title(others[found], one),
        index=None,
        placeholder="compare with another evaluation of these galaxies",
        key="evaluate_against",
        on_change=_take_against,
        help="B, judged on the same test galaxies: what differs, and whether it may be chance.",
    )
    other = others.get(look.against or "")
    if other is not None:
        draw_methods(one, other, [one, *others.values()])
        _draw_comparison(one, other)
    return other


def _comparable(one: Evaluation) -> dict[str, Evaluation]:
    """Other evaluations on the same test rows, by id, newest first."""
    try:
        found = client().list_evaluations(dataset=one.dataset)
    except ApiError:  # the dataset is gone
        found = client().list_evaluations(encoder=one.encoder) if one.encoder else []
    same = (other.id != one.id and other.dataset_digest == one.dataset_digest for other in found)
    return {other.id: other for other, fits in zip(found, same, strict=True) if fits}


def _other_title(other: Evaluation, one: Evaluation) -> str:
    whose = "" if other.encoder in (None, one.encoder) else f"{other.encoder}: "
    return f"{whose}{name_evaluation(other)} · {percent(other.accuracy)}"


def _take_against() -> None:
    chosen = st.session_state["evaluate_against"]
    shown = "difference" if chosen else "true"
    change_look(against=chosen, shown=shown)


@st.cache_data(max_entries=200, show_spinner=False)
def _compare(a: str, b: str) -> Comparison:
    """Asked once for two evaluations, which never change."""
    return client().compare_evaluations(a, b)


def _draw_comparison(one: Evaluation, other: Evaluation) -> None:
    try:
        found = _compare(one.id, other.id)
    except ApiError as error:
        wrong(error.detail)
        return
    st.markdown(f"**{found.verdict[:1].upper()}{found.verdict[1:].rstrip('.')}.**")
    facts(comparison_facts(found))


def _draw_galaxies(one: Evaluation, look: Look, run: Run, dataset: Dataset | None) -> None:
    """Filters, then the galaxies that pass, a page at a time."""
    _draw_filters(one, look)
    page = client().list_predictions(
        one.id,
        true=_index(look.true, one),
        predicted=_index(look.predicted, one),
        split=look.split,
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
        hint(f"{one.dataset} is no longer in the store, so there are no pictures.")
    draw_prediction_grid(page, dataset if page.dataset else None, one.encoder or run.id)
    _draw_foot(one, look, page.total)


def cell_title(look: Look, total: int) -> str:
    """What the grid shows, in words."""
    galaxies = "galaxy" if total == 1 else "galaxies"
    where = {Split.TEST: "test ", Split.VAL: "validation "}.get(look.split, "")
    words = f"**{count(total)}** {where}{galaxies}"
    if look.true and look.true == look.predicted:
        return f"{words}: **{look.true}**, rightly called so"
    if look.true and look.predicted:
        return f"{words}: **{look.true}** called **{look.predicted}**"
    if look.true:
        return f"{words} that {_be(total)} **{look.true}**"
    return f"{words} called **{look.predicted}**" if look.predicted else words


def _be(n: int) -> str:
    return "is" if n == 1 else "are"


def _draw_filters(one: Evaluation, look: Look) -> None:
    names = [EVERY, *one.class_names]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choice("true", names, look.true or EVERY, "true class", width=190)
        _choice("predicted", names, look.predicted or EVERY, "called", width=190)
        _choice("split", [Split.TEST, Split.VAL], look.split, "split", width=110)
    _choice("order", list(ORDERS), look.order, "order", segments=True, help=ORDER_HELP)


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
            st.html(
                f'<a class="gx-file" href="{href}" download title="Every prediction of this evaluation, '
                f'with the probabilities of all classes">{file_format.upper()}</a>',
                width="content",
            )


def _take_page() -> None:
    change_look(page=st.session_state["evaluate_page"])


def _draw_again(seed: int) -> None:
    change_look(seed=(seed + 1) % MOST_SEED, page=1)


def _index(name: str | None, one: Evaluation) -> int | None:
    return None if name is None else one.class_names.index(name)
