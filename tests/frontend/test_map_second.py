"""What is asked of the server for the map beside the first, and how it is named."""

from frontend.app_pages.map_second import drawn, second_request
from frontend.app_pages.map_url import Beside, Look
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


def test_of_two_pcas_the_second_is_turned_onto_the_first_unless_that_is_not_wanted() -> None:
    beside = Beside(run="calm-arm-7", checkpoint="last", pooling="cls")
    look = Look(run="quiet-spiral-12", beside=beside)
    first, plain = state_of("quiet-spiral-12"), MapRequest(**beside.space("sky").model_dump())
    turned = second_request(look, first, "pca")
    assert (turned.aligned, turned.aligned_run, turned.aligned_depth) == ("700", "quiet-spiral-12", 3)
    assert turned.aligned_pooling == "mean"
    assert second_request(look.model_copy(update={"turned": False}), first, "pca") == plain
    assert second_request(look, state_of("quiet-spiral-12", "tsne"), "pca") == plain
    assert second_request(look, first, "tsne").aligned is None


def test_a_turned_map_says_so_and_its_axes_are_those_of_the_first() -> None:
    shown = drawn(state_of("calm-arm-7", aligned=700), {"calm-arm-7": "seed 1"}, state_of("quiet-spiral-12"))
    assert (shown.title, shown.note) == ("seed 1", "block 3 of 4 · mean · PCA, turned")
    assert shown.axes == [
        "first map's PC 1, 25.0 % of the variance",
        "first map's PC 2, 12.5 % of the variance",
    ]
    assert (shown.request.aligned, shown.request.aligned_run) == ("700", "quiet-spiral-12")
