"""Images in a column of Parquet: encoded files, nested lists of numbers, or lists of bands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import UnreadableImageError, split_axes
from backend.data.frames.reading import Frame, FrameHeader, frame_dtype, frame_header, read_frame

BAND_PIXELS = ("flux", "array", "image", "data")
"""Fields of a band that may hold its pixels; others (mask, ivar) are left out."""
PREFERRED = (
    "image",
    "images",
    "img",
    "rgb_image",
    "image_rgb",
    "rgb",
    "picture",
    "cutout",
    "png",
    "jpg",
    "jpeg",
)
MAGIC = (
    b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"RIFF", b"BM", b"SIMPLE", b"\x1f\x8b", b"\x93NUMPY",
)  # fmt: skip
Cell = Any
"""The pixels of one row before they are decoded: a buffer, or band names and an array; None if missing."""


@dataclass(frozen=True)
class ImageColumn:
    """A column of images. `pixels` is the field that holds them, empty if the column itself does; `others`
    are the fields left out."""

    name: str
    kind: Literal["encoded", "array", "bands"]
    pixels: str = ""
    others: tuple[str, ...] = ()

    def leaves(self, paths: Sequence[str]) -> list[str]:
        """Those of the leaves of a file, given by their paths, that hold pixels and names of bands."""
        wanted = {self.pixels, *(("band",) if self.kind == "bands" else ())}
        own = [path for path in paths if path == self.name or path.startswith(f"{self.name}.")]
        if not self.pixels:
            return own
        left_out = set(self.others)
        return [path for path in own if _field_of(path, self.name, wanted | left_out) in wanted]

    def cells(self, batch: Any) -> Iterator[Cell]:
        """The images of a record batch, not decoded."""
        column = _storage(batch.column(batch.schema.get_field_index(self.name)))
        if self.kind == "encoded":
            values = column.field(self.pixels) if self.pixels else column
            present = column.is_valid().to_pylist()
            for there, value in zip(present, values, strict=True):
                yield value.as_buffer() if there and value.is_valid else None
            return
        for value in column:
            yield self._numbers(value) if value.is_valid else None

    def header(self, cell: Cell, name: str) -> FrameHeader:
        """Size, bands and type of one image. UnreadableImageError as for `frame`."""
        if self.kind == "encoded" and cell is not None:
            return frame_header(BytesIO(cell), name)
        frame = self.frame(cell, name)
        bands = cell[0] if len(set(cell[0])) == frame.shape[2] else ()
        return FrameHeader(frame.shape[1], frame.shape[0], frame.shape[2], frame.dtype.name, bands)

    def frame(self, cell: Cell, name: str) -> Frame:
        """The pixels of one image. Raises UnreadableImageError."""
        if cell is None:
            raise UnreadableImageError("its row holds no image")
        if self.kind == "encoded":
            return read_frame(BytesIO(cell), name)
        _, values = cell
        if isinstance(values, str):
            raise UnreadableImageError(values)
        first, _ = split_axes(values.shape, prefer_first=self.kind == "bands")
        with np.errstate(over="ignore", invalid="ignore"):
            frame: Frame = values.astype(frame_dtype(values.dtype), copy=False)
        if frame.ndim == 2:
            return frame[..., None]
        return np.ascontiguousarray(np.moveaxis(frame, 0, 2)) if first else frame

    def _numbers(self, value: Any) -> tuple[tuple[str, ...], NDArray[Any] | str]:
        """Names of the bands and their values; a sentence in place of values that are no array."""
        if self.kind == "array":
            return (), _dense(value.values)
        if _is_list(value.type):  # of bands
            names, pixels = value.values.field("band"), value.values.field(self.pixels)
        else:  # lists of their fields
            names, pixels = value["band"].values, value[self.pixels].values
        if names is None or pixels is None:
            return (), "its row holds no image"
        return tuple(map(str, names.to_pylist())), _dense(pixels)


def _dense(values: Any) -> NDArray[Any] | str:
    """The array that nested lists are, or why they are none."""
    from pyarrow.compute import list_value_length

    shape = [len(values)]
    values = _storage(values)
    while _is_list(values.type):
        if values.null_count:
            return "its image lacks rows"
        sizes = set(list_value_length(values).to_pylist())
        if len(sizes) != 1:
            return "its image is not rectangular, or empty"
        shape.append(sizes.pop())
        values = _storage(values.flatten())
    numbers = np.asarray(values.to_numpy(zero_copy_only=False))
    if numbers.dtype.kind not in "uif" or not numbers.size:
        return "its image is not made of numbers, or empty"
    return numbers.reshape(shape)


def image_columns(schema: Any, first_bytes: Callable[[str], bytes]) -> list[ImageColumn]:
    """The columns that hold images, the likeliest first; `first_bytes` gives a value of a binary column."""
    found = [image for field in schema for image in _of_type(field.name, field.type, first_bytes)]
    order = {name: place for place, name in enumerate(PREFERRED)}
    kinds = ("encoded", "bands", "array")
    return sorted(
        found,
        key=lambda image: (
            order.get(image.name.lower(), len(order)),
            "mask" in image.name.lower(),
            kinds.index(image.kind),
        ),
    )


def _of_type(name: str, type_: Any, first_bytes: Callable[[str], bytes]) -> Iterator[ImageColumn]:
    from pyarrow import types

    type_ = _plain(type_)
    if _is_binary(type_):
        if first_bytes(name).startswith(MAGIC):
            yield ImageColumn(name, "encoded")
    elif types.is_struct(type_):
        fields = {field.name: field.type for field in type_}
        if "bytes" in fields and _is_binary(_plain(fields["bytes"])):
            others = tuple(field for field in fields if field not in ("bytes", "path"))
            yield ImageColumn(name, "encoded", "bytes", others)
        elif "band" in fields and _depth(fields["band"]) == 1:
            yield from _of_bands(name, fields, 3)
    elif _is_list(type_) and types.is_struct(_plain(type_.value_type)):
        fields = {field.name: field.type for field in _plain(type_.value_type)}
        if "band" in fields:
            yield from _of_bands(name, fields, 2)
    elif _depth(type_) in (2, 3):
        yield ImageColumn(name, "array")


def _of_bands(name: str, fields: dict[str, Any], depth: int) -> Iterator[ImageColumn]:
    pixels = next((field for field in BAND_PIXELS if _depth(fields.get(field)) == depth), None)
    if pixels is not None:
        others = tuple(field for field in fields if field not in ("band", pixels))
        yield ImageColumn(name, "bands", pixels, others)


def is_nested(type_: Any) -> bool:
    """Whether values of this Arrow type are lists or structs."""
    return bool(_plain(type_).num_fields)


def _depth(type_: Any) -> int:
    """How many lists of numbers or text are nested; 0 for anything else."""
    from pyarrow import types

    if type_ is None:
        return 0
    type_, depth = _plain(type_), 0
    while _is_list(type_):
        type_, depth = _plain(type_.value_type), depth + 1
    number = types.is_integer(type_) or types.is_floating(type_)
    return depth if number or types.is_string(type_) or types.is_large_string(type_) else 0


def _is_list(type_: Any) -> bool:
    from pyarrow import types

    return bool(types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_))


def _is_binary(type_: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(type_) or types.is_large_binary(type_) or types.is_binary_view(type_))


def _plain(type_: Any) -> Any:
    """The type, or what an extension type is stored as."""
    return getattr(type_, "storage_type", type_)


def _storage(values: Any) -> Any:
    return getattr(values, "storage", values)


def _field_of(path: str, column: str, fields: set[str]) -> str:
    """The field of `column` to which a leaf such as `image.list.element.flux.list.element` belongs."""
    rest = path[len(column) + 1 :].split(".")
    return next((part for part in rest if part in fields), "")
