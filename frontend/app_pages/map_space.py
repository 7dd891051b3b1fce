"""Which encoder puts which galaxies where: the selects above the map."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from frontend.app_pages.map_url import Look, change_space
from frontend.session import client
from frontend.wording import count, dataset_title
from shared.datasets import Dataset
from shared.explore import Checkpoints
from shared.maps import MapState
from shared.runs import Run, RunState

KEY = "map_"
METHODS = {"pca": "PCA", "tsne": "t-SNE"}
METHOD_HELP = "PCA: the plane of most variance, made at once. t-SNE: neighbours stay near; takes minutes."
POOLING_HELP = "How tokens became one vector: mean of the patches, class token, or both side by side."


def draw_space(
    look: Look, encoders: Mapping[str, Run], datasets: Mapping[str, Dataset], state: MapState
) -> None:
    """Encoder, checkpoint, dataset, depth, pooling and method; each shows what the address says."""
    channels = len(datasets[state.embeddings.dataset].bands)
    fitting = [name for name, dataset in datasets.items() if len(dataset.bands) == channels]
    steps = client().list_checkpoints(state.embeddings.run)
    with st.container(key="map_space", horizontal=True, vertical_alignment="bottom"):
        _choice("run", list(encoders), look.run, "encoder", _titles(encoders), 300, checkpoint="best")
        _choice("checkpoint", _steps(steps), look.checkpoint, "checkpoint", _step_words(steps), 170)
        if len(fitting) > 1:
            titles = {name: dataset_title(name, datasets[name].simulated) for name in fitting}
            _choice("dataset", fitting, state.embeddings.dataset, "galaxies of", titles, 200, galaxy=None)
        layers = state.embeddings.layers
        depths = {depth: f"{depth} of {layers}" for depth in range(1, layers + 1)}
        _choice("depth", list(depths), state.embeddings.depth, "block", depths, 110)
        _choice("pooling", ["mean", "cls", "both"], look.pooling, "pooling", {}, 110, help=POOLING_HELP)
        _method(look)


def _titles(encoders: Mapping[str, Run]) -> dict[str, str]:
    def words(run: Run) -> str:
        state = "" if run.state is RunState.SUCCEEDED else run.state.value
        return " · ".join(word for word in (run.name or run.id, run.dataset or "", state) if word)

    return {run.id: words(run) for run in encoders.values()}


def _steps(steps: Checkpoints) -> list[str]:
    return ["best", "last", *(str(step) for step in reversed(steps.steps))]


def _step_words(steps: Checkpoints) -> dict[str, str]:
    named = {"best": steps.best if steps.best is not None else steps.last, "last": steps.last}
    words = {name: f"{name} · step {count(step)}" for name, step in named.items() if step is not None}
    return words | {str(step): f"step {count(step)}" for step in steps.steps}


def _choice(
    field: str,
    options: list[Any],
    value: Any,
    label: str,
    words: Mapping[Any, str],
    width: int,
    *,
    help: str | None = None,
    **also: Any,
) -> None:
    """A select of one field of the look; `also` is what falls back with a change of it."""
    key = KEY + field
    st.session_state[key] = value if value in options else options[0]

    def take() -> None:
        change_space(**{field: st.session_state[key]}, **also)

    st.selectbox(
        label,
        options,
        format_func=lambda option: words.get(option, str(option)),
        key=key,
        on_change=take,
        width=width,
        help=help,
    )


def _method(look: Look) -> None:
    key = KEY + "method"
    st.session_state[key] = look.method
    st.segmented_control(
        "projection",
        list(METHODS),
        format_func=METHODS.__getitem__,
        key=key,
        required=True,
        on_change=lambda: change_space(method=st.session_state[key]),
        help=METHOD_HELP,
    )
