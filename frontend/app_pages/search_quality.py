"""Whether similar means of the same class, on the Search page: a number beside what it stands against."""

import streamlit as st

from frontend.blocks import guarded, plain, section, table
from frontend.components.job import draw_job
from frontend.session import client
from frontend.wording import count, percent
from shared.base.states import TERMINAL, RunState
from shared.base.vocabulary import Basis
from shared.configs.kinds import RunKind
from shared.contract.evaluations import Interval
from shared.contract.runs import RunRequest
from shared.contract.search import EmbeddingSpace, QualityState, Retrieval, SearchQuality

WORDS = {
    Basis.ENCODER: "this encoder",
    Basis.RANDOM_INIT: "the same at random init",
    Basis.RAW_PIXELS: "raw pixels, 32 × 32",
}
HOW = (
    "A galaxy is what the encoder makes of it: the features of one block, pooled over the patches, each "
    "standardised by the train rows. Two are as similar as the cosine of their features. Several examples "
    "count by their mean: score = mean cosine to those it should be like − ½ · mean cosine to those it "
    "should not. Left out are galaxies of the same source or nearer than 5″, and near-identical images "
    "(cosine 0.9999, or the same picture hash and 0.95)."
)


def draw_quality(space: EmbeddingSpace) -> None:
    """The figures, or the button that measures them."""
    section("Is similar of the same class?")
    guarded(lambda: _draw(client().get_quality(space)))
    with st.expander("How this works"):
        st.markdown(plain(HOW))


def _draw(state: QualityState) -> None:
    if state.quality is not None:
        _draw_figures(state.quality)
        return
    job = client().get_run(state.job) if state.job else None
    if job is not None and job.state not in TERMINAL:
        if draw_job(job.id, "Measuring the search", key="quality_job"):
            st.rerun()
        return
    st.caption(
        "Labelled validation galaxies ask, train galaxies answer: how many of the 16 nearest are of the same "
        "class, beside random init and raw pixels?"
    )
    if job is not None and job.state is RunState.FAILED:
        st.error(plain(f"The last try failed: {job.reason}"))
    if st.button("Measure"):
        client().create_run(RunRequest(kind=RunKind.EMBED, config=state.config.model_dump()))
        st.rerun()


def _draw_figures(quality: SearchQuality) -> None:
    table([figures_row(one, quality.k) for one in quality.found], caption_of(quality))
    with st.expander("By class"):
        table(class_rows(quality), f"Precision at {quality.k} · mean average precision, by class")


def caption_of(quality: SearchQuality) -> str:
    """What was asked, and what a search that knows nothing would come to."""
    return (
        f"{count(quality.n)} validation galaxies ask, {count(quality.gallery)} train galaxies are the "
        f"gallery; 95 % intervals by bootstrap; by chance {percent(quality.chance)} are of the same class"
    )


def figures_row(one: Retrieval, k: int) -> dict[str, str]:
    """One basis with its figures and intervals."""
    return {
        "features": WORDS[one.basis],
        f"precision at {k}": _with_interval(one.precision, one.precision_ci95),
        "mean average precision": _with_interval(one.mean_average_precision, one.mean_average_precision_ci95),
    }


def class_rows(quality: SearchQuality) -> list[dict[str, str]]:
    """A line a class, with the two figures of each basis."""
    rows = []
    for place, one in enumerate(quality.found[0].classes):
        row = {"class": one.name, "n": count(one.n) + (" (few)" if one.few else "")}
        for found in quality.found:
            own = found.classes[place]
            row[WORDS[found.basis]] = f"{percent(own.precision)} · {percent(own.average_precision)}"
        rows.append(row)
    return rows


def _with_interval(value: float, interval: Interval) -> str:
    return f"{percent(value)} ({percent(interval.low)} to {percent(interval.high)})"
