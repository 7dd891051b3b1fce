"""The map beside the first: what is asked for it, and how it is named."""

from collections.abc import Mapping, Sequence
from typing import Any

from frontend.app_pages.map_jobs import offer_embeddings, offer_tsne
from frontend.app_pages.map_space import METHODS
from frontend.app_pages.map_url import Look
from frontend.client import ApiError
from frontend.components.galaxy_map import Drawn
from frontend.session import client
from frontend.wording import percent
from shared.contract.maps import MapRequest, MapState, Method


def second_map(look: Look, first: MapState) -> tuple[MapState | None, str]:
    """The state of the map beside, in the dataset of the first; None and why where there cannot be one."""
    if look.beside is None:
        return None, ""
    try:
        return client().get_map(second_request(look, first, look.beside.method)), ""
    except ApiError as error:
        return None, error.detail


def second_request(look: Look, first: MapState, method: Method) -> MapRequest:
    """Of two PCAs the second is turned onto the first, unless the look says otherwise."""
    assert look.beside is not None
    values: dict[str, Any] = look.beside.space(first.embeddings.dataset).model_dump() | {"method": method}
    turned = look.turned and method == first.method == "pca"
    return MapRequest.model_validate(values | (turned_onto(first) if turned else {}))


def turned_onto(first: MapState) -> dict[str, str | int]:
    """The fields of a request that turn it onto another map."""
    of = first.embeddings
    return {
        "aligned": str(of.step),
        "aligned_run": of.run,
        "aligned_depth": of.depth,
        "aligned_pooling": of.pooling,
    }


def offer_second(look: Look, first: MapState, second: MapState) -> MapState | None:
    """The second map as it can be drawn now: None where its galaxies are not embedded yet, its PCA where its
    t-SNE is not made; the job that is missing is offered."""
    if not second.embeddings.ready:
        offer_embeddings(second.embeddings)
        return None
    if second.method == "tsne" and not second.ready:
        offer_tsne(second)
        return client().get_map(second_request(look, first, "pca"))
    return second


def drawn(state: MapState, names: Mapping[str, str], onto: MapState | None = None) -> Drawn:
    """What the browser draws of a state, turned onto another."""
    of = state.embeddings
    request = MapRequest(
        run=of.run,
        checkpoint=str(of.step),
        dataset=of.dataset,
        depth=of.depth,
        pooling=of.pooling,
        method=state.method,
    ).model_copy(update=turned_onto(onto) if onto else {})
    words = (f"block {of.depth} of {of.layers}", of.pooling, METHODS[state.method])
    note = " · ".join(words)
    axes = axis_words(state.shares, "first map's PC" if onto else "PC")
    return Drawn(request, names.get(of.run, of.run), note + (", turned" if onto else ""), axes)


def axis_words(shares: Sequence[float], name: str = "PC") -> list[str] | None:
    """Names of the axes with what they hold of the variance; None where the axes mean nothing."""
    return [
        f"{name} {i}, {percent(share)} of the variance" for i, share in enumerate(shares, start=1)
    ] or None


def beside_caption(second: MapState) -> str:
    """How far two maps may be compared by eye."""
    if second.aligned is not None:
        return (
            "The second space is turned and mirrored as a whole onto the first, nothing is scaled: what lies "
            f"elsewhere lies elsewhere in it, as far as a plane with {percent(sum(second.shares))} of its "
            "variance shows."
        )
    return "The two maps have axes of their own: compare who lies with whom, not where."
