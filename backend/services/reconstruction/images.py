"""The input of a model: a row of a dataset, preprocessed as in training, or an uploaded image."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame, read_frame
from backend.data.frames.resize import centre_crop, resize
from backend.data.frames.stretch import Stretch, check_frame
from backend.data.incoming.uploads import UPLOAD_ID, Uploads
from backend.data.layout import Pixels, Rows, evenly_spaced
from backend.data.store import GalaxyStore, load_images, split_rows
from backend.errors import InvalidInputError, NotFoundError
from backend.services.datasets.browsing import Datasets, RowSelection, require_row
from backend.settings import Settings
from shared.base.text import plural
from shared.base.vocabulary import Split
from shared.configs import ImportConfig, ModelConfig
from shared.contract.datasets import Galaxy
from shared.contract.reconstruction import UploadedImage

MAX_UPLOAD_BYTES = 20 * 10**6
MIN_SIDE = 8
STORED_AS = "galaxy.npy"
OWN_STRETCH = ImportConfig(path="upload", name="upload", stretch="asinh", stretch_scope="image")


@dataclass(frozen=True)
class InputImage:
    """pixels (H, W, C) uint8 at the size of the model; to_rgb maps (N, H, W, C) to (N, H, W, 3)."""

    pixels: Pixels
    to_rgb: Callable[[Pixels], Pixels]


def dataset_image(
    datasets: Datasets, name: str, row: int, config: ModelConfig, model_bands: int
) -> InputImage:
    """One row, cropped and resized as in the run. Raises NotFoundError, InvalidInputError."""
    with datasets.use(name) as store:
        require_row(store, name, row)
        _require_bands(model_bands, store.channels, _bands_of(name, store))
        pixels = load_images(store, np.array([row]), config.img_size, config.crop_size)[0]
        return InputImage(pixels, store.rgb)


def sampled_images(
    datasets: Datasets, name: str, split: Split, count: int, config: ModelConfig, model_bands: int
) -> tuple[Rows, Pixels]:
    """At most `count` rows of a split, evenly taken, and their images (N, H, W, C) as in `dataset_image`."""
    with datasets.use(name) as store:
        _require_bands(model_bands, store.channels, _bands_of(name, store))
        rows = evenly_spaced(split_rows(store, split), count)
        return rows, load_images(store, rows, config.img_size, config.crop_size)


def uploaded_image(settings: Settings, upload_id: str, config: ModelConfig, model_bands: int) -> InputImage:
    """An image of add_upload, cropped and resized as in the run. Raises NotFoundError, InvalidInputError."""
    path = settings.uploads_dir / upload_id / STORED_AS
    if not UPLOAD_ID.fullmatch(upload_id) or not path.is_file():
        raise NotFoundError("upload_not_found", f"there is no image {upload_id}; send it again", "upload")
    stored: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    _require_bands(model_bands, stored.shape[2], f"the image sent has {plural(stored.shape[2], 'band')}")
    side = min(config.crop_size or stored.shape[0], stored.shape[0])
    pixels = resize(np.array(centre_crop(stored[None], side)), config.img_size)[0]
    return InputImage(pixels, _false_colour)


def add_upload(uploads: Uploads, content: bytes) -> UploadedImage:
    """Store the central square of an image file in 8 bits. Raises InvalidInputError."""
    if len(content) > MAX_UPLOAD_BYTES:
        raise upload_too_large()
    try:
        frame = read_frame(BytesIO(content), "image")
        height, width = frame.shape[:2]
        square = centre_crop(frame[None], min(height, width))[0]
        pixels = square if frame.dtype == np.uint8 else _stretched(square)
    except UnreadableImageError as error:
        raise InvalidInputError(
            "unreadable_image",
            f"the image cannot be read: {error}; send a PNG, JPEG, TIFF, WebP, FITS or .npy file",
        ) from error
    if len(square) < MIN_SIDE:
        detail = f"the image has {width} × {height} pixels; send {MIN_SIDE} × {MIN_SIDE} or more"
        raise InvalidInputError("image_too_small", detail)
    buffer = BytesIO()
    np.save(buffer, pixels)
    upload = uploads.new()
    uploads.write(upload.id, STORED_AS, [buffer.getvalue()], None)
    notes = []
    if height != width:
        notes.append(f"{width} × {height} pixels: the central {len(square)} × {len(square)} are shown.")
    if frame.dtype != np.uint8:
        notes.append(f"{frame.dtype} values became 8 bits: {OWN_STRETCH.stretch} stretch of this image.")
    side, bands = square.shape[1:]
    return UploadedImage(id=upload.id, width=width, height=height, side=side, bands=bands, notes=notes)


def _stretched(square: Frame) -> Pixels:
    check_frame(square)
    return Stretch.fit([square], OWN_STRETCH)(square)


def random_galaxy(datasets: Datasets, name: str, selection: RowSelection, seed: int | None) -> Galaxy:
    """One of the selected rows, the same for the same seed. Raises NotFoundError where there is none."""
    total = datasets.browse(name, selection, offset=0, limit=0).total
    if total == 0:
        detail = f"{name} has no galaxy of that class and split; choose others"
        raise NotFoundError("no_galaxy", detail, "label")
    place = int(np.random.default_rng(seed).integers(total))
    return datasets.browse(name, selection, offset=place, limit=1).galaxies[0]


def upload_too_large() -> InvalidInputError:
    most = f"{MAX_UPLOAD_BYTES / 1e6:.0f} MB"
    return InvalidInputError("upload_too_large", f"the image is over {most}; send a smaller one")


def _require_bands(model_bands: int, bands: int, what: str) -> None:
    if model_bands != bands:
        why = f"the model reads {plural(model_bands, 'band')} and {what}"
        raise InvalidInputError("bands_differ", f"{why}; choose an image with as many, or another run")


def _bands_of(name: str, store: GalaxyStore) -> str:
    return f"{name} has {plural(store.channels, 'band')} ({', '.join(store.bands)})"


def _false_colour(images: Pixels) -> Pixels:
    """Unknown bands as red, green, blue: the first, middle and last."""
    bands = images.shape[-1]
    return images[..., [0, bands // 2, bands - 1]]
