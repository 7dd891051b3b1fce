"""The comparison of two methods over seeds, shown above that of two single evaluations."""

from collections.abc import Sequence

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.evaluate.words import method_facts
from frontend.ui.blocks import facts, hint
from frontend.ui.evaluation_rows import Group, group_evaluations
from frontend.ui.session import client
from shared.base.vocabulary import Head
from shared.configs.kinds import RunKind, Trait, kinds_with
from shared.contract import endpoints
from shared.contract.evaluations import FEWEST_SEEDS, Evaluation, MethodComparison
from shared.contract.runs import Run

MOST_JOBS = 500


def draw_methods(one: Evaluation, other: Evaluation, every: Sequence[Evaluation]) -> None:
    """Compare the seeds of A and B if both have enough of them; `every` are the evaluations that include
    these seeds."""
    jobs = {job.id: job.config for job in evaluation_jobs()}
    groups = group_evaluations(every, jobs)
    a, b = (group_of(each, groups) for each in (one, other))
    if a is None or b is None or a is b or min(len(a.seeds), len(b.seeds)) < FEWEST_SEEDS:
        return
    try:
        found = _compare(*(tuple(seed.id for seed in group.seeds) for group in (a, b)))
    except ApiError as error:
        hint(error.detail)
        return
    st.markdown(f"**Methods: {found.verdict}.**")
    facts(method_facts(found, a, b))
    st.caption(f"{seed_words(one, other)} Below: seed {one.seed} of A against seed {other.seed} of B.")


def seed_words(one: Evaluation, other: Evaluation) -> str:
    """What varies between seeds and what does not."""
    if {one.head, other.head} & {Head.FINETUNE, Head.SUPERVISED}:
        return "Each seed is a separate training; all share one pretraining."
    varied = "labels and the head" if min(one.label_fraction, other.label_fraction) < 1 else "the head"
    return f"Seeds vary {varied}; all share one encoder."


def group_of(one: Evaluation, groups: Sequence[Group]) -> Group | None:
    """The group with this evaluation; None if a newer one has replaced it."""
    return next((group for group in groups if one.id in {seed.id for seed in group.seeds}), None)


@st.cache_data(max_entries=200, show_spinner=False)
def _compare(a: tuple[str, ...], b: tuple[str, ...]) -> MethodComparison:
    """Cached, as evaluations never change."""
    return client().call(endpoints.COMPARE_METHODS, a=a, b=b)


def evaluation_jobs() -> list[Run]:
    """Probes and classifiers, newest first."""
    kinds = (RunKind.PROBE, *kinds_with(Trait.CLASSIFIES))
    found = [
        job for kind in kinds for job in client().call(endpoints.LIST_RUNS, kind=kind.value, limit=MOST_JOBS)
    ]
    return sorted(found, key=lambda job: job.created_at, reverse=True)
