"""From more than 8 bits to 8: an asinh (Lupton et al. 2004, PASP 116, 133) or linear stretch."""

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

MAX_NAN_SHARE = 0.05
SAMPLED_PIXELS = 32_768
"""Of each band of each frame, for the percentiles; smaller frames are used whole."""


def check_frame(frame: Frame) -> None:
    """UnreadableImageError if over 5 % of the values are NaN or infinite, or no band varies. Check before
    resizing, which smears NaN."""
    finite = np.isfinite(frame)
    blank = 1 - float(finite.mean())
    if blank > MAX_NAN_SHARE:
        raise UnreadableImageError(f"{100 * blank:.1f} % of its pixels are NaN or infinite, over 5 %")
    bands = [frame[..., band][finite[..., band]] for band in range(frame.shape[2])]
    if not any(len(values) and values.min() < values.max() for values in bands):
        first = next(values[0] for values in bands if len(values))
        raise UnreadableImageError(f"all its pixels are {first:g}")


def curve(x: Floats, config: ImportConfig) -> Floats:
    """Values on the scale of the percentiles to 0 … 1: asinh(Q·x/softening)/Q, or x itself, clipped."""
    if config.stretch == "asinh":
        x = np.arcsinh(config.stretch_q / config.stretch_softening * x) / config.stretch_q
    return np.clip(x, 0, 1)


@dataclass(frozen=True)
class Stretch:
    """A fitted stretch. `low` and `high` (C,) are the source values that map to 0 and 1, one per band; None
    if each image has its own."""

    config: ImportConfig
    low: Floats | None
    high: Floats | None
    sampled_frames: int

    @classmethod
    def fit(cls, frames: Iterable[Frame], config: ImportConfig) -> "Stretch":
        """Percentiles of each band over all frames that pass check_frame. DataError if there is none, the
        numbers of bands differ, or a band's percentiles coincide."""
        if config.stretch_scope == "image":
            return cls(config, None, None, 0)
        samples: list[NDArray[Any]] = []  # (≤ SAMPLED_PIXELS, C) each
        refused: list[str] = []
        for index, frame in enumerate(frames):
            try:
                check_frame(frame)
            except UnreadableImageError as error:
                refused.append(str(error))
                continue
            samples.append(_sample(frame, index))
        return cls(config, *_percentiles(_bands_of(samples, refused), config), len(samples))

    def __call__(self, frame: Frame) -> Pixels:
        """(H, W, C) uint8; NaN and infinite values become the black point. UnreadableImageError as in
        check_frame, and if the percentiles of one image coincide."""
        check_frame(frame)
        low, high = self._limits(frame)
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
        shape = f", Q {config.stretch_q:g}, softening {config.stretch_softening:g}"
        of = "the dataset" if config.stretch_scope == "dataset" else "each image"
        share = f"{config.low_percentile:g}–{config.high_percentile:g} % of {of}"
        return f"{config.stretch}{shape if config.stretch == 'asinh' else ''}, {share}"

    def provenance(self) -> dict[str, Any]:
        """Every number needed to repeat it; `low` and `high` are source values, one per band."""
        config = self.config
        stated: dict[str, Any] = {"curve": config.stretch}
        if config.stretch == "asinh":
            stated |= {"q": config.stretch_q, "softening": config.stretch_softening}
        stated |= {"low_percentile": config.low_percentile, "high_percentile": config.high_percentile}
        stated["scope"] = config.stretch_scope
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
    """(C,) black and white points, linear between order statistics."""
    low, high = config.low_percentile, config.high_percentile
    points = np.array([np.percentile(v.astype(np.float64), (low, high)) if len(v) else (0, 0) for v in bands])
    flat = np.flatnonzero(~(points[:, 0] < points[:, 1]))
    if len(flat):
        why = f"The {low:g} and {high:g} percentiles of band {flat[0] + 1} are both {points[flat[0], 0]:g}"
        advice = "raise high_percentile, or leave that band out"
        raise DataError("flat_band", f"{why}; {advice}.", "high_percentile")
    return points[:, 0], points[:, 1]
