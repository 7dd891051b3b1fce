"""How a frame becomes a square of the store: crop or resize, stretch, bands."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.data.frames.header import FrameNote
from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame, FrameHeader
from backend.data.frames.resize import centre_crop, resize
from backend.data.frames.stretch import MAX_BLANK, Stretch, check_frame
from backend.data.importers.names import MAX_NAMED, counted
from backend.data.importers.reporting import Findings
from backend.data.layout import Pixels, default_bands, display_weights
from backend.errors import DataError
from shared.configs import ImportConfig

MIN_SIDE, MAX_SIDE = 8, 1024
WAVELENGTHS = "ugrizyjhk"
"""Names of bands from blue to red."""


@dataclass
class Tally:
    """How many files, and the first."""

    first: str
    count: int = 0


@dataclass
class FrameStats:
    """The frames of a source: how many of each size (width, height), and an example of each size, kind
    (channels, dtype) and naming of bands."""

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    example: dict[tuple[int, int], str] = field(default_factory=dict)
    layouts: dict[tuple[int, str], str] = field(default_factory=dict)
    bands: dict[tuple[str, ...], str] = field(default_factory=dict)
    notes: dict[FrameNote, Tally] = field(default_factory=dict)
    left_out: dict[str, Tally] = field(default_factory=dict)

    def add(self, header: FrameHeader, name: str, count: int = 1) -> None:
        """Count the frame `name` (or `count` like it)."""
        size = (header.width, header.height)
        self.sizes[size] += count
        self.example.setdefault(size, name)
        self.layouts.setdefault((header.channels, header.dtype), name)
        self.bands.setdefault(header.bands, name)
        for note in header.notes:
            self.notes.setdefault(note, Tally(name)).count += count
        for left in header.left_out:
            self.left_out.setdefault(left, Tally(name)).count += count

    def knows(self, header: FrameHeader, *, any_size: bool) -> bool:
        """Whether a frame of this kind and size, or any size, has been counted."""
        alike = any_size or (header.width, header.height) in self.sizes
        return alike and (header.channels, header.dtype) in self.layouts and header.bands in self.bands

    def dtypes(self) -> list[str]:
        return sorted({dtype for _, dtype in self.layouts})

    @property
    def deep(self) -> bool:
        """Whether any frame has more than 8 bits a value."""
        return any(dtype != "uint8" for dtype in self.dtypes())


@dataclass
class Recipe:
    """Turns frames into stored pixels. `stretch` is fitted by the caller if `deep`."""

    img_size: int
    crop: bool
    channels: int
    bands: list[str]
    display: list[list[float]]
    deep: bool
    max_blank: float = MAX_BLANK
    given_stretch: bool = False
    stretch: Stretch | None = None
    blank: list[int] = field(default_factory=list)
    """One entry for each stored image with blank pixels."""

    def framed(self, frame: Frame) -> Frame:
        """(img_size, img_size, C) in the frame's own type (float32 if resized from more than 8 bits): its
        centre cropped, or its central square resized. UnreadableImageError if it cannot be used."""
        return self._framed(frame)[0]

    def _framed(self, frame: Frame) -> tuple[Frame, bool]:
        """As framed(), and whether it has blank pixels."""
        height, width = frame.shape[:2]
        if self.crop and min(height, width) < self.img_size:
            raise too_small(width, height, self.img_size)
        square = centre_crop(frame[None], self.img_size if self.crop else min(height, width))[0]
        blank = self.deep and check_frame(square, self.max_blank)
        if frame.shape[2] == 1 < self.channels:
            square = np.repeat(square, self.channels, axis=2)
        return (square if square.shape[0] == self.img_size else _resized(square, self.img_size)), blank

    def __call__(self, frame: Frame) -> Pixels:
        """(img_size, img_size, C) as stored. UnreadableImageError if it cannot be."""
        framed, blank = self._framed(frame)
        pixels = framed if self.stretch is None else self.stretch(framed)
        if blank:
            self.blank.append(1)
        return pixels

    def scale(self, width: int, height: int) -> float:
        """The width of a stored pixel over that of a pixel of the source."""
        return 1.0 if self.crop else min(width, height) / self.img_size

    def provenance(self) -> dict[str, Any]:
        """Every number that made the pixels."""
        return {"stretch": self.stretch.provenance()} if self.stretch is not None else {}


def too_small(width: int, height: int, img_size: int) -> UnreadableImageError:
    return UnreadableImageError(f"{width} × {height} pixels, too small to crop to {img_size} × {img_size}")


def recipe_of(config: ImportConfig, stats: FrameStats, findings: Findings) -> Recipe | None:
    """The recipe for frames of these kinds; DataError, or problems and None, if there is none."""
    channels = _channels(stats, findings) if stats.layouts else None
    side = _side(config, stats, findings)
    if channels is None or side is None:
        return None
    bands, display = default_bands(channels), display_weights(channels)
    with findings.trying():
        bands = _bands(config, stats, channels)
    with findings.trying():
        display = _display(config.rgb, bands, channels)
    return Recipe(
        side, config.crop, channels, bands, display, stats.deep, config.max_blank, config.stretch != "auto"
    )


def note_treatment(recipe: Recipe, stats: FrameStats, findings: Findings) -> None:
    """Put into the receipt what is done to the pixels, and which of it nobody had chosen."""
    size = recipe.img_size
    if recipe.crop:
        findings.read(f"Images are cropped to the central {size} × {size} px.")
    elif set(stats.sizes) != {(size, size)}:
        findings.read(f"Central squares are resized to {size} px.")
    if stats.deep:
        _note_stretch(recipe, stats, findings)
    _note_files(stats, findings)
    if recipe.bands != default_bands(recipe.channels):
        shown = ", ".join(recipe.bands[int(np.argmax(weights))] for weights in recipe.display)
        findings.assumed(f"{shown} are shown as red, green, blue.", "rgb")
    filters = [bands[0] for bands in stats.bands if len(bands) == 1]
    if len(filters) > 1 and recipe.channels == 1:
        text = f"Images of the filters {', '.join(filters[:8])} are one band, '{recipe.bands[0]}'."
        findings.assumed(text, "bands")
    if {channels for channels, _ in stats.layouts} == {1, 3}:
        findings.read("Grey pictures among colour ones get three equal bands.")


def _note_stretch(recipe: Recipe, stats: FrameStats, findings: Findings) -> None:
    stretch = recipe.stretch
    values = f"Values of {', '.join(stats.dtypes())}"
    text = f"{values} are stretched to 8 bits."
    if stretch is not None and stretch.config.stretch == "unit":
        text = f"{values} lie within 0 to 1 and are multiplied by 255."
    elif stretch is not None and stretch.within_unit:
        text = f"{values} are stretched to 8 bits; they lie within 0 to 1, so 'unit' would multiply by 255."
    if recipe.given_stretch:
        findings.read(text)
    else:
        findings.assumed(text, "stretch")
    if recipe.blank:
        text = f"Blank pixels of {counted(len(recipe.blank), 'image')} become black, like sky."
        findings.assumed(text, "max_blank")


def _note_files(stats: FrameStats, findings: Findings) -> None:
    """How files are read, and what they hold besides."""
    for note, tally in stats.notes.items():
        text = f"{counted(tally.count, 'image')}: {note.text}, first '{tally.first[-100:]}'."
        if note.field is None:
            findings.read(text, tally.count)
        else:
            findings.assumed(text, note.field)
    named = list(stats.left_out.items())
    for what, tally in named[:MAX_NAMED]:
        findings.skipped(tally.count, "part", f"{what} of image files", tally.first)
    if len(named) > MAX_NAMED:
        others = sum(tally.count for _, tally in named[MAX_NAMED:])
        what, tally = named[MAX_NAMED]
        findings.skipped(others, "part", f"of image files, such as {what}", tally.first)


def _channels(stats: FrameStats, findings: Findings) -> int | None:
    """The number of stored bands: 3 for a mix of grey and colour pictures."""
    with findings.trying():
        plain = [name for (_, dtype), name in stats.layouts.items() if dtype == "uint8"]
        deep = [(name, dtype) for (_, dtype), name in stats.layouts.items() if dtype != "uint8"]
        if plain and deep:
            why = f"{plain[0]} has 8 bits a value and {deep[0][0]} more ({deep[0][1]})"
            advice = "import them as two datasets, or convert one kind: one stretch cannot serve both"
            raise DataError("mixed_depth", f"{why}; {advice}.", "path")
        example = {count: name for (count, _), name in reversed(stats.layouts.items())}
        fewest, most = min(example), max(example)
        if fewest != most and (sorted(example) != [1, 3] or deep):
            why = f"{example[fewest]} has {fewest} bands and {example[most]} has {most}"
            raise DataError("mixed_bands", f"{why}; import each kind on its own.", "path")
        return most
    return None


def _side(config: ImportConfig, stats: FrameStats, findings: Findings) -> int | None:
    """The side of the stored images, None if sizes differ and none is given."""
    if config.img_size is not None:
        return config.img_size
    with findings.trying():
        for size, name in stats.example.items():
            first_size, first = next(iter(stats.example.items()))
            if size != first_size or size[0] != size[1] or not MIN_SIDE <= size[0] <= MAX_SIDE:
                beside = f" while {first} is {first_size[0]} × {first_size[1]}" if name != first else ""
                why = f"{name} is {size[0]} × {size[1]} pixels{beside}"
                advice = (
                    "set img_size (for example 128) to resize the central squares, or crop too to crop them"
                )
                raise DataError("mixed_sizes", f"{why}; {advice}.", "img_size")
        return next(iter(stats.example))[0] if stats.example else None
    return None


def _bands(config: ImportConfig, stats: FrameStats, channels: int) -> list[str]:
    if config.bands is None:
        return _own_bands(stats, channels) or default_bands(channels)
    names = config.bands.split(",")
    if len(names) != channels or len(set(names)) != channels:
        why = f"bands names {len(names)} bands, {config.bands}, but the images have {channels}"
        raise DataError("bad_bands", f"{why}; give {channels} different names, or none.", "bands")
    return names


def _own_bands(stats: FrameStats, channels: int) -> list[str]:
    """The names that the files give; DataError if files of several bands name them differently."""
    named = [(bands, name) for bands, name in stats.bands.items() if len(bands) == channels]
    if not named:
        return []
    (first, example), *others = named
    if others and channels > 1:
        other, name = others[0]
        why = f"{example} has the bands {','.join(first)} and {name} has {','.join(other)}"
        advice = "import each kind on its own, or name them in bands if they are the same"
        raise DataError("mixed_bands", f"{why}; {advice}.", "bands")
    return list(first)


def _display(rgb: str | None, bands: list[str], channels: int) -> list[list[float]]:
    """(3, C) weights for the three bands that `rgb` lists, by name or by number from 1."""
    if rgb is None:
        return _by_wavelength(bands) or display_weights(channels)
    numbered = {str(number): number - 1 for number in range(1, channels + 1)}
    places = {**numbered, **{name: place for place, name in enumerate(bands)}}
    words = rgb.split(",")
    unknown = next((word for word in words if word not in places), None)
    if len(words) != 3 or unknown is not None:
        fault = f"has no band '{unknown}'" if unknown is not None else f"names {len(words)} bands, not 3"
        advice = f"name three of {', '.join(bands)} for red, green and blue, or their numbers 1 to {channels}"
        raise DataError("bad_rgb", f"rgb {rgb} {fault}; {advice}.", "rgb")
    return [[float(place == places[word]) for place in range(channels)] for word in words]


def _by_wavelength(bands: list[str]) -> list[list[float]] | None:
    """Weights that show the longest of three known bands as red; None if they are unknown."""
    places = [WAVELENGTHS.find(band.lower()) if len(band) == 1 else -1 for band in bands]
    if len(bands) != 3 or min(places) < 0:
        return None
    order = sorted(range(3), key=lambda band: -places[band])
    return [[float(band == pick) for band in range(3)] for pick in order]


def _resized(square: Frame, img_size: int) -> Frame:
    if square.dtype == np.uint8:
        pixels: Frame = resize(square[None], img_size)[0]
        return pixels
    bands = [_resized_band(square[..., band].astype(np.float32), img_size) for band in range(square.shape[2])]
    return np.stack(bands, axis=2)


def _resized_band(band: NDArray[np.float32], img_size: int) -> NDArray[np.float32]:
    """Bilinear with antialiasing; blank pixels have no weight, so they do not spread."""
    blank = ~np.isfinite(band)
    if not blank.any():
        return _shrunk(band, img_size)
    weight = _shrunk((~blank).astype(np.float32), img_size)
    total = _shrunk(np.where(blank, np.float32(0), band), img_size)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: NDArray[np.float32] = np.where(weight > 0.5, total / weight, np.float32(np.nan))
    return mean


def _shrunk(band: NDArray[np.float32], img_size: int) -> NDArray[np.float32]:
    picture = Image.fromarray(np.ascontiguousarray(band), mode="F")
    return np.asarray(picture.resize((img_size, img_size), Image.Resampling.BILINEAR))
