"""The address of the Search page holds its whole state."""

from frontend.features.search.url import OddView, SearchAddress, SearchView
from shared.base.vocabulary import Split
from shared.contract.search import OtherEncoder


def test_a_view_is_its_address_and_back() -> None:
    view = SearchView(
        run="quiet-spiral-12", checkpoint="700", dataset="sky", depth=3, pooling="both",
        other=OtherEncoder(run="calm-arm-7", checkpoint="last", depth=2, pooling="cls"), row=17, plus=(3, 5),
        minus=(8,), trail=(1, 2), k=64, tile=96, least=True, label="Merging", split=Split.VAL, zmin=0.01,
        zmax=0.25, pmin=0.2, pmax=0.4, near=12.5, trivial=True,
    )  # fmt: skip
    query = view.to_query()
    assert (query["plus"], query["minus"], query["trail"]) == ("3.5", "8", "1.2")
    assert query["with"] == "calm-arm-7:last:2:cls"
    assert (query["least"], query["zmin"], query["split"]) == ("yes", "0.01", "val")
    assert SearchView.from_query(query) == view


def test_what_is_as_by_default_is_not_in_the_address() -> None:
    assert SearchView(run="quiet-spiral-12", row=0).to_query() == {"run": "quiet-spiral-12", "row": "0"}
    assert SearchView.from_query({}) == SearchView()


def test_an_upload_wins_over_a_row_and_what_cannot_be_meant_is_left_out() -> None:
    query = {
        "upload": "ab",
        "row": "5",
        "k": "7000",
        "pooling": "max",
        "plus": "1.x",
        "minus": "4",
        "zz": "1",
        "with": "calm-arm-7:newest",
    }
    assert SearchView.from_query(query) == SearchView(upload="ab", minus=(4,))


def test_the_views_share_space_and_filters_and_each_keeps_its_own() -> None:
    odd = OddView(view="odd", run="quiet-spiral-12", depth=3, split="val", by="mislabel", k=10, row=7)
    query = odd.to_query()
    assert query == {
        "view": "odd", "run": "quiet-spiral-12", "depth": "3", "split": "val", "by": "mislabel", "k": "10",
        "row": "7",
    }  # fmt: skip
    assert OddView.from_query(query) == odd
    shared = SearchAddress.from_query(query)
    assert (shared.view, shared.run, shared.depth, shared.split, shared.row) == (
        "odd", "quiet-spiral-12", 3, "val", 7,
    )  # fmt: skip
    assert OddView.from_query({"by": "beauty", "k": "0", "learn": "flags"}) == OddView(learn="flags")
