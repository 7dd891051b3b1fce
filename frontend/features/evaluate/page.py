"""Evaluate: how well does it classify, and where does it fail?"""

from collections.abc import Mapping, Sequence

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.evaluate.cells import draw_evaluation
from frontend.features.evaluate.curves import draw_curves_of_twins
from frontend.features.evaluate.earlier_evaluations import fold_earlier
from frontend.features.evaluate.figures.depth_curve import draw_depth_curve
from frontend.features.evaluate.form import draw_form, draw_jobs
from frontend.features.evaluate.methods import evaluation_jobs
from frontend.features.evaluate.published import published_references
from frontend.features.evaluate.score_table import draw_score_table
from frontend.features.evaluate.url import ADDRESS, CELL, EvaluateView
from frontend.ui.blocks import empty_state, page_title
from frontend.ui.encoders import begun_encoders, nothing_trained, settle_run
from frontend.ui.evaluation_rows import (
    BASIS_WORDS,
    Group,
    Jobs,
    fold_rows,
    group_evaluations,
    majority_of,
    name_evaluation,
    notes_of,
    with_references,
)
from frontend.ui.session import client
from frontend.ui.wording import count, dataset_title
from shared.base.states import TERMINAL, RunState
from shared.base.vocabulary import Basis, Head
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation
from shared.contract.runs import Run

QUESTION = "How well does it classify, and where does it fail?"
RUN, DATASET = "evaluate_run", "evaluate_dataset"


def show() -> None:
    """The evaluations of one encoder, and the form for new ones."""
    page_title("Evaluate", QUESTION)
    encoders = begun_encoders()
    if not encoders:
        nothing_trained("Launch a run to evaluate its encoder here.")
        return
    view = _settle(ADDRESS.current(), encoders)
    run = encoders[view.run or ""]
    evaluations = client().call(endpoints.LIST_EVALUATIONS, encoder=run.id)
    datasets = {dataset.name: dataset for dataset in client().call(endpoints.LIST_DATASETS)}
    shown = _draw_head(view, encoders, evaluations)
    every = evaluation_jobs()
    jobs = [job for job in every if job.config.get("encoder") == run.id]
    draw_form(run, datasets, jobs, fresh=not evaluations and not jobs)
    draw_jobs(jobs)
    if shown:
        digest = shown[0].dataset_digest  # another dataset may have the name of a missing one
        evaluated_on = next((dataset for dataset in datasets.values() if dataset.digest == digest), None)
        _draw_results(view, run, shown, evaluated_on, {job.id: job.config for job in every})
    elif all(job.state in TERMINAL for job in jobs):
        empty_state(
            "This encoder has not been evaluated yet.",
            "Choose heads above and click the button. k-NN and a linear probe take seconds.",
        )
    else:
        st.caption("The table, confusion matrix and galaxies appear here when the job has finished.")


def _settle(view: EvaluateView, encoders: Mapping[str, Run]) -> EvaluateView:
    """Fill in the run: from the address, from the evaluation in it, else the selected or newest run."""
    run = view.run
    if run not in encoders and view.evaluation is not None:
        run = _encoder_of(view.evaluation)
    return view.model_copy(update={"run": settle_run(ADDRESS, run, encoders)})


def _encoder_of(evaluation: str) -> str | None:
    try:
        return client().call(endpoints.GET_EVALUATION, evaluation_id=evaluation).encoder
    except ApiError:
        return None


def _draw_head(
    view: EvaluateView,
    encoders: Mapping[str, Run],
    evaluations: Sequence[Evaluation],
) -> list[Evaluation]:
    """Draw the selects of encoder and, if there are several, dataset; returns its evaluations."""
    st.session_state[RUN] = view.run
    found = {one.dataset_digest: one.dataset for one in evaluations}
    of_view = next((one.dataset_digest for one in evaluations if one.id == view.evaluation), None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Encoder",
            list(encoders),
            format_func=lambda run_id: _encoder_title(encoders[run_id]),
            key=RUN,
            on_change=lambda: ADDRESS.change(
                run=st.session_state[RUN], evaluation=None, against=None, **CELL
            ),
            help="The run whose encoder is evaluated; for an active run, its current checkpoint.",
            width=420,
        )
        if len(found) > 1:
            st.session_state[DATASET] = of_view or next(iter(found))
            st.pills(
                "Evaluated on",
                list(found),
                format_func=lambda digest: found[digest],
                key=DATASET,
                required=True,
                on_change=lambda: ADDRESS.change(
                    evaluation=next(
                        one.id for one in evaluations if one.dataset_digest == st.session_state[DATASET]
                    ),
                    against=None,
                    **CELL,
                ),
            )
    digest = of_view or next(iter(found), "")
    return [one for one in evaluations if one.dataset_digest == digest]


def _encoder_title(run: Run) -> str:
    words = [
        run.name or run.id,
        run.dataset or "",
        "" if run.state is RunState.SUCCEEDED else run.state.value,
    ]
    return " · ".join(word for word in words if word)


def _draw_results(
    view: EvaluateView, run: Run, evaluations: Sequence[Evaluation], dataset: Dataset | None, jobs: Jobs
) -> None:
    """Table and depth curve, then the selected evaluation."""
    groups = group_evaluations(evaluations, jobs)
    by_id = {one.id: one for one in evaluations}
    blocks = fold_earlier(with_references(groups, jobs), evaluations, jobs)
    first = blocks[0].group.first if blocks else groups[0].first
    one = by_id.get(view.evaluation or "", first)
    if view.evaluation != one.id:
        ADDRESS.change(evaluation=one.id)
    curved = _with_depth_curve(one, evaluations)
    wide, side = st.columns([3, 1], gap="medium") if curved else (st.container(), None)
    if curved is not None and side is not None:
        with side:
            draw_depth_curve(curved, _baselines(curved, evaluations))
    with wide:
        draw_score_table(
            fold_rows(blocks, majority_of(groups), _checkpoint_titles(groups)),
            published_references(dataset),
            one.id,
            caption=_caption(one, dataset),
            estimator=f"{name_evaluation(one)}: {one.estimator}",
            notes=notes_of(groups),
            on_pick=lambda found: ADDRESS.change(evaluation=found, page=1),
        )
    same = next((group.seeds for group in groups if one.id in {seed.id for seed in group.seeds}), (one,))
    draw_curves_of_twins(run, one.dataset)
    draw_evaluation(one, same, run, dataset)


def _with_depth_curve(one: Evaluation, evaluations: Sequence[Evaluation]) -> Evaluation | None:
    """The evaluation whose depth curve is shown: this one, one of the same job, or the newest."""
    found = [other for other in evaluations if other.depth_curve and other.basis is Basis.ENCODER]
    ranked = sorted(found, key=lambda other: (other.id != one.id, other.run != one.run))
    return one if one.depth_curve else next(iter(ranked), None)


def _baselines(one: Evaluation, evaluations: Sequence[Evaluation]) -> list[tuple[str, float]]:
    """Names and validation accuracies of the linear references and the majority class of the same job."""
    found = {
        BASIS_WORDS[other.basis]: other.val_accuracy
        for other in evaluations
        if other.run == one.run and other.basis in BASIS_WORDS and other.head in (Head.LINEAR, None)
    }
    return list(found.items())


def _checkpoint_titles(groups: Sequence[Group]) -> dict[str, str]:
    """Names of steps, if the evaluations are of several checkpoints."""
    steps = {group.first.step for group in groups if group.first.basis is Basis.ENCODER}
    return {str(step): f"step {count(step)}" for step in steps if step is not None} if len(steps) > 1 else {}


def _caption(one: Evaluation, dataset: Dataset | None) -> str:
    title = dataset_title(one.dataset, dataset.simulated) if dataset else f"{one.dataset} (missing)"
    return (
        f"{count(one.n)} test galaxies of {title}, read once after all choices were made on validation rows. "
        "Lines show 95 % intervals (Wilson; bootstrap for balanced accuracy and macro-F1)."
    )
