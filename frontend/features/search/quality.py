"""Search quality on the Search page: how often similar galaxies share a class, next to references."""

import streamlit as st

from frontend.ui.blocks import guarded, plain, section, table
from frontend.ui.jobs.job import draw_job
from frontend.ui.session import client
from frontend.ui.wording import count, percent
from shared.base.states import TERMINAL, RunState
from shared.base.vocabulary import Basis
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.evaluations import Interval
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingSpace, QualityState, Retrieval, SearchQuality

WORDS = {
    Basis.ENCODER: "this encoder",
    Basis.RANDOM_INIT: "random init",
    Basis.RAW_PIXELS: "raw pixels, 32 × 32",
}
HOW = (
    "Each galaxy is represented by the features of one encoder block, pooled over patches and standardised "
    "with train rows. Similarity is the cosine of the features. With several examples the score is the mean "
    "cosine to the positive ones − ½ · the mean cosine to the negative ones. Galaxies of the same source or "
    "within 5″ are left out, as are near-identical images (cosine ≥ 0.9999, or the same perceptual hash and "
    "≥ 0.95)."
)


def draw_quality(space: EmbeddingSpace) -> None:
    """The figures, or a button that measures them."""
    section("Do similar galaxies share a class?")
    guarded(lambda: _draw(client().call(endpoints.GET_SEARCH_QUALITY, **space.model_dump())))
    with st.expander("How this works"):
        st.markdown(plain(HOW))


def _draw(state: QualityState) -> None:
    if state.quality is not None:
        _draw_figures(state.quality)
        return
    job = client().call(endpoints.GET_RUN, run_id=state.job) if state.job else None
    if job is not None and job.state not in TERMINAL:
        if draw_job(job.id, "Measuring the search", key="quality_job"):
            st.rerun()
        return
    st.caption(
        "Measures how many of the 16 nearest train galaxies share the class of a validation galaxy, compared "
        "with random init and raw pixels."
    )
    if job is not None and job.state is RunState.FAILED:
        st.error(plain(f"The last attempt failed: {job.reason}"))
    if st.button("Measure"):
        client().call(
            endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.EMBED, config=state.config.model_dump())
        )
        st.rerun()


def _draw_figures(quality: SearchQuality) -> None:
    table([figures_row(one, quality.k) for one in quality.found], caption_of(quality))
    with st.expander("By class"):
        table(class_rows(quality), f"Precision at {quality.k} · mean average precision, by class")


def caption_of(quality: SearchQuality) -> str:
    """How it was measured, and the result expected by chance."""
    return (
        f"{count(quality.n)} validation galaxies as queries, {count(quality.gallery)} train galaxies as "
        f"gallery; 95 % intervals by bootstrap; chance: {percent(quality.chance)}"
    )


def figures_row(one: Retrieval, k: int) -> dict[str, str]:
    """The figures of one basis, with intervals."""
    return {
        "Features": WORDS[one.basis].capitalize(),
        f"Precision at {k}": _with_interval(one.precision, one.precision_ci95),
        "Mean average precision": _with_interval(one.mean_average_precision, one.mean_average_precision_ci95),
    }


def class_rows(quality: SearchQuality) -> list[dict[str, str]]:
    """One row per class, with the two figures of each basis."""
    rows = []
    for place, one in enumerate(quality.found[0].classes):
        row = {"Class": one.name, "n": count(one.n) + (" (few)" if one.few else "")}
        for found in quality.found:
            own = found.classes[place]
            figures = f"{percent(own.precision)} · {percent(own.average_precision)}"
            row[WORDS[found.basis].capitalize()] = figures
        rows.append(row)
    return rows


def _with_interval(value: float, interval: Interval) -> str:
    return f"{percent(value)} ({percent(interval.low)} to {percent(interval.high)})"
