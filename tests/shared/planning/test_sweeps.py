"""Settings of a sweep out of its axes: how many, which, and always the same."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.configs.kinds import RunKind
from shared.contract.sweeps import OBJECTIVES, Axis, Scale, SweepMode, SweepSpec, objective_of
from shared.planning.sweep_draws import SweepError, count_settings, draw_settings
from shared.planning.sweep_words import axis_of, axis_words, read_axis, setting_words

FIELDS = ["mask_ratio", "blr", "weight_decay", "crop_scale_min"]


def spec(*axes: str, **more: Any) -> SweepSpec:
    return SweepSpec(axes=[read_axis(words) for words in axes], **more)


def drawn(*axes: str, **more: Any) -> list[dict[str, Any]]:
    return draw_settings(spec(*axes, **more))


@st.composite
def ranges(draw: st.DrawFn, field: str) -> Axis:
    low = draw(st.floats(1e-5, 0.4))
    high = draw(st.floats(0.5, 0.9))
    return Axis(
        field=field, low=low, high=high, n=draw(st.integers(2, 5)), scale=draw(st.sampled_from(Scale))
    )


@st.composite
def lists(draw: st.DrawFn, field: str) -> Axis:
    values = st.floats(0.1, 0.9).map(lambda value: round(value, 4))
    return Axis(field=field, values=draw(st.lists(values, min_size=1, max_size=4, unique=True)))


@st.composite
def specs(draw: st.DrawFn) -> SweepSpec:
    fields = draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True))
    axes = [draw(st.one_of(ranges(field), lists(field))) for field in fields]
    return SweepSpec(
        axes=axes,
        mode=draw(st.sampled_from(SweepMode)),
        samples=draw(st.integers(1, 30)),
        draw_seed=draw(st.integers(0, 99)),
    )


@settings(max_examples=60, deadline=None)
@given(specs())
def test_settings_are_counted_distinct_inside_their_ranges_and_the_same_each_time(asked: SweepSpec) -> None:
    found = draw_settings(asked)
    assert found == draw_settings(asked)
    assert len({repr(one) for one in found}) == len(found) <= count_settings(asked)
    if asked.mode is SweepMode.GRID or any(axis.is_range for axis in asked.axes):
        assert len(found) == count_settings(asked)
    else:
        assert len(found) == min(asked.samples, math.prod(len(axis.values) for axis in asked.axes))
    for setting in found:
        assert list(setting) == [axis.field for axis in asked.axes]
        for axis in asked.axes:
            value = setting[axis.field]
            inside = axis.low is not None and axis.high is not None and axis.low <= value <= axis.high
            assert inside if axis.is_range else value in axis.values


@given(specs())
@settings(max_examples=30, deadline=None)
def test_an_axis_comes_back_out_of_its_words(asked: SweepSpec) -> None:
    for axis in asked.axes:
        assert axis_of(axis.field, axis_words(axis)) == axis


def test_a_log_range_is_even_in_its_ratio_and_a_linear_one_in_its_steps() -> None:
    assert [one["blr"] for one in drawn("blr=1e-3:1:4:log")] == [0.001, 0.01, 0.1, 1.0]
    assert [one["mask_ratio"] for one in drawn("mask_ratio=0.5:0.9:3")] == [0.5, 0.7, 0.9]


def test_whole_numbers_are_rounded_inside_the_range_and_taken_once() -> None:
    assert [one["depth"] for one in drawn("depth=1.6:4.4:9")] == [2, 3, 4]
    found = drawn("depth=1:6:log", mode=SweepMode.RANDOM, samples=50)
    assert sorted(one["depth"] for one in found) == [1, 2, 3, 4, 5, 6]


def test_a_grid_takes_the_values_of_every_field_as_that_takes_them() -> None:
    found = drawn("patch_size=4,8", "norm_pix_loss=true,false", "pooling=cls", "crop_size=none,48")
    assert len(found) == 8
    assert found[0] == {"patch_size": 4, "norm_pix_loss": True, "pooling": "cls", "crop_size": None}
    assert setting_words(found[-1]) == "patch_size=8 norm_pix_loss=false pooling=cls crop_size=48"


def test_another_draw_seed_draws_others() -> None:
    draws = [drawn("blr=1e-4:1e-2:log", mode=SweepMode.RANDOM, draw_seed=seed) for seed in (0, 1)]
    assert draws[0] != draws[1]


@pytest.mark.parametrize(
    ("axes", "more", "sentence"),
    [
        (["brl=1"], {}, "there is no setting brl in a pretrain; check its spelling"),
        (["depth=2,x"], {}, "depth = 'x'"),
        (["depth=2", "depth=3"], {}, "depth has two axes"),
        (["seed=1,2"], {}, "seed cannot be swept"),
        (["pooling=1:2:3"], {}, "pooling is not a number"),
        (["blr=0:1:3:log"], {}, "start above 0"),
        (["blr=0.1:0.2"], {}, "needs a number of points, as 0.1:0.2:5"),
        (["blr=2:1:3"], {}, "smaller end first"),
        (["depth=2.2:2.8:3"], {}, "no integer within 2.2 to 2.8"),
        (["blr=1:2:x"], {}, "blr = 1:2:x is not a range; write values as"),
        (["blr="], {}, "blr has no values"),
        (
            ["blr=1e-4:1e-2:600:log"],
            {"seeds": 2},
            "600 settings × 2 seeds = 1,200 runs are more than the 1,000",
        ),
        (["blr=1e-4:1e-2:50", "mask_ratio=0.5:0.9:40"], {}, "2,000 runs are more than the 1,000"),
        (["blr=1e-4:1e-2:log"], {"mode": "random", "samples": 900, "seeds": 3}, "draw 333 samples or fewer"),
    ],
)
def test_what_cannot_be_swept_is_said_in_a_sentence(
    axes: list[str], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SweepError) as caught:
        drawn(*axes, **more)
    assert sentence in str(caught.value)


def test_a_sweep_of_thousands_names_the_axis_to_shorten() -> None:
    with pytest.raises(SweepError) as caught:
        drawn("blr=1e-4:1e-2:50", "mask_ratio=0.5:0.9:40")
    assert caught.value.field == "blr"
    assert "give blr fewer than 50 values" in str(caught.value)


def test_each_kind_has_objectives_and_knows_which_way_is_better() -> None:
    assert objective_of(spec("depth=1")) == OBJECTIVES[RunKind.PRETRAIN][0]
    loss = objective_of(spec("depth=1", objective="val/loss"))
    assert loss is not None and not loss.higher_is_better
    assert objective_of(spec("depth=1", objective="val/nonsense")) is None
