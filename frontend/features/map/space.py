"""The selects above the map: encoder, checkpoint, dataset, features and projection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from frontend.api.client import ApiError
from frontend.features.map.url import ADDRESS, MapView, SecondMap, change_beside, change_space
from frontend.ui.session import client
from frontend.ui.wording import count, dataset_title
from shared.base.states import RunState
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.maps import MapState
from shared.contract.reconstruction import Checkpoints
from shared.contract.runs import Run

KEY = "map_"
METHODS = {"pca": "PCA", "tsne": "t-SNE"}
METHOD_HELP = "PCA: the plane of largest variance, immediate. t-SNE: preserves neighbourhoods, takes minutes."
BESIDE_HELP = "A second map of the same galaxies with another encoder or other settings."
ALIGN_HELP = (
    "Rotates and reflects the second space, without scaling, so that its galaxies are as close as possible "
    "to those of the first, and shows it in the plane of the first. Off: its own plane of largest variance."
)
POOLING_HELP = "How tokens are combined into one vector: mean of the patches, class token, or both."


def draw_space(
    view: MapView,
    encoders: Mapping[str, Run],
    datasets: Mapping[str, Dataset],
    state: MapState,
    second: MapState | None,
) -> None:
    """Selects for encoder, checkpoint, dataset, depth, pooling and method, showing the values in the address;
    the same for a second map. `second` is None if it is not possible."""
    channels = len(datasets[state.embeddings.dataset].bands)
    compatible = [name for name, dataset in datasets.items() if len(dataset.bands) == channels]
    steps = client().call(endpoints.LIST_CHECKPOINTS, run_id=state.embeddings.run)
    with st.container(key="map_space", horizontal=True, vertical_alignment="bottom"):
        first = Choices(KEY, change_space)
        first.choice("run", list(encoders), view.run, "Encoder", _titles(encoders), 300, checkpoint="best")
        first.choice("checkpoint", _steps(steps), view.checkpoint, "Checkpoint", _step_words(steps), 170)
        if len(compatible) > 1:
            titles = {name: dataset_title(name, datasets[name].simulated) for name in compatible}
            first.choice("dataset", compatible, state.embeddings.dataset, "Dataset", titles, 200, galaxy=None)
        _draw_features(first, state.embeddings.depth, state.embeddings.layers, view.pooling)
        first.method(view.method)
        if view.beside is None:
            st.button(
                "Add second map", help=BESIDE_HELP, on_click=lambda: change_beside(**_next(view, encoders))
            )
    if view.beside is not None:
        layers = second.embeddings.layers if second else view.beside.depth or 1
        _draw_beside(view, view.beside, encoders, layers)


def _next(view: MapView, encoders: Mapping[str, Run]) -> dict[str, Any]:
    """The next encoder in the list; if there is only one, the other pooling."""
    others = [run for run in encoders if run != view.run]
    if others:
        return {"run": others[0], "pooling": view.pooling, "method": view.method}
    same = view.model_dump(include={"run", "checkpoint", "depth", "method"})
    return same | {"pooling": "mean" if view.pooling == "cls" else "cls"}


def _draw_beside(view: MapView, beside: SecondMap, encoders: Mapping[str, Run], layers: int) -> None:
    """The same selects for the second map, and whether to align it to the first."""
    steps = _checkpoints(beside.run)
    with st.container(key="map_beside", horizontal=True, vertical_alignment="bottom"):
        second = Choices(KEY + "beside_", change_beside)
        runs = list(encoders) if beside.run in encoders else [beside.run, *encoders]
        second.choice(
            "run", runs, beside.run, "Second encoder", _titles(encoders), 300, checkpoint="best", depth=None
        )
        second.choice("checkpoint", _steps(steps), beside.checkpoint, "Checkpoint", _step_words(steps), 170)
        _draw_features(second, beside.depth or layers, layers, beside.pooling)
        second.method(beside.method)
        if view.method == beside.method == "pca":
            _draw_align(view)
        st.button("Remove second map", on_click=lambda: ADDRESS.change(beside=None, view2=None))


def _checkpoints(run: str) -> Checkpoints:
    """The checkpoints of a run; empty if the run is missing, which the second map reports."""
    try:
        return client().call(endpoints.LIST_CHECKPOINTS, run_id=run)
    except ApiError:
        return Checkpoints(steps=[], epochs=[], last=None, best=None)


def _draw_align(view: MapView) -> None:
    key = KEY + "turned"
    st.session_state[key] = view.turned
    st.toggle(
        "Align to first map",
        key=key,
        help=ALIGN_HELP,
        on_change=lambda: ADDRESS.change(turned=st.session_state[key], view2=None),
    )


def _draw_features(choices: "Choices", depth: int, layers: int, pooling: str) -> None:
    depths = {block: f"{block} of {layers}" for block in range(1, layers + 1)}
    choices.choice("depth", list(depths), depth, "Block", depths, 110)
    choices.choice("pooling", ["mean", "cls", "both"], pooling, "Pooling", {}, 110, help=POOLING_HELP)


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
    """Selects of one space; `on_change` gets the changed fields."""

    key: str
    on_change: Callable[..., None]

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
        """A select for one field; `also` are fields reset by a change."""
        key = self.key + field
        st.session_state[key] = value if value in options else options[0]
        st.selectbox(
            label,
            options,
            format_func=lambda option: words.get(option, str(option)),
            key=key,
            on_change=lambda: self.on_change(**{field: st.session_state[key]}, **also),
            width=width,
            help=help,
        )

    def method(self, method: str) -> None:
        """The select of the projection."""
        key = self.key + "method"
        st.session_state[key] = method
        st.segmented_control(
            "Projection",
            list(METHODS),
            format_func=METHODS.__getitem__,
            key=key,
            required=True,
            on_change=lambda: self.on_change(method=st.session_state[key]),
            help=METHOD_HELP,
        )
