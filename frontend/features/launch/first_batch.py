"""Eight galaxies of the first batch, augmented and masked."""

from collections.abc import Mapping
from typing import Any

from frontend.ui.components import load_component
from shared.configs.kinds import RunKind
from shared.contract.runs import RunRequest

_BATCH = load_component(__file__)
COLUMNS = 8
FIRST_BATCH_FIELDS = frozenset(
    "dataset pretrain_rows crop_size img_size patch_size mask_ratio flip rotate90 crop_scale_min "
    "colour_jitter batch_size seed device".split()
)
"""Fields that affect the first batch; others do not trigger a new request."""


def first_batch_request(values: Mapping[str, Any]) -> str:
    """The request of the image for these form values, as JSON."""
    config = {name: values[name] for name in sorted(FIRST_BATCH_FIELDS)}
    return RunRequest(kind=RunKind.PRETRAIN, config=config).model_dump_json(exclude_none=True)


def draw_first_batch(values: Mapping[str, Any], *, fits: bool) -> None:
    """Draw the image for these values; invalid values keep the last image, dimmed."""
    data = {
        "request": first_batch_request(values) if fits else None,
        "columns": COLUMNS,
        "mask_ratio": values["mask_ratio"],
    }
    _BATCH(data=data, key="first_batch")
