"""Eight galaxies of the first batch, augmented and masked."""

from collections.abc import Mapping
from typing import Any

from frontend.ui.components import load_component
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.endpoints import API
from shared.contract.runs import RunRequest

_BATCH = load_component(__file__)
COLUMNS = 8
FIRST_BATCH_FIELDS = frozenset(
    "dataset pretrain_rows crop_size img_size patch_size mask_ratio flip rotate90 crop_scale_min "
    "colour_jitter batch_size seed device".split()
)
"""Fields that affect the first batch; others do not trigger a new request."""


def first_batch_path(values: Mapping[str, Any]) -> str:
    """The path of the image for these form values, from the API."""
    config = {name: values[name] for name in sorted(FIRST_BATCH_FIELDS)}
    request = RunRequest(kind=RunKind.PRETRAIN, config=config)
    return endpoints.FIRST_BATCH.url(request=request).removeprefix(API)


def draw_first_batch(values: Mapping[str, Any], *, fits: bool) -> None:
    """Draw the image for these values; invalid values keep the last image, dimmed."""
    data = {
        "path": first_batch_path(values) if fits else None,
        "columns": COLUMNS,
        "img_size": values["img_size"],
        "mask_ratio": values["mask_ratio"],
    }
    _BATCH(data=data, key="first_batch")
