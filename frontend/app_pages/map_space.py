"""Which encoder puts which galaxies where: the selects above the map."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from frontend.app_pages.map_url import Beside, Look, change_beside, change_look, change_space
from frontend.client import ApiError
from frontend.session import client
from frontend.wording import count, dataset_title
from shared.base.states import RunState
from shared.contract.datasets import Dataset
from shared.contract.maps import MapState
from shared.contract.reconstruction import Checkpoints
from shared.contract.runs import Run

KEY = "map_"
METHODS = {"pca": "PCA", "tsne": "t-SNE"}
METHOD_HELP = "PCA: the plane of most variance, made at once. t-SNE: neighbours stay near; takes minutes."
BESIDE_HELP = "A second map of the same galaxies, by another encoder or made another way."
TURNED_HELP = (
    "The second space is turned and mirrored as a whole, nothing scaled, until its galaxies are as near as "
    "can be to those of the first, and seen in the first's plane. Off: its own plane of most variance."
)
POOLING_HELP = "How tokens became one vector: mean of the patches, class token, or both side by side."


def draw_space(
    look: Look,
    encoders: Mapping[str, Run],
    datasets: Mapping[str, Dataset],
    state: MapState,
    second: MapState | None,
) -> None:
    """Encoder, checkpoint, dataset, depth, pooling and method; each shows what the address says. The same for
    the map beside, where `second` is None when there cannot be one."""
    channels = len(datasets[state.embeddings.dataset].bands)
    fitting = [name for name, dataset in datasets.items() if len(dataset.bands) == channels]
    steps = client().list_checkpoints(state.embeddings.run)
    with st.container(key="map_space", horizontal=True, vertical_alignment="bottom"):
        first = Choices(KEY, change_space)
        first.choice("run", list(encoders), look.run, "encoder", _titles(encoders), 300, checkpoint="best")
        first.choice("checkpoint", _steps(steps), look.checkpoint, "checkpoint", _step_words(steps), 170)
        if len(fitting) > 1:
            titles = {name: dataset_title(name, datasets[name].simulated) for name in fitting}
            first.choice(
                "dataset", fitting, state.embeddings.dataset, "galaxies of", titles, 200, galaxy=None
            )
        _draw_features(first, state.embeddings.depth, state.embeddings.layers, look.pooling)
        first.method(look.method)
        if look.beside is None:
            st.button("Beside…", help=BESIDE_HELP, on_click=lambda: change_beside(**_next(look, encoders)))
    if look.beside is not None:
        layers = second.embeddings.layers if second else look.beside.depth or 1
        _draw_beside(look, look.beside, encoders, layers)


def _next(look: Look, encoders: Mapping[str, Run]) -> dict[str, Any]:
    """The next encoder of the list; where there is one only, its other pooling."""
    others = [run for run in encoders if run != look.run]
    if others:
        return {"run": others[0], "pooling": look.pooling, "method": look.method}
    same = look.model_dump(include={"run", "checkpoint", "depth", "method"})
    return same | {"pooling": "mean" if look.pooling == "cls" else "cls"}


def _draw_beside(look: Look, beside: Beside, encoders: Mapping[str, Run], layers: int) -> None:
    """The same for the second map, and whether it is turned onto the first."""
    steps = _checkpoints(beside.run)
    with st.container(key="map_beside", horizontal=True, vertical_alignment="bottom"):
        second = Choices(KEY + "beside_", change_beside)
        runs = list(encoders) if beside.run in encoders else [beside.run, *encoders]
        second.choice(
            "run", runs, beside.run, "beside: encoder", _titles(encoders), 300, checkpoint="best", depth=None
        )
        second.choice("checkpoint", _steps(steps), beside.checkpoint, "checkpoint", _step_words(steps), 170)
        _draw_features(second, beside.depth or layers, layers, beside.pooling)
        second.method(beside.method)
        if look.method == beside.method == "pca":
            _turn(look)
        st.button("One map", on_click=lambda: change_look(beside=None, view2=None))


def _checkpoints(run: str) -> Checkpoints:
    """None where the run is gone; the second map says so."""
    try:
        return client().list_checkpoints(run)
    except ApiError:
        return Checkpoints(steps=[], epochs=[], last=None, best=None)


def _turn(look: Look) -> None:
    key = KEY + "turned"
    st.session_state[key] = look.turned
    st.toggle(
        "turned onto the first",
        key=key,
        help=TURNED_HELP,
        on_change=lambda: change_look(turned=st.session_state[key], view2=None),
    )


def _draw_features(choices: "Choices", depth: int, layers: int, pooling: str) -> None:
    depths = {block: f"{block} of {layers}" for block in range(1, layers + 1)}
    choices.choice("depth", list(depths), depth, "block", depths, 110)
    choices.choice("pooling", ["mean", "cls", "both"], pooling, "pooling", {}, 110, help=POOLING_HELP)


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


@dataclass(frozen=True)
class Choices:
    """Selects of one space; `take` hears what changed, under the names of its fields."""

    key: str
    take: Callable[..., None]

    def choice(
        self,
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
        """A select of one field; `also` is what falls back with a change of it."""
        key = self.key + field
        st.session_state[key] = value if value in options else options[0]
        st.selectbox(
            label,
            options,
            format_func=lambda option: words.get(option, str(option)),
            key=key,
            on_change=lambda: self.take(**{field: st.session_state[key]}, **also),
            width=width,
            help=help,
        )

    def method(self, method: str) -> None:
        """How the space became two dimensions."""
        key = self.key + "method"
        st.session_state[key] = method
        st.segmented_control(
            "projection",
            list(METHODS),
            format_func=METHODS.__getitem__,
            key=key,
            required=True,
            on_change=lambda: self.take(method=st.session_state[key]),
            help=METHOD_HELP,
        )
