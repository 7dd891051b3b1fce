"""Reconstruct: what can the model recover of a masked galaxy?"""

from frontend.features.reconstruct.mask_scrubber import ADDRESS, draw_mask_scrubber
from frontend.ui.blocks import page_title
from frontend.ui.encoders import begun_encoders, first_choice, nothing_trained
from frontend.ui.own_dataset import draw_missing
from frontend.ui.session import client
from shared.contract import endpoints

QUESTION = "What can the model recover of a masked galaxy?"


def show() -> None:
    """The viewer, or the empty state."""
    page_title("Reconstruct", QUESTION)
    runs = list(begun_encoders(with_decoder=True).values())
    if not runs:
        nothing_trained("Launch a run; reconstructions appear with its first checkpoint.")
        return
    view = ADDRESS.current()
    if view.run is None:
        view = view.model_copy(update={"run": first_choice(runs)})
    datasets = client().call(endpoints.LIST_DATASETS)
    shown = next((run for run in runs if run.id == view.run), None)
    if shown is not None and view.dataset is None and view.upload is None:
        draw_missing(shown, datasets, "You can upload an image with Image…")
    draw_mask_scrubber(view, runs, datasets)
