"""The sweep form as data: the sweep it describes, its address, and its results."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontend.features.sweep.rows import progress_words, sweep_data
from frontend.ui.sweep_form import SweepForm, form_of, plan_words, spec_of
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.sweeps import (
    Reference,
    SweepMember,
    SweepMode,
    SweepPlan,
    SweepReport,
    SweepSetting,
    SweepSpec,
    SweepSummary,
)
from shared.planning.sweep_words import axis_words

FILLED = SweepForm(
    start="preset:demo-60s",
    on="sky",
    changes="epochs=3 warmup_epochs=0.5",
    over=("mask_ratio=0.5,0.75",),
    seeds=2,
)


def spec_from(form: SweepForm) -> SweepSpec:
    spec, faults = spec_of(form)
    assert spec is not None and not faults
    return spec


def wrong(**more: Any) -> dict[str, str]:
    spec, faults = spec_of(FILLED.model_copy(update=more))
    assert spec is None
    return faults


@settings(max_examples=25, deadline=None)
@given(
    mode=st.sampled_from(SweepMode),
    samples=st.integers(1, 1000),
    seeds=st.integers(1, 10),
    stop_early=st.booleans(),
    warm_up=st.sampled_from([0.0, 0.25, 0.9]),
    name=st.text("abc ;&=é", max_size=12),
)
def test_the_form_comes_back_out_of_its_address(**values: Any) -> None:
    form = FILLED.model_copy(update=values)
    assert SweepForm.from_query(form.to_query()) == form


def test_a_form_becomes_a_sweep_with_base_changes_and_axes() -> None:
    spec = spec_from(FILLED)
    assert (spec.preset, spec.seeds, spec.objective) == ("demo-60s", 2, None)
    assert spec.config == {"dataset": "sky", "epochs": 3, "warmup_epochs": 0.5}
    assert [(axis.field, axis.values) for axis in spec.axes] == [("mask_ratio", [0.5, 0.75])]
    like = spec_from(FILLED.model_copy(update={"start": "run:old-moon-1"}))
    assert (like.preset, like.base_run) == (None, "old-moon-1")
    tuned = spec_from(SweepForm(kind="finetune", start="encoder:old-moon-1", over=("layer_decay=0.5,0.75",)))
    assert (tuned.kind, tuned.config) == (RunKind.FINETUNE, {"encoder": "old-moon-1"})


def test_a_sweep_survives_the_way_through_a_form() -> None:
    for form in (FILLED, SweepForm(kind="finetune", start="encoder:old-moon-1", over=("head=linear,mlp",))):
        spec = spec_from(form)
        over = [f"{axis.field}={axis_words(axis)}" for axis in spec.axes]
        assert spec_from(form_of(spec, over)) == spec


def test_errors_are_reported_at_their_fields() -> None:
    assert "'few'" in wrong(changes="epochs=few")["changes"]
    assert wrong(changes="epoch=3")["changes"].startswith("epoch ")
    assert list(wrong(over=("blr=1:x:3",))) == ["blr"]
    assert "no values" in wrong(over=("blr=",))["blr"]
    assert list(wrong(over=())) == ["axes"]


def test_the_plan_says_runs_time_and_disk() -> None:
    plan = SweepPlan(
        spec=spec_from(FILLED.model_copy(update={"seeds": 3})), objective="val/linear_accuracy",
        settings=[{"mask_ratio": ratio} for ratio in (0.5, 0.6, 0.7, 0.8)], unfit=[], runs=12, total_s=1920,
        basis="", disk_bytes=1_200_000_000, disk_free_bytes=0, must_confirm=False, warnings=[], existing=None,
    )  # fmt: skip
    assert plan_words(plan) == ("12 runs", "4 settings × 3 seeds, about 32 min 00 s, 1.2 GB")
    unknown = plan.model_copy(update={"total_s": None, "disk_bytes": None})
    assert plan_words(unknown)[1] == "4 settings × 3 seeds, time unknown"


def report(*axes: str, values: list[dict[str, Any]]) -> SweepReport:
    spec = spec_from(FILLED.model_copy(update={"over": axes}))
    summary = SweepSummary(
        id="sweep-1", name=None, kind=RunKind.PRETRAIN, dataset="sky", axes=spec.axes,
        created_at=datetime(2026, 1, 1, tzinfo=UTC), runs=9, done=3, active=5, lost=1, missing=0,
    )  # fmt: skip
    member = SweepMember(
        place=0, values=values[0], seed=0, run_id="a-b-1", state=RunState.CANCELLED,
        reason="stopped early: …", stopped_early=True, last=0.4, last_epoch=2, best=0.5, best_epoch=1,
    )  # fmt: skip
    rows = [SweepSetting(values=one, members=[0], n=1, mean=0.5, std=None, stopped_early=1) for one in values]
    return SweepReport(
        summary=summary, spec=spec, objective="val/linear_accuracy", members=[member], settings=rows,
        references=[Reference(name="raw pixels", value=0.3)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("axis", "values", "numeric", "log"),
    [
        ("blr=1e-3:1e-1:3:log", [0.001, 0.01, 0.1], True, True),
        ("blr=1e-3,1e-1", [0.001, 0.1], True, True),
        ("mask_ratio=0.5:0.9:3", [0.5, 0.7, 0.9], True, False),
        ("mask_ratio=0.5,0.75", [0.5, 0.75], True, False),
        ("norm_pix_loss=true,false", [True, False], False, False),
        ("crop_size=none,48", [None, 48], False, False),
    ],
)
def test_an_axis_is_drawn_by_ratios_or_steps_or_words(
    axis: str, values: list[Any], numeric: bool, log: bool
) -> None:
    field = axis.partition("=")[0]
    found = sweep_data(report(axis, values=[{field: value} for value in reversed(values)]))
    drawn = found["axes"][0]
    assert (drawn["numeric"], drawn["log"]) == (numeric, log)
    if not numeric:
        assert drawn["words"] == [one["words"][0] for one in reversed(found["settings"])]


def test_every_seed_comes_with_what_became_of_it() -> None:
    found = sweep_data(report("mask_ratio=0.5,0.75", values=[{"mask_ratio": 0.5}]))
    assert found["settings"][0]["runs"][0] == {
        "id": "a-b-1", "seed": 0, "state": "cancelled", "early": True, "reason": "stopped early: …",
        "best": 0.5, "best_epoch": 1, "last": 0.4, "last_epoch": 2,
    }  # fmt: skip
    assert found["references"] == [["raw pixels", 0.3]]
    assert progress_words(report("depth=1", values=[{"depth": 1}]).summary) == (
        "3 of 9 runs finished, 5 active or waiting, 1 failed, stopped or missing"
    )
