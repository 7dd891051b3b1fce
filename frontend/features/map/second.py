"""The second map: its request, its data for the browser, and its caption."""

from collections.abc import Mapping, Sequence
from typing import Any

from frontend.api.client import ApiError
from frontend.features.map.galaxy_map import MapSource
from frontend.features.map.jobs import offer_embeddings, offer_tsne
from frontend.features.map.space import METHODS
from frontend.features.map.url import MapView
from frontend.ui.session import client
from frontend.ui.wording import percent
from shared.contract import endpoints
from shared.contract.maps import MapRequest, MapState, Method


def second_map(view: MapView, first: MapState) -> tuple[MapState | None, str]:
    """The state of the second map, of the same dataset as the first; None and an error if not possible."""
    if view.beside is None:
        return None, ""
    try:
        return client().call(
            endpoints.GET_MAP, **second_request(view, first, view.beside.method).model_dump()
        ), ""
    except ApiError as error:
        return None, error.detail


def second_request(view: MapView, first: MapState, method: Method) -> MapRequest:
    """The request for the second map; of two PCAs it is aligned to the first, unless switched off."""
    assert view.beside is not None
    values: dict[str, Any] = view.beside.space(first.embeddings.dataset).model_dump() | {"method": method}
    aligned = view.turned and method == first.method == "pca"
    return MapRequest.model_validate(values | (aligned_to(first) if aligned else {}))


def aligned_to(first: MapState) -> dict[str, str | int]:
    """Request fields that align a map to another one."""
    of = first.embeddings
    return {
        "aligned": str(of.step),
        "aligned_run": of.run,
        "aligned_depth": of.depth,
        "aligned_pooling": of.pooling,
    }


def offer_second(view: MapView, first: MapState, second: MapState) -> MapState | None:
    """The second map that can be drawn now: None without embeddings, the PCA without t-SNE. Offers the
    missing job."""
    if not second.embeddings.ready:
        offer_embeddings(second.embeddings)
        return None
    if second.method == "tsne" and not second.ready:
        offer_tsne(second)
        return client().call(endpoints.GET_MAP, **second_request(view, first, "pca").model_dump())
    return second


def map_source(state: MapState, names: Mapping[str, str], onto: MapState | None = None) -> MapSource:
    """A map for the browser, optionally aligned to another one."""
    of = state.embeddings
    request = MapRequest(
        run=of.run,
        checkpoint=str(of.step),
        dataset=of.dataset,
        depth=of.depth,
        pooling=of.pooling,
        method=state.method,
    ).model_copy(update=aligned_to(onto) if onto else {})
    words = (f"block {of.depth} of {of.layers}", of.pooling, METHODS[state.method])
    note = " · ".join(words)
    axes = axis_words(state.shares, "First-map PC" if onto else "PC")
    return MapSource(request, names.get(of.run, of.run), note + (", aligned" if onto else ""), axes)


def axis_words(shares: Sequence[float], name: str = "PC") -> list[str] | None:
    """Axis names with explained variance; None for meaningless axes."""
    return [
        f"{name} {i}, {percent(share)} of the variance" for i, share in enumerate(shares, start=1)
    ] or None


def beside_caption(second: MapState) -> str:
    """How far two maps can be compared by eye."""
    if second.aligned is not None:
        return (
            "The second space is rotated and reflected onto the first without scaling, so differences in "
            f"position are real, within a plane that explains {percent(sum(second.shares))} of its variance."
        )
    return "The two maps have different axes: compare neighbourhoods, not positions."
