"""The address of the Reconstruct page says everything that is looked at, and survives nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.features.reconstruct.url import ReconstructView, patches_of, ranges_of

PATCHES = st.sets(st.integers(0, 400)).map(lambda found: tuple(sorted(found)))
VIEWS = st.builds(
    ReconstructView,
    run=st.one_of(st.none(), st.just("quiet-spiral-12")),
    checkpoint=st.sampled_from(["last", "best", "0", "1200"]),
    against=st.one_of(st.none(), st.just("late-disc-7")),
    dataset=st.one_of(st.none(), st.just("efigi")),
    row=st.one_of(st.none(), st.integers(0, 10**6)),
    ratio=st.integers(0, 10_000).map(lambda parts: parts / 10_000),
    kind=st.sampled_from(["uniform", "core", "grid"]),
    seed=st.integers(0, 2**31 - 1),
    hidden=st.one_of(st.none(), PATCHES),
    pixels=st.sampled_from(["interpolated", "true", "normalised"]),
    average=st.sampled_from([1, 8, 32]),
    inside=st.one_of(st.none(), st.integers(0, 24)),
    head=st.one_of(st.none(), st.integers(1, 16)),
    patch=st.one_of(st.none(), st.integers(0, 400)),
    overlay=st.booleans(),
)


@given(VIEWS)
def test_an_address_opens_as_the_view_that_wrote_it(view: ReconstructView) -> None:
    assert ReconstructView.from_query(view.to_query()) == view


@given(PATCHES)
def test_ranges_hold_exactly_the_patches(patches: tuple[int, ...]) -> None:
    assert patches_of(ranges_of(patches)) == patches


def test_an_address_reads_like_what_it_shows_and_leaves_out_what_is_as_usual() -> None:
    view = ReconstructView(
        run="quiet-spiral-12", row=7, ratio=0.5, hidden=(0, 1, 2, 8, 10, 11), pixels="true"
    )
    assert view.to_query() == {
        "run": "quiet-spiral-12",
        "row": "7",
        "ratio": "0.5",
        "hidden": "0-2.8.10-11",
        "mode": "true",
    }


def test_a_look_inside_is_in_the_address_and_the_last_layer_is_not_a_closed_fold() -> None:
    assert ReconstructView(inside=0).to_query() == {"inside": "0"}
    assert ReconstructView.from_query({"inside": "0"}).inside == 0
    assert ReconstructView.from_query({}).inside is None
    view = ReconstructView(inside=3, head=2, patch=0, overlay=True)
    assert view.to_query() == {"inside": "3", "head": "2", "patch": "0", "overlay": "yes"}


def test_a_mask_that_hides_nothing_is_not_the_absence_of_a_mask_by_hand() -> None:
    assert ReconstructView(hidden=()).to_query() == {"hidden": "none"}
    assert ReconstructView.from_query({"hidden": "none"}).hidden == ()
    assert ReconstructView.from_query({}).hidden is None


@pytest.mark.parametrize(
    "query",
    [
        {"ratio": "1.5"},
        {"ratio": "half"},
        {"row": "-3"},
        {"checkpoint": "newest"},
        {"kind": "spiral"},
        {"seed": str(2**31)},
        {"hidden": "3-x"},
        {"hidden": "0-99999999999"},
        {"mode": "guessed"},
        {"average": "33"},
        {"inside": "-1"},
        {"inside": "last"},
        {"head": "0"},
        {"patch": "-1"},
        {"patch": "65536"},
        {"overlay": "perhaps"},
    ],
)
def test_one_impossible_value_costs_only_itself(query: dict[str, str]) -> None:
    assert ReconstructView.from_query({"run": "quiet-spiral-12", "kind": "core"} | query) == ReconstructView(
        run="quiet-spiral-12", kind="uniform" if "kind" in query else "core"
    )


def test_an_upload_in_the_address_wins_over_a_row() -> None:
    view = ReconstructView.from_query({"row": "5", "upload": "abc"})
    assert (view.row, view.upload) == (None, "abc")
