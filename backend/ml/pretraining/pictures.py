"""Drawing galaxies and masks as one picture of tiles."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from backend.ml.mae.patches import unpatchify
from backend.ml.runtime.contracts import Pixels

REMOVED_GREY = 72


def hide_removed(rgb: Pixels, mask: Tensor, patch_size: int) -> Pixels:
    """(N, H, W, 3) with removed patches, mask (N, L), in an even grey."""
    values = mask.unsqueeze(-1).expand(-1, -1, patch_size**2)
    removed = unpatchify(values, patch_size)[:, 0].bool().cpu().numpy()  # (N, H, W)
    return np.where(removed[..., None], np.uint8(REMOVED_GREY), rgb)


def sprite(rows: Sequence[Iterable[Pixels]]) -> Pixels:
    """Tiles (H, W, 3), N in each row, laid out as one picture (rows · H, N · W, 3)."""
    return np.concatenate([np.concatenate(list(tiles), axis=1) for tiles in rows], axis=0)


def picture_file(picture: Pixels, **options: Any) -> bytes:
    """A picture (H, W, 3) as a file; `options` are those of Pillow: its format, how it is compressed."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, **options)
    return buffer.getvalue()
