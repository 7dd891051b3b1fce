"""From source values to 8 bits: black and white points by hand, and what holds for every stretch."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backend.data.frames.reading import UnreadableImageError
from backend.data.frames.stretch import Stretch, check_frame
from backend.errors import DataError
from shared.configs import ImportConfig
from tests.data.conftest import raises


def config(**changes: Any) -> ImportConfig:
    return ImportConfig(path="x", name="x", **changes)


def ramp(top: int = 1000) -> Any:
    """(1, top + 1, 1) the values 0 to `top`, so that percentile p is p/100 · top."""
    return np.arange(top + 1, dtype=np.float32)[None, :, None]


def test_the_percentiles_become_the_black_point_and_one() -> None:
    stretch = Stretch.fit([ramp()], config(stretch="linear", low_percentile=10, high_percentile=60))
    assert stretch.low is not None
    assert stretch.high is not None
    assert (stretch.low[0], stretch.high[0]) == (100, 600)
    pixels = stretch(ramp())[0, :, 0]
    assert (pixels[:101] == 0).all()
    assert (pixels[600:] == 255).all()
    assert pixels[350] == 128  # (350 − 100)/500 = 0.5, and 127.5 rounds to the even 128


def test_asinh_is_the_curve_of_lupton_and_others() -> None:
    stretch = Stretch.fit([ramp()], config(low_percentile=0, high_percentile=10))
    pixels = stretch(ramp())[0, :, 0]
    # x = v/100; F = asinh(8·x/0.05)/8 = asinh(160 x)/8.
    assert pixels[1] == 40  # x 0.01: asinh(1.6)/8 = 0.1561
    assert pixels[100] == 184  # x 1: asinh(160)/8 = 0.7211
    assert pixels[931] == pixels[1000] == 255  # F = 1 at x = sinh(8)/160 = 9.315
    assert pixels[900] == 254


def test_percentiles_are_taken_over_all_frames_or_of_each() -> None:
    frames = [ramp(100), ramp(100) + 900]
    wide = config(stretch="linear", low_percentile=0, high_percentile=100)
    together = Stretch.fit(frames, wide)
    assert [together(frame)[0, -1, 0] for frame in frames] == [26, 255]  # 100/1000 · 255 = 25.5 → 26
    apart = Stretch.fit(frames, wide.model_copy(update={"stretch_scope": "image"}))
    assert (apart(frames[0]) == apart(frames[1])).all()
    assert apart(frames[1])[0, 0, 0] == 0
    assert apart(frames[1])[0, -1, 0] == 255


def test_each_band_has_its_own_points_and_keeps_its_place() -> None:
    bands = np.concatenate([ramp(), 2 * ramp(), -ramp()], axis=2)
    stretch = Stretch.fit([bands], config(stretch="linear", low_percentile=0, high_percentile=100))
    assert stretch.provenance()["high"] == [1000, 2000, 0]
    pixels = stretch(bands)
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert pixels[0, [0, -1], 2].tolist() == [255, 0]


def test_nan_and_infinite_pixels_are_black_and_do_not_move_the_points() -> None:
    holed = ramp()
    holed[0, 500], holed[0, 501], holed[0, 502] = np.nan, np.inf, -np.inf
    stretch = Stretch.fit([holed], config(stretch="linear", low_percentile=0, high_percentile=100))
    assert stretch.provenance()["high"] == [1000]
    assert stretch(holed)[0, 500:503, 0].tolist() == [0, 0, 0]


def test_frames_of_nan_or_of_one_value_are_refused_with_the_share() -> None:
    holed = ramp(99)
    holed[0, :7] = np.nan
    with pytest.raises(UnreadableImageError, match=r"7\.0 %"):
        check_frame(holed)
    with pytest.raises(UnreadableImageError, match="all its pixels are 3"):
        check_frame(np.full((4, 4, 2), 3, np.uint16))
    with pytest.raises(UnreadableImageError, match="100.0 %"):
        check_frame(np.full((4, 4, 1), np.nan, np.float32))


def test_one_band_may_be_empty_where_another_is_not() -> None:
    check_frame(np.concatenate([ramp(), 0 * ramp()], axis=2))


def test_refused_frames_are_left_out_of_the_fit() -> None:
    wide = config(low_percentile=0, high_percentile=100)
    stretch = Stretch.fit([ramp(), np.full((9, 9, 1), 9e9, np.float32)], wide)
    assert stretch.provenance()["high"] == [1000]
    assert stretch.provenance()["sampled_frames"] == 1
    with raises(DataError, "unreadable_images", "1 sampled", "5"):
        Stretch.fit([np.full((9, 9, 1), 5, np.float32)], wide)


def test_a_band_without_range_between_the_percentiles_is_named() -> None:
    spike = np.zeros((40, 40, 1), np.float32)
    spike[0, 0] = 1
    with pytest.raises(DataError, match=r"1 and 99\.8 .* band 1 .* 0") as caught:
        Stretch.fit([spike], config())
    assert (caught.value.code, caught.value.field) == ("flat_band", "high_percentile")
    with pytest.raises(UnreadableImageError, match="band 1"):
        Stretch.fit([], config(stretch_scope="image"))(spike)


def test_another_number_of_bands_is_refused() -> None:
    two = np.concatenate([ramp(), ramp()], axis=2)
    with raises(DataError, "mixed_bands", "1 bands", "2"):
        Stretch.fit([ramp(), two], config())
    with pytest.raises(UnreadableImageError, match="2 bands, the others 1"):
        Stretch.fit([ramp()], config())(two)


def test_words_and_provenance_name_every_number() -> None:
    stretch = Stretch.fit([ramp()], config())
    assert stretch.words() == "asinh, Q 8, softening 0.05, 1–99.8 % of the dataset"
    assert stretch.provenance() == {
        "curve": "asinh",
        "q": 8.0,
        "softening": 0.05,
        "low_percentile": 1.0,
        "high_percentile": 99.8,
        "scope": "dataset",
        "low": [10.0],
        "high": [998.0],
        "sampled_frames": 1,
    }
    each = Stretch.fit([], config(stretch="linear", stretch_scope="image"))
    assert each.words() == "linear, 1–99.8 % of each image"
    assert "low" not in each.provenance()
    assert "q" not in each.provenance()


def test_large_frames_are_sampled_the_same_way_each_time() -> None:
    large = np.random.default_rng(0).normal(size=(300, 300, 2)).astype(np.float32)
    one, two = Stretch.fit([large], config()), Stretch.fit([large], config())
    assert one.provenance() == two.provenance()
    assert one.provenance()["low"] == pytest.approx([-2.33, -2.33], abs=0.1)


@settings(max_examples=60, deadline=None)
@given(
    frame=arrays(np.float32, (8, 8, 2), elements=st.floats(-1e6, 1e6, width=32)),
    kind=st.sampled_from(["asinh", "linear"]),
    scope=st.sampled_from(["dataset", "image"]),
    q=st.floats(0.1, 50),
    softening=st.floats(0.01, 5),
)
def test_brighter_is_never_darker_and_equal_stays_equal(
    frame: Any, kind: str, scope: str, q: float, softening: float
) -> None:
    chosen = config(stretch=kind, stretch_scope=scope, stretch_q=q, stretch_softening=softening)
    try:
        stretch = Stretch.fit([frame], chosen)
        pixels = stretch(frame)
    except (DataError, UnreadableImageError):
        return
    assert (stretch(frame.copy()) == pixels).all()
    for band in range(2):
        order = np.argsort(frame[..., band], axis=None)
        assert (np.diff(pixels[..., band].reshape(-1)[order].astype(int)) >= 0).all()
        assert pixels[..., band].min() == 0
