"""Map: how does the encoder arrange the galaxies?"""

from collections.abc import Mapping, Sequence

import streamlit as st

from frontend.features.map.galaxy_map import draw_galaxy_map
from frontend.features.map.jobs import offer_embeddings, offer_every_checkpoint, offer_tsne
from frontend.features.map.second import beside_caption, map_source, offer_second, second_map
from frontend.features.map.space import draw_space
from frontend.features.map.url import ADDRESS, MapView
from frontend.ui.blocks import guarded, page_title, wrong
from frontend.ui.encoders import begun_encoders, nothing_trained, settle_run
from frontend.ui.evaluation_rows import name_evaluation
from frontend.ui.own_dataset import draw_missing, draw_no_datasets, own_dataset
from frontend.ui.session import client
from frontend.ui.wording import count, percent
from shared.base.vocabulary import Basis
from shared.contract import endpoints
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation
from shared.contract.maps import OF_EVALUATION, ColourBy, MapRequest, MapState

QUESTION = "How does the encoder arrange the galaxies?"


def show() -> None:
    """The map of a dataset by one encoder, or the jobs that create it."""
    page_title("Map", QUESTION)
    encoders = begun_encoders()
    if not encoders:
        nothing_trained("Launch a run; the map shows the features of its encoder.")
        return
    view = ADDRESS.current()
    view = view.model_copy(update={"run": settle_run(ADDRESS, view.run, encoders)})
    datasets = {dataset.name: dataset for dataset in client().call(endpoints.LIST_DATASETS)}
    run = encoders[str(view.run)]
    if not datasets:
        draw_no_datasets(run)
        return
    if view.dataset is None and own_dataset(run, datasets.values()) is None:
        draw_missing(run, datasets.values(), "")
        view = view.model_copy(update={"dataset": next(iter(datasets))})
    state = client().call(endpoints.GET_MAP, **_request(view).model_dump())
    second, problem = second_map(view, state)
    draw_space(view, encoders, datasets, state, second)
    if not state.embeddings.ready:
        offer_embeddings(state.embeddings)
        return
    if view.method == "tsne" and not state.ready:
        offer_tsne(state)
        state = client().call(
            endpoints.GET_MAP, **_request(view.model_copy(update={"method": "pca"})).model_dump()
        )
    if problem:
        wrong(problem)
    beside = offer_second(view, state, second) if second else None
    names = {run.id: run.name or run.id for run in encoders.values()}
    st.fragment(guarded)(lambda: _draw_map(state, beside, datasets[state.embeddings.dataset], names))
    offer_every_checkpoint(state, encoders[state.embeddings.run])


def _request(view: MapView) -> MapRequest:
    return MapRequest(**view.space().model_dump(), method=view.method)


def _draw_map(state: MapState, beside: MapState | None, dataset: Dataset, names: Mapping[str, str]) -> None:
    view = ADDRESS.current()
    evaluations = _evaluations(state, dataset)
    colours = [by for by in ColourBy if _can_colour(by, dataset, evaluations)]
    if view.colour not in colours:
        view = view.model_copy(update={"colour": colours[0]})
    draw_galaxy_map(
        map_source(state, names),
        map_source(beside, names, state if beside.aligned is not None else None) if beside else None,
        dataset,
        view,
        steps=state.steps if state.method == "pca" else [],
        colours=colours,
        evaluations=[(one.id, f"{name_evaluation(one)} · {percent(one.accuracy)}") for one in evaluations],
    )
    st.caption(caption(state))
    if beside is not None:
        st.caption(beside_caption(beside))


def _evaluations(state: MapState, dataset: Dataset) -> list[Evaluation]:
    """Evaluations with predictions for these galaxies: of the encoder, newest first, then its references."""
    found = client().call(endpoints.LIST_EVALUATIONS, encoder=state.embeddings.run)
    same = [one for one in found if one.dataset_digest == dataset.digest and one.head is not None]
    return sorted(same, key=lambda one: one.basis is not Basis.ENCODER)


def _can_colour(by: ColourBy, dataset: Dataset, evaluations: Sequence[Evaluation]) -> bool:
    if by is ColourBy.CLASS:
        return bool(dataset.class_names)
    if by is ColourBy.REDSHIFT:
        return dataset.redshift_range is not None
    if by is ColourBy.FLAGGED:
        return bool(client().call(endpoints.LIST_LABEL_FLAGS, name=dataset.name))
    if by is ColourBy.RATING:
        return bool(client().call(endpoints.LIST_RATINGS, name=dataset.name))
    return bool(evaluations) if by in OF_EVALUATION else True


def caption(state: MapState) -> str:
    """What the map shows, and how far it can be interpreted."""
    n = count(state.embeddings.n)
    if state.method == "tsne":
        return (
            f"{n} galaxies of all splits; t-SNE of standardised features with perplexity 30. Neighbourhoods "
            "are meaningful; distances between groups and their sizes are not."
        )
    seen = percent(sum(state.shares))
    return (
        f"{n} galaxies of all splits; principal components of standardised, unit-length features. At step "
        f"{count(state.embeddings.step)} the plane explains {seen} of the variance: galaxies close together "
        "here may be far apart in the other dimensions."
    )
