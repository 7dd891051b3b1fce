"""One evaluation: confusion matrix with the galaxies of a cell, class scores and calibration."""

from collections.abc import Mapping, Sequence

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.evaluate.figures.class_curves import draw_class_curves
from frontend.features.evaluate.figures.class_scores import draw_class_scores
from frontend.features.evaluate.figures.confusion_matrix import draw_confusion_matrix
from frontend.features.evaluate.figures.reliability import draw_reliability
from frontend.features.evaluate.galaxies import draw_galaxies
from frontend.features.evaluate.methods import draw_methods
from frontend.features.evaluate.url import ADDRESS, EvaluateView
from frontend.features.evaluate.words import (
    calibration_words,
    class_rows,
    comparison_facts,
    headline_words,
    matrix_data,
)
from frontend.ui.blocks import facts, guarded, section, wrong
from frontend.ui.evaluation_rows import name_evaluation
from frontend.ui.session import client
from frontend.ui.wording import capitalised, percent
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Comparison, Evaluation
from shared.contract.runs import Run


def draw_evaluation(one: Evaluation, seeds: Sequence[Evaluation], run: Run, dataset: Dataset | None) -> None:
    """Everything about one evaluation; a click on the matrix redraws only matrix and galaxies."""
    section(name_evaluation(one), headline_words(one))
    _draw_seeds(one, seeds)
    others = _comparable(one)
    st.fragment(guarded)(lambda: _draw_matrix_and_galaxies(one, others, run, dataset))
    left, right = st.columns([7, 6], gap="large")
    with left:
        section("Classes", "on test rows; click a class to see its galaxies")
        draw_class_scores(
            class_rows(one.classes),
            on_pick=_take_class,
        )
    with right:
        if one.calibration is not None:
            section("Calibration", "bars: accuracy per bin; lines: mean confidence; both on test rows")
            draw_reliability(one.calibration)
            st.caption(calibration_words(one.calibration))


def _draw_seeds(one: Evaluation, seeds: Sequence[Evaluation]) -> None:
    if len(seeds) < 2:
        return
    titles = {other.id: f"seed {other.seed} · {percent(other.accuracy)}" for other in seeds}
    st.session_state["evaluate_seed"] = one.id
    st.segmented_control(
        "Seed",
        list(titles),
        format_func=lambda found: titles[found],
        key="evaluate_seed",
        required=True,
        on_change=lambda: ADDRESS.change(evaluation=st.session_state["evaluate_seed"], page=1),
        help="The confusion matrix and the galaxies show one seed.",
    )


def _draw_matrix_and_galaxies(
    one: Evaluation, others: Mapping[str, Evaluation], run: Run, dataset: Dataset | None
) -> None:
    view = _without_unknown_classes(ADDRESS.current(), one.class_names)
    left, right = st.columns([7, 6], gap="large")
    with left:
        other = _draw_against(one, others, view)
        draw_confusion_matrix(matrix_data(one, other), view)
    with right, st.container(key="evaluate_galaxies"):
        draw_galaxies(one, view, run, dataset)
    if one.head is not None:
        section(
            "ROC and precision–recall by class",
            "one class against the rest, at every probability threshold, on test rows",
        )
        draw_class_curves(one.id, view.true or view.predicted, on_pick=_take_class)


def _take_class(name: str | None) -> None:
    ADDRESS.change(true=name, predicted=None, page=1)


def _without_unknown_classes(view: EvaluateView, names: Sequence[str]) -> EvaluateView:
    """The view without classes that do not exist in this evaluation."""
    unknown = [field for field in ("true", "predicted") if getattr(view, field) not in (None, *names)]
    return view.model_copy(update=dict.fromkeys(unknown))


def _draw_against(one: Evaluation, others: Mapping[str, Evaluation], view: EvaluateView) -> Evaluation | None:
    """Draw the select of a second evaluation and the comparison; returns that evaluation."""
    if not others:
        return None
    st.session_state["evaluate_against"] = view.against if view.against in others else None
    st.selectbox(
        f"Compare with B (A is {name_evaluation(one)})",
        list(others),
        format_func=lambda found: _other_title(others[found], one),
        index=None,
        placeholder="Another evaluation of these galaxies",
        key="evaluate_against",
        on_change=_take_against,
        help="B is evaluated on the same test galaxies. Shows the difference and whether it is significant.",
    )
    other = others.get(view.against or "")
    if other is not None:
        draw_methods(one, other, [one, *others.values()])
        _draw_comparison(one, other)
    return other


def _comparable(one: Evaluation) -> dict[str, Evaluation]:
    """Other evaluations on the same test rows, by id, newest first."""
    try:
        found = client().call(endpoints.LIST_EVALUATIONS, dataset=one.dataset)
    except ApiError:  # the dataset is gone
        found = client().call(endpoints.LIST_EVALUATIONS, encoder=one.encoder) if one.encoder else []
    same = (other.id != one.id and other.dataset_digest == one.dataset_digest for other in found)
    return {other.id: other for other, fits in zip(found, same, strict=True) if fits}


def _other_title(other: Evaluation, one: Evaluation) -> str:
    whose = "" if other.encoder in (None, one.encoder) else f"{other.encoder}: "
    return f"{whose}{name_evaluation(other)} · {percent(other.accuracy)}"


def _take_against() -> None:
    chosen = st.session_state["evaluate_against"]
    shown = "difference" if chosen else "true"
    ADDRESS.change(against=chosen, shown=shown)


@st.cache_data(max_entries=200, show_spinner=False)
def _compare(a: str, b: str) -> Comparison:
    """Cached, as evaluations never change."""
    return client().call(endpoints.COMPARE_EVALUATIONS, a=a, b=b)


def _draw_comparison(one: Evaluation, other: Evaluation) -> None:
    try:
        found = _compare(one.id, other.id)
    except ApiError as error:
        wrong(error.detail)
        return
    st.markdown(f"**{capitalised(found.verdict).rstrip('.')}.**")
    facts(comparison_facts(found))
