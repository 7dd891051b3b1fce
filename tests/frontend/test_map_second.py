"""The request and the names of the second map."""

from frontend.features.map.second import map_source, second_request
from frontend.features.map.url import MapView, SecondMap
from shared.configs import EmbedConfig
from shared.contract.maps import MapRequest, MapState, Method
from shared.contract.search import EmbeddingState


def state_of(run: str, method: Method = "pca", aligned: int | None = None) -> MapState:
    embeddings = EmbeddingState(
        run=run, step=700, dataset="sky", depth=3, layers=4, pooling="mean", n=60, width=32, ready=True,
        job=None, config=EmbedConfig(encoder=run),
    )  # fmt: skip
    return MapState(
        embeddings=embeddings, method=method, aligned=aligned, ready=True, shares=[0.25, 0.125], job=None,
        config=None, why_not=None, steps=[],
    )  # fmt: skip


def test_the_second_of_two_pcas_is_aligned_to_the_first_unless_switched_off() -> None:
    beside = SecondMap(run="calm-arm-7", checkpoint="last", pooling="cls")
    view = MapView(run="quiet-spiral-12", beside=beside)
    first, plain = state_of("quiet-spiral-12"), MapRequest(**beside.space("sky").model_dump())
    turned = second_request(view, first, "pca")
    assert (turned.aligned, turned.aligned_run, turned.aligned_depth) == ("700", "quiet-spiral-12", 3)
    assert turned.aligned_pooling == "mean"
    assert second_request(view.model_copy(update={"turned": False}), first, "pca") == plain
    assert second_request(view, state_of("quiet-spiral-12", "tsne"), "pca") == plain
    assert second_request(view, first, "tsne").aligned is None


def test_an_aligned_map_is_named_so_and_has_the_axes_of_the_first() -> None:
    shown = map_source(
        state_of("calm-arm-7", aligned=700), {"calm-arm-7": "seed 1"}, state_of("quiet-spiral-12")
    )
    assert (shown.title, shown.note) == ("seed 1", "block 3 of 4 · mean · PCA, aligned")
    assert shown.axes == [
        "First-map PC 1, 25.0 % of the variance",
        "First-map PC 2, 12.5 % of the variance",
    ]
    assert (shown.request.aligned, shown.request.aligned_run) == ("700", "quiet-spiral-12")
