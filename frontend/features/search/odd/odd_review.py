"""Reviewing odd galaxies one at a time: rating, flagging, undo, and learning from ratings."""

from collections.abc import Sequence

from frontend.features.search.galaxy_search import search_data
from frontend.features.search.url import OddView
from frontend.ui.browser_view import BrowserView
from frontend.ui.components import load_component
from shared.contract.datasets import Dataset
from shared.contract.runs import Run
from shared.contract.search import EmbeddingState

KEY = "odd_review"
_REVIEW = load_component(__file__)
ADDRESS = BrowserView(OddView)


def draw_odd_review(
    view: OddView, runs: Sequence[Run], datasets: Sequence[Dataset], state: EmbeddingState | None
) -> None:
    """Draw the review; the browser exchanges galaxies and ratings with the API."""
    ADDRESS.mount(_REVIEW, KEY, view, search_data(runs, datasets, state))
