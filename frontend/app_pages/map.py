"""Map: how does it order the sky?"""

from collections.abc import Mapping, Sequence

import streamlit as st

from frontend.app_pages.map_jobs import offer_embeddings, offer_every_checkpoint, offer_tsne
from frontend.app_pages.map_second import beside_caption, drawn, offer_second, second_map
from frontend.app_pages.map_space import draw_space
from frontend.app_pages.map_url import Look, change_look, current_look, take_look, told
from frontend.blocks import guarded, page_title, wrong
from frontend.components.galaxy_map import draw_galaxy_map
from frontend.encoders import begun_encoders, first_choice, nothing_trained
from frontend.evaluation_rows import name_evaluation
from frontend.own_dataset import draw_missing, draw_no_datasets, own_dataset
from frontend.session import client
from frontend.wording import count, percent
from shared.base.vocabulary import Basis
from shared.contract.datasets import Dataset
from shared.contract.evaluations import Evaluation
from shared.contract.maps import OF_EVALUATION, ColourBy, MapRequest, MapState
from shared.contract.runs import Run

QUESTION = "How does it order the sky?"


def show() -> None:
    """The map of a dataset by one encoder; how to make it where there is none."""
    page_title("Map", QUESTION)
    encoders = begun_encoders()
    if not encoders:
        nothing_trained("Launch a run; its encoder draws the map.")
        return
    look = _settle(current_look(), encoders)
    datasets = {dataset.name: dataset for dataset in client().list_datasets()}
    run = encoders[str(look.run)]
    if not datasets:
        draw_no_datasets(run)
        return
    if look.dataset is None and own_dataset(run, datasets.values()) is None:
        draw_missing(run, datasets.values(), "")
        look = look.model_copy(update={"dataset": next(iter(datasets))})
    state = client().get_map(_request(look))
    second, problem = second_map(look, state)
    draw_space(look, encoders, datasets, state, second)
    if not state.embeddings.ready:
        offer_embeddings(state.embeddings)
        return
    if look.method == "tsne" and not state.ready:
        offer_tsne(state)
        state = client().get_map(_request(look.model_copy(update={"method": "pca"})))
    if problem:
        wrong(problem)
    beside = offer_second(look, state, second) if second else None
    names = {run.id: run.name or run.id for run in encoders.values()}
    st.fragment(guarded)(lambda: _draw_map(state, beside, datasets[state.embeddings.dataset], names))
    offer_every_checkpoint(state, encoders[state.embeddings.run])


def _settle(look: Look, encoders: Mapping[str, Run]) -> Look:
    """The look with a run: the address's, the selected one, or the newest that has something to show."""
    if look.run not in encoders:
        look = look.model_copy(update={"run": first_choice(encoders.values())})
    if st.query_params.get("run") != look.run:
        st.session_state["selected_run"] = look.run
        change_look(run=look.run)
        st.rerun()  # so that the header names it
    return look


def _request(look: Look) -> MapRequest:
    return MapRequest(**look.space().model_dump(), method=look.method)


def _draw_map(state: MapState, beside: MapState | None, dataset: Dataset, names: Mapping[str, str]) -> None:
    look = current_look()
    evaluations = _evaluations(state, dataset)
    colours = [by for by in ColourBy if _can_colour(by, dataset, evaluations)]
    if look.colour not in colours:
        look = look.model_copy(update={"colour": colours[0]})
    draw_galaxy_map(
        drawn(state, names),
        drawn(beside, names, state if beside.aligned is not None else None) if beside else None,
        dataset,
        look.in_browser(),
        told(look),
        steps=state.steps if state.method == "pca" else [],
        colours=colours,
        evaluations=[(one.id, f"{name_evaluation(one)} · {percent(one.accuracy)}") for one in evaluations],
        on_look=take_look,
    )
    st.caption(caption(state))
    if beside is not None:
        st.caption(beside_caption(beside))


def _evaluations(state: MapState, dataset: Dataset) -> list[Evaluation]:
    """Those with predictions of just these galaxies: of the encoder, newest first, then its references."""
    found = client().list_evaluations(encoder=state.embeddings.run)
    same = [one for one in found if one.dataset_digest == dataset.digest and one.head is not None]
    return sorted(same, key=lambda one: one.basis is not Basis.ENCODER)


def _can_colour(by: ColourBy, dataset: Dataset, evaluations: Sequence[Evaluation]) -> bool:
    if by is ColourBy.CLASS:
        return bool(dataset.class_names)
    if by is ColourBy.REDSHIFT:
        return dataset.redshift_range is not None
    if by is ColourBy.FLAGGED:
        return bool(client().list_label_flags(dataset.name))
    if by is ColourBy.RATING:
        return bool(client().list_ratings(dataset.name))
    return bool(evaluations) if by in OF_EVALUATION else True


def caption(state: MapState) -> str:
    """What the map is, and how far it may be read."""
    n = count(state.embeddings.n)
    if state.method == "tsne":
        return (
            f"{n} galaxies of every split, t-SNE of standardised features at perplexity 30: neighbours stay "
            "near; distances between groups, and their sizes, mean little."
        )
    seen = percent(sum(state.shares))
    return (
        f"{n} galaxies of every split, principal components of standardised features of length 1. At step "
        f"{count(state.embeddings.step)} the plane holds {seen} of their variance: what lies together here "
        "may be apart in the rest."
    )
