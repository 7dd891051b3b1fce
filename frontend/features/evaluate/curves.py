"""Learning curves of fine-tuned classifiers and their twins trained from scratch."""

import streamlit as st

from frontend.features.evaluate.figures.learning_curves import draw_learning_curves
from frontend.ui.blocks import section
from frontend.ui.session import client
from frontend.ui.wording import percent, plural
from shared.contract import endpoints
from shared.contract.evaluations import TwinCurves
from shared.contract.runs import Run


def draw_curves_of_twins(run: Run, dataset: str) -> None:
    """One chart per recipe; nothing if no classifier was trained on this encoder and dataset."""
    found = [
        twins
        for twins in client().call(endpoints.LIST_LEARNING_CURVES, run_id=run.id)
        if twins.dataset == dataset
    ]
    if not found:
        return
    section("Does pretraining help?", "thin lines: seeds; thick lines: means; same recipe and epochs")
    for place, twins in enumerate(found):
        left, right = st.columns([7, 6], gap="large")
        with left:
            draw_learning_curves(twins, key=f"learning_curves_{place}")
        with right:
            st.markdown(f"**{recipe_words(twins)}**")
            st.markdown(twins.verdict)
            st.caption(missing_words(twins))


def recipe_words(twins: TwinCurves) -> str:
    """The recipe, and the number of seeds on each side."""
    decay = "" if twins.layer_decay in (None, 1) else f"layer decay {twins.layer_decay:g}"
    labels = "" if twins.label_fraction == 1 else f"{percent(twins.label_fraction)} of the labels"
    words = [plural(twins.epochs, "epoch"), labels, decay]
    sides = f"{plural(len(twins.tuned), 'seed')} fine-tuned, {len(twins.scratch)} from scratch"
    return " · ".join(word for word in [*words, sides] if word)


def missing_words(twins: TwinCurves) -> str:
    """How the figures were computed, or what is missing for a comparison."""
    if not twins.scratch:
        return "Train from scratch with the same settings and seeds to compare."
    if not twins.tuned:
        return "Fine-tune with the same settings and seeds to compare."
    return (
        "Means of three evaluations on validation rows; intervals from a paired t-test over seeds. The twin "
        "differs in its initial weights and has no layer decay."
    )
