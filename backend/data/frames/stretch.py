"""From more than 8 bits to 8: an asinh (Lupton et al. 2004, PASP 116, 133) or linear stretch, or ×255."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.data.frames.limits import UnreadableImageError
from backend.data.frames.reading import Frame
from backend.data.layout import Floats, Pixels
from backend.errors import DataError
from shared.configs import ImportConfig

MAX_BLANK = 5.0
"""%, of the values of a frame, unless the setting max_blank says otherwise."""
UNIT_MARGIN = 1e-6
BRIGHT = 0.5
"""Frames without a value above it are not taken for pictures on a scale of 0 to 1."""
SAMPLED_PIXELS = 32_768
"""Of each band of each frame, for the percentiles; smaller frames are used whole."""


def check_frame(frame: Frame, max_blank: float = MAX_BLANK) -> bool:
    """Whether any value is NaN or infinite; UnreadableImageError if over `max_blank` % are, or no band
    varies. Check before resizing, which smears NaN."""
    finite = np.isfinite(frame)
    blank = 100 * (1 - float(finite.mean()))
    if blank > max_blank:
        why = f"{blank:.1f} % of its pixels are NaN or infinite, over max_blank {max_blank:g} %"
        raise UnreadableImageError(why)
    bands = [frame[..., band][finite[..., band]] for band in range(frame.shape[2])]
    if not any(len(values) and values.min() < values.max() for values in bands):
        first = next((f"{values[0]:g}" for values in bands if len(values)), "blank")
        raise UnreadableImageError(f"all its pixels are {first}")
    return blank > 0


def curve(x: Floats, config: ImportConfig) -> Floats:
    """Values on the scale of the percentiles to 0 … 1: asinh(Q·x/softening)/Q, or x itself, clipped."""
    if config.stretch == "asinh":
        x = np.arcsinh(config.stretch_q / config.stretch_softening * x) / config.stretch_q
    return np.clip(x, 0, 1)


@dataclass(frozen=True)
class Stretch:
    """A fitted stretch. `low` and `high` (C,) are the source values that map to 0 and 1, one per band; None
    if each image has its own. `within_unit` says that all sampled values lie within 0 to 1."""

    config: ImportConfig
    low: Floats | None
    high: Floats | None
    sampled_frames: int
    within_unit: bool = False

    @classmethod
    def fit(cls, frames: Iterable[Frame], config: ImportConfig, *, pictures: bool = False) -> "Stretch":
        """Percentiles of each band, or of all together, over all frames that pass check_frame. DataError if
        there is none, the numbers of bands differ, or a band's percentiles coincide.

        Instead of `auto` it has `unit` if the frames are `pictures` (red, green, blue) within 0 to 1, else
        asinh.
        """
        alone = config.stretch_scope == "image" and config.stretch in ("asinh", "linear")
        if alone:
            return cls(config, None, None, 0)
        samples: list[NDArray[Any]] = []  # (≤ SAMPLED_PIXELS, C) each
        refused: list[str] = []
        for index, frame in enumerate(frames):
            try:
                check_frame(frame, max_blank=100)
            except UnreadableImageError as error:
                refused.append(str(error))
                continue
            samples.append(_sample(frame, index))
        if config.stretch == "auto" and config.stretch_scope == "image" and not samples:
            return cls(config.model_copy(update={"stretch": "asinh"}), None, None, 0)
        bands = _bands_of(samples, refused)
        unit = _within_unit(bands)
        if config.stretch == "auto":
            config = config.model_copy(update={"stretch": "unit" if unit and pictures else "asinh"})
        if config.stretch == "unit":
            return cls(config, np.zeros(len(bands)), np.ones(len(bands)), len(samples), unit)
        if config.stretch_scope == "image":
            return cls(config, None, None, 0, unit)
        return cls(config, *_percentiles(bands, config), len(samples), unit)

    def __call__(self, frame: Frame) -> Pixels:
        """(H, W, C) uint8; NaN and infinite values become the black point. UnreadableImageError if no band
        varies, the percentiles of one image coincide, or values that should lie within 0 to 1 do not."""
        check_frame(frame, max_blank=100)
        low, high = self._limits(frame)
        if self.config.stretch == "unit":
            _check_unit(frame)
        pixels = np.empty(frame.shape, np.uint8)
        for band in range(frame.shape[2]):
            with np.errstate(invalid="ignore"):  # a signalling NaN of a damaged file
                x = (frame[..., band].astype(np.float64) - low[band]) / (high[band] - low[band])
            x[~np.isfinite(x)] = 0
            pixels[..., band] = np.round(255 * curve(x, self.config))
        return pixels

    def _limits(self, frame: Frame) -> tuple[Floats, Floats]:
        if self.low is None or self.high is None:
            bands = [values[np.isfinite(values)] for values in np.moveaxis(frame, 2, 0)]
            try:
                return _percentiles(bands, self.config)
            except DataError as error:
                raise UnreadableImageError(error.detail) from error
        if frame.shape[2] != len(self.low):
            raise UnreadableImageError(f"it has {frame.shape[2]} bands, the others {len(self.low)}")
        return self.low, self.high

    def words(self) -> str:
        """Such as `asinh, Q 8, softening 0.05, 1–99.8 % of the dataset`."""
        config = self.config
        if config.stretch == "unit":
            return "0 to 1 times 255"
        shape = f", Q {config.stretch_q:g}, softening {config.stretch_softening:g}"
        of = "the dataset" if config.stretch_scope == "dataset" else "each image"
        bands = ", bands together" if config.stretch_bands == "shared" else ""
        share = f"{config.low_percentile:g}–{config.high_percentile:g} % of {of}{bands}"
        return f"{config.stretch}{shape if config.stretch == 'asinh' else ''}, {share}"

    def provenance(self) -> dict[str, Any]:
        """Every number needed to repeat it; `low` and `high` are source values, one per band."""
        config = self.config
        stated: dict[str, Any] = {"curve": config.stretch}
        if config.stretch == "unit":
            return stated
        if config.stretch == "asinh":
            stated |= {"q": config.stretch_q, "softening": config.stretch_softening}
        stated |= {"low_percentile": config.low_percentile, "high_percentile": config.high_percentile}
        stated["scope"] = config.stretch_scope
        if config.stretch_bands == "shared":
            stated["bands"] = "shared"
        if config.stretch_scope == "dataset":
            limits = {"low": self.low, "high": self.high}
            stated |= {key: None if value is None else value.tolist() for key, value in limits.items()}
            stated["sampled_frames"] = self.sampled_frames
        return stated


def _sample(frame: Frame, index: int) -> NDArray[Any]:
    """(n, C) pixels at places drawn with seed `index`; all of a small frame."""
    values = frame.reshape(-1, frame.shape[2])
    if len(values) <= SAMPLED_PIXELS:
        return values.copy()
    return values[np.random.default_rng(index).integers(0, len(values), SAMPLED_PIXELS)]


def _bands_of(samples: list[NDArray[Any]], refused: list[str]) -> list[NDArray[Any]]:
    """Finite values of each band over all samples."""
    if not samples:
        reason = f": {refused[0]}" if refused else ""
        why = f"None of {len(refused):,} sampled images can be stretched{reason}; replace them."
        raise DataError("unreadable_images", why, "path")
    counts = sorted({values.shape[1] for values in samples})
    if len(counts) > 1:
        why = f"Some images have {counts[0]} bands and others {counts[-1]}; import each kind on its own."
        raise DataError("mixed_bands", why, "path")
    bands = (np.concatenate([values[:, band] for values in samples]) for band in range(counts[0]))
    return [values[np.isfinite(values)] for values in bands]


def _percentiles(bands: list[NDArray[Any]], config: ImportConfig) -> tuple[Floats, Floats]:
    """(C,) black and white points, linear between order statistics; the same for all bands if shared."""
    low, high = config.low_percentile, config.high_percentile
    shared = config.stretch_bands == "shared"
    pools = [np.concatenate(bands)] if shared else bands
    points = np.array([np.percentile(v.astype(np.float64), (low, high)) if len(v) else (0, 0) for v in pools])
    flat = np.flatnonzero(~(points[:, 0] < points[:, 1]))
    if len(flat):
        which = "all bands" if shared else f"band {flat[0] + 1}"
        why = f"The {low:g} and {high:g} percentiles of {which} are both {points[flat[0], 0]:g}"
        advice = "raise high_percentile, or leave that band out"
        raise DataError("flat_band", f"{why}; {advice}.", "high_percentile")
    if shared:
        points = np.repeat(points, len(bands), axis=0)
    return points[:, 0], points[:, 1]


def _within_unit(bands: list[NDArray[Any]]) -> bool:
    """Whether floats lie within 0 to 1, some of them bright."""
    ends = [(float(values.min()), float(values.max())) for values in bands if len(values)]
    lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
    return bands[0].dtype.kind == "f" and lowest >= 0 and BRIGHT <= highest <= 1 + UNIT_MARGIN


def _check_unit(frame: Frame) -> None:
    known = frame[np.isfinite(frame)]
    low, high = float(known.min()), float(known.max())
    if low < -UNIT_MARGIN or high > 1 + UNIT_MARGIN:
        raise UnreadableImageError(
            f"its values from {low:g} to {high:g} are not within 0 to 1 (stretch unit)"
        )
