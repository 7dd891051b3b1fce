"""What may be said of two methods, above what is said of two single evaluations of theirs."""

from collections.abc import Sequence

import streamlit as st

from frontend.app_pages.evaluate_jobs import judging_jobs
from frontend.blocks import facts, hint
from frontend.client import ApiError
from frontend.evaluation_rows import Group, group_evaluations
from frontend.evaluation_words import method_facts
from frontend.session import client
from shared.base.vocabulary import Head
from shared.contract.evaluations import FEWEST_SEEDS, Evaluation, MethodComparison


def draw_methods(one: Evaluation, other: Evaluation, every: Sequence[Evaluation]) -> None:
    """The statement about the groups of seeds that A and B are of, where both have seeds enough; `every` are
    the evaluations among which their seeds are."""
    jobs = {job.id: job.config for job in judging_jobs()}
    groups = group_evaluations(every, jobs)
    a, b = (group_of(each, groups) for each in (one, other))
    if a is None or b is None or a is b or min(len(a.seeds), len(b.seeds)) < FEWEST_SEEDS:
        return
    try:
        found = _compare(*(tuple(seed.id for seed in group.seeds) for group in (a, b)))
    except ApiError as error:
        hint(error.detail)
        return
    st.markdown(f"**As methods: {found.verdict}.**")
    facts(method_facts(found, a, b))
    st.caption(f"{drawn_words(one, other)} Below: A's seed {one.seed} against B's seed {other.seed} alone.")


def drawn_words(one: Evaluation, other: Evaluation) -> str:
    """What chance draws anew in each seed, and what it does not."""
    if {one.head, other.head} & {Head.FINETUNE, Head.SUPERVISED}:
        return "Seeds train anew, in another order; a pretraining behind them was one."
    drawn = "labels and head" if min(one.label_fraction, other.label_fraction) < 1 else "the head"
    return f"Seeds draw {drawn} anew; the encoder was trained once."


def group_of(one: Evaluation, groups: Sequence[Group]) -> Group | None:
    """The seeds that it stands among; None where a newer one took its place."""
    return next((group for group in groups if one.id in {seed.id for seed in group.seeds}), None)


@st.cache_data(max_entries=200, show_spinner=False)
def _compare(a: tuple[str, ...], b: tuple[str, ...]) -> MethodComparison:
    """Asked once for two groups, whose evaluations never change."""
    return client().compare_methods(a, b)
