"""The address of the Map page says everything that is looked at, and survives nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.features.map.second import axis_words
from frontend.features.map.url import MapView, SecondMap
from shared.contract.maps import ColourBy

NUMBERS = st.floats(-1e4, 1e4).map(lambda value: f"{round(value, 6):.5g}")
VIEWS = st.builds(
    MapView,
    run=st.one_of(st.none(), st.just("quiet-spiral-12")),
    checkpoint=st.sampled_from(["last", "best", "0", "1200"]),
    dataset=st.one_of(st.none(), st.just("efigi")),
    depth=st.one_of(st.none(), st.integers(1, 24)),
    pooling=st.sampled_from(["mean", "cls", "both"]),
    method=st.sampled_from(["pca", "tsne"]),
    colour=st.sampled_from(list(ColourBy)),
    evaluation=st.one_of(st.none(), st.just("late-mass-7097.encoder-knn-s0")),
    view=st.one_of(st.none(), st.tuples(NUMBERS, NUMBERS, NUMBERS).map(",".join)),
    view2=st.one_of(st.none(), st.tuples(NUMBERS, NUMBERS, NUMBERS).map(",".join)),
    turned=st.booleans(),
    beside=st.one_of(
        st.none(),
        st.builds(
            SecondMap,
            run=st.just("calm-arm-7"),
            checkpoint=st.sampled_from(["best", "1200"]),
            depth=st.one_of(st.none(), st.integers(1, 24)),
            pooling=st.sampled_from(["mean", "cls", "both"]),
            method=st.sampled_from(["pca", "tsne"]),
        ),
    ),
    galaxy=st.one_of(st.none(), st.integers(0, 10**6)),
    step=st.one_of(st.none(), st.integers(0, 10**6)),
)


@given(VIEWS)
def test_an_address_opens_as_the_look_that_wrote_it(view: MapView) -> None:
    assert MapView.from_query(view.to_query()) == view


def test_an_address_leaves_out_what_is_as_usual() -> None:
    view = MapView(run="quiet-spiral-12", colour=ColourBy.REDSHIFT, view="0.1,-0.2,1.5", galaxy=7)
    assert view.to_query() == {
        "run": "quiet-spiral-12",
        "colour": "redshift",
        "view": "0.1,-0.2,1.5",
        "galaxy": "7",
    }


@pytest.mark.parametrize(
    "query",
    [
        {"view": "1,2"},
        {"view": "1,2,x"},
        {"view": "1,2,3,4"},
        {"galaxy": "-1"},
        {"colour": "mood"},
        {"depth": "0"},
        {"method": "umap"},
        {"checkpoint": "newest"},
        {"with": "calm-arm-7:best:0"},
        {"view2": "1,2"},
    ],
)
def test_one_impossible_value_costs_only_itself(query: dict[str, str]) -> None:
    assert MapView.from_query({"run": "quiet-spiral-12", "pooling": "cls"} | query) == MapView(
        run="quiet-spiral-12", pooling="cls"
    )


def test_axes_say_how_much_of_the_variance_they_hold_where_they_are_components() -> None:
    assert axis_words([0.2312, 0.1]) == ["PC 1, 23.1 % of the variance", "PC 2, 10.0 % of the variance"]
    assert axis_words([]) is None
