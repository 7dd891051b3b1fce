"""Sweeps through the real app: planned, launched once whatever breaks, stopped early, retried, and what they
came to."""

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.api import experiments
from backend.db.engine import Database
from backend.db.models import BaselineRow, RunRow, SweepMemberRow
from backend.db.points import Line, write_lines
from backend.jobs.housekeeping import Housekeeping
from backend.jobs.sweep_stopping import SweepStopping
from backend.services.experiments import sweeps
from backend.settings import Settings
from frontend.api.client import Client
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.runs import RunRequest
from shared.contract.sweeps import Axis, SweepReport, SweepSpec
from shared.planning.sweep_words import read_axis
from tests.api.conftest import Move, add_dataset, refused
from tests.api.encoders import leave_encoder

S = RunState
SMALL = {"dataset": "sky", "batch_size": 8, "epochs": 4, "warmup_epochs": 1}
OBJECTIVE = "val/linear_accuracy"


def spec(*axes: str, config: dict[str, Any] | None = None, **more: Any) -> SweepSpec:
    plain = more.get("preset", "demo-60s") is None
    chosen = {"preset": "demo-60s", "config": (config or {}) if plain else SMALL | (config or {})} | more
    return SweepSpec(axes=[read_axis(words) for words in axes], **chosen)


FOUR = spec("mask_ratio=0.5,0.75", "blr=1e-3:1e-2:2:log", stop_early=True, warm_up=0.5, name="first")


def ids(report: SweepReport) -> list[str]:
    return [str(member.run_id) for member in report.members]


def report_figures(database: Database, run_id: str, *values: float, key: str = OBJECTIVE) -> None:
    """Evaluations at epochs 0, 1, 2, …"""
    with database.write() as session:
        for epoch, value in enumerate(values):
            write_lines(session, run_id, [Line(epoch * 20, float(epoch), 0.0, {key: value})])


def test_a_plan_says_what_a_launch_would_queue_and_queues_nothing(client: Client, sky: Path) -> None:
    plan = client.call(endpoints.PLAN_SWEEP, body=spec("mask_ratio=0.5,0.75", "blr=1e-3:1e-2:2:log", seeds=3))
    assert (len(plan.settings), plan.runs, plan.must_confirm) == (4, 12, False)
    assert plan.settings[1] == {"mask_ratio": 0.5, "blr": 0.01}
    assert (plan.objective, plan.total_s, plan.existing) == (OBJECTIVE, None, None)
    one = client.call(
        endpoints.ESTIMATE_LAUNCH, body=RunRequest(kind=RunKind.PRETRAIN, preset="demo-60s", config=SMALL)
    )
    assert plan.disk_bytes == 12 * one.disk_bytes
    assert client.call(endpoints.LIST_RUNS) == [] == client.call(endpoints.LIST_SWEEPS)


def test_the_time_of_a_plan_is_the_sum_of_what_each_launch_is_estimated_at(
    client: Client, database: Database, sky: Path, move: Move
) -> None:
    earlier = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PRETRAIN, preset="demo-60s", config=SMALL)
    ).id
    move(earlier, S.STARTING, S.RUNNING, S.SUCCEEDED)
    with database.write() as session:
        session.get_one(RunRow, earlier).progress = {"images_per_s": 50.0}
    plan = client.call(endpoints.PLAN_SWEEP, body=spec("epochs=4,8", "blr=1e-3,1e-2", seeds=3))
    each = [
        client.call(
            endpoints.ESTIMATE_LAUNCH,
            body=RunRequest(kind=RunKind.PRETRAIN, preset="demo-60s", config=SMALL | more),
        ).total_s
        for more in ({"epochs": 4}, {"epochs": 8})
    ]
    assert each[1] == pytest.approx(2 * each[0]) and plan.basis == "by earlier runs"
    assert plan.total_s == pytest.approx(2 * 3 * sum(each))


@pytest.mark.parametrize(("attempt", "total_s"), [(1, 30.0), (2, None), (0, None)])
def test_the_time_of_classifiers_goes_by_one_that_went_through_here_in_one_go(
    client: Client, database: Database, sky: Path, move: Move, attempt: int, total_s: float | None
) -> None:
    config = {"dataset": "sky", "img_size": 32, "batch_size": 8, "epochs": 10}
    known = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.SUPERVISED, config=config)).id
    move(known, S.STARTING, S.RUNNING, S.SUCCEEDED)
    with database.write() as session:
        run = session.get_one(RunRow, known)
        run.attempt = attempt  # 0: it came as a zip
        run.started_at, run.ended_at = (
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC),
        )
    base = {"kind": RunKind.SUPERVISED, "preset": None, "config": config}
    assert (
        client.call(endpoints.PLAN_SWEEP, body=spec("label_fraction=0.5,1", seeds=2, **base)).total_s
        == total_s
    )


def test_classifiers_are_swept_too_and_data_that_do_not_suffice_are_named(client: Client, sky: Path) -> None:
    base = {"kind": RunKind.SUPERVISED, "preset": None, "config": {"dataset": "sky", "img_size": 32}}
    plan = client.call(
        endpoints.PLAN_SWEEP, body=spec("batch_size=8,4096", "label_fraction=0.5,1", **base, leave_out=True)
    )
    assert [one.values["batch_size"] for one in plan.unfit] == [4096, 4096]
    assert plan.unfit[0].field == "batch_size" and " 24 labelled rows" in plan.unfit[0].sentence
    launched = client.launch_sweep(plan.spec)
    configs = [client.call(endpoints.GET_RUN, run_id=run_id).config for run_id in ids(launched)]
    assert [(one["batch_size"], one["label_fraction"]) for one in configs] == [(8, 0.5), (8, 1.0)]
    assert launched.objective == "val/balanced_accuracy"


def test_what_cannot_work_is_listed_refused_and_left_out_on_the_persons_word(
    client: Client, sky: Path
) -> None:
    asked = spec("patch_size=7,8", "mask_ratio=0.5,0.75")
    plan = client.call(endpoints.PLAN_SWEEP, body=asked)
    assert [one.values["patch_size"] for one in plan.unfit] == [7, 7] and len(plan.settings) == 2
    assert "patch_size 7 does not divide img_size 64" in plan.unfit[0].sentence
    error = refused(lambda: client.launch_sweep(asked))
    assert "2 of 4 settings are invalid, such as patch_size=7 mask_ratio=0.5" in error.detail
    assert client.call(endpoints.LIST_RUNS) == []
    launched = client.launch_sweep(asked.model_copy(update={"leave_out": True}))
    assert [member.values["patch_size"] for member in launched.members] == [8, 8]


def test_what_no_setting_can_do_is_refused_by_name(client: Client, sky: Path) -> None:
    def why(*axes: str, **more: Any) -> tuple[str, str | None]:
        error = refused(lambda: client.call(endpoints.PLAN_SWEEP, body=spec(*axes, **more)))
        return error.detail, error.field

    assert why("patch_size=5,7")[1] == "patch_size"
    assert why("brl=1,2") == ("there is no setting brl in a pretrain; check its spelling", "brl")
    assert why("depth=1,2", config={"dataset": "nowhere"})[1] == "dataset"
    assert "there are: val/linear_accuracy" in why("depth=1,2", objective="val/best")[0]
    assert why("depth=1,2", config={"online_probe": "off"})[1] == "objective"
    for seed in (1.5, "abc", None):
        said, field = why("depth=1,2", config={"seed": seed})
        assert (f"seed = {seed!r}" in said, field) == (True, "seed")
    assert why("n=1,2", kind=RunKind.SIMULATE, preset=None)[1] == "kind"
    assert "1,200 runs are more than the 1,000" in why("blr=1e-4:1e-2:600", seeds=2)[0]


def test_more_than_a_hundred_runs_are_queued_only_where_their_number_is_confirmed(
    client: Client, sky: Path
) -> None:
    asked = spec("blr=1e-4:1e-2:101:log")
    assert client.call(endpoints.PLAN_SWEEP, body=asked).must_confirm
    for said in (None, 100):
        error = refused(lambda said=said: client.launch_sweep(asked, confirm_runs=said))
        assert (error.code, error.field) == ("confirm_runs", "confirm_runs") and "101" in error.detail
    assert client.call(endpoints.LIST_SWEEPS) == []
    assert client.launch_sweep(asked, confirm_runs=101).summary.active == 101


def test_what_takes_longer_than_a_request_is_queued_by_several(
    client: Client, sky: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiments, "WITHIN_S", 0.0)  # one run a request
    launched = client.launch_sweep(spec("blr=1e-4:1e-2:3:log"), confirm_runs=3)
    assert launched.summary.active == 3 == len(client.call(endpoints.LIST_RUNS))


def test_a_launch_queues_each_setting_with_each_seed_once(client: Client, sky: Path) -> None:
    asked = spec("mask_ratio=0.5,0.75", seeds=2, config={"seed": 5})
    launched = client.launch_sweep(asked)
    assert [(member.values["mask_ratio"], member.seed) for member in launched.members] == [
        (0.5, 5), (0.75, 5), (0.5, 6), (0.75, 6)
    ]  # fmt: skip
    runs = [client.call(endpoints.GET_RUN, run_id=run_id) for run_id in ids(launched)]
    assert [run.queue_position for run in runs] == [1, 2, 3, 4]
    assert [(run.config["mask_ratio"], run.config["seed"]) for run in runs[1:3]] == [(0.75, 5), (0.5, 6)]
    assert runs[0].name == "sweep · mask_ratio=0.5" and runs[0].config["batch_size"] == 8
    again = client.launch_sweep(asked.model_copy(update={"name": "the same by another name"}))
    assert ids(again) == ids(launched) and len(client.call(endpoints.LIST_RUNS)) == 4
    assert client.call(endpoints.PLAN_SWEEP, body=asked).existing == launched.summary.id
    assert [one.id for one in client.call(endpoints.LIST_SWEEPS, run=runs[2].id)] == [launched.summary.id]


def test_a_launch_that_broke_off_is_gone_on_with_and_nothing_is_doubled(
    client: Client, sky: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, enqueue = itertools.count(), sweeps.enqueue

    def break_at_the_third(*args: Any, **more: Any) -> str:
        run_id = enqueue(*args, **more)
        if next(made) == 2:
            raise OSError("the disk went away")
        return run_id

    with monkeypatch.context() as patch:
        patch.setattr(sweeps, "enqueue", break_at_the_third)
        with pytest.raises(OSError):
            client.launch_sweep(FOUR)
    [broken] = client.call(endpoints.LIST_SWEEPS)
    assert (broken.runs, broken.active, broken.lost) == (4, 2, 2)
    first = ids(client.call(endpoints.GET_SWEEP, sweep_id=broken.id))[:2]
    whole = client.launch_sweep(FOUR)
    assert ids(whole)[:2] == first and len(set(ids(whole))) == 4
    assert len(client.call(endpoints.LIST_RUNS)) == 4 and whole.summary.lost == 0


def test_a_setting_that_can_work_by_now_joins_its_sweep(
    client: Client, database: Database, settings: Settings, sky: Path
) -> None:
    asked = spec("eval_dataset=late,sky", seeds=2, leave_out=True)
    [unfit] = client.call(endpoints.PLAN_SWEEP, body=asked).unfit
    assert (unfit.field, "late" in unfit.sentence) == ("eval_dataset", True)
    first = client.launch_sweep(asked)
    assert first.summary.runs == 2
    add_dataset(database, settings, "late", n=70)
    assert client.call(endpoints.PLAN_SWEEP, body=asked).existing == first.summary.id
    whole = client.launch_sweep(asked)
    assert [(member.values["eval_dataset"], member.seed) for member in whole.members] == [
        ("sky", 0), ("sky", 1), ("late", 0), ("late", 1)
    ]  # fmt: skip
    assert whole.summary.id == first.summary.id and ids(whole)[:2] == ids(first)
    assert len(client.call(endpoints.LIST_RUNS)) == 4 == len(set(ids(client.launch_sweep(asked))))


def test_other_galaxies_to_judge_on_are_another_sweep(
    client: Client, database: Database, settings: Settings, sky: Path
) -> None:
    asked, launched = spec("mask_ratio=0.5", config={"eval_dataset": "late"}), []
    for n in (70, 80):
        add_dataset(database, settings, "late", n=n)
        launched.append(client.launch_sweep(asked).summary.id)
        client.call(endpoints.STOP_SWEEP, sweep_id=launched[-1])
        client.call(endpoints.DELETE_DATASET, name="late")
    assert launched[0] != launched[1] and len(client.call(endpoints.LIST_RUNS)) == 2


def test_an_empty_dataset_of_an_axis_is_that_of_the_encoder_and_the_same_comes_once(
    client: Client, database: Database, settings: Settings, sky: Path
) -> None:
    add_dataset(database, settings, "late", n=70)
    base = {"encoder": leave_encoder(database, settings), "batch_size": 8}

    def trained_on(*names: str | None) -> list[str]:
        axes = [Axis(field="dataset", values=list(names))]
        swept = client.launch_sweep(SweepSpec(kind=RunKind.FINETUNE, config=base, axes=axes))
        return [client.call(endpoints.GET_RUN, run_id=run_id).config["dataset"] for run_id in ids(swept)]

    assert trained_on("late", None) == ["late", "sky"]
    assert trained_on("sky", None) == ["sky"]


def test_a_sweep_over_a_runs_settings_keeps_all_but_what_is_swept(client: Client, sky: Path) -> None:
    run = client.call(
        endpoints.CREATE_RUN,
        body=RunRequest(kind=RunKind.PRETRAIN, preset="demo-60s", config=SMALL | {"depth": 2}),
    )
    launched = client.launch_sweep(SweepSpec(base_run=run.id, axes=[read_axis("mask_ratio=0.5,0.9")]))
    for member, ratio in zip(launched.members, (0.5, 0.9), strict=True):
        assert client.call(endpoints.GET_RUN, run_id=str(member.run_id)).config == run.config | {
            "mask_ratio": ratio
        }


def test_a_running_member_is_stopped_where_it_is_worse_than_the_median_of_three_others(
    client: Client, database: Database, settings: Settings, sky: Path, move: Move
) -> None:
    launched = client.launch_sweep(FOUR)
    *others, last = ids(launched)
    for run_id, figures in zip(others, ((0.2, 0.4, 0.6), (0.2, 0.5, 0.5), (0.2, 0.1, 0.2)), strict=True):
        move(run_id, S.STARTING, S.RUNNING, S.SUCCEEDED)
        report_figures(database, run_id, *figures)
    stopping = Housekeeping(settings, database, lambda: datetime.now(UTC))
    move(last, S.STARTING, S.RUNNING)
    report_figures(database, last, 0.9, 0.3)
    stopping.tick()  # at a quarter: still warming up
    assert client.call(endpoints.GET_RUN, run_id=last).state is S.RUNNING
    with database.write() as session:
        write_lines(session, last, [Line(40, 2.0, 0.0, {OBJECTIVE: 0.41})])
    stopping.tick()
    run = client.call(endpoints.GET_RUN, run_id=last)
    assert run.state is S.STOPPING
    assert run.reason == (
        "stopped early at epoch 2: best linear probe accuracy 41.0 %, the median of 3 others is 50.0 %"
    )
    member = client.call(endpoints.GET_SWEEP, sweep_id=launched.summary.id).members[3]
    assert (member.stopped_early, member.best, member.best_epoch) == (True, 0.41, 2)


def test_nothing_is_stopped_where_the_sweep_does_not_ask_for_it(
    client: Client, database: Database, sky: Path, move: Move
) -> None:
    launched = client.launch_sweep(FOUR.model_copy(update={"stop_early": False}))
    for place, run_id in enumerate(ids(launched)):
        report_figures(database, run_id, 0.1, 0.5, 0.5 - 0.1 * place)
        move(run_id, S.STARTING, S.RUNNING, *([S.SUCCEEDED] if place < 3 else []))
    SweepStopping(database).tick()
    assert client.call(endpoints.GET_RUN, run_id=ids(launched)[3]).state is S.RUNNING


def test_what_failed_or_was_stopped_by_hand_is_queued_anew_and_the_rest_stays(
    client: Client, database: Database, sky: Path, move: Move
) -> None:
    launched = client.launch_sweep(FOUR)
    failed, early, waits, done = ids(launched)
    move(failed, S.STARTING, S.FAILED)
    move(early, S.STARTING, S.RUNNING, S.STOPPING, S.CANCELLED)
    move(done, S.STARTING, S.RUNNING, S.SUCCEEDED)
    with database.write() as session:
        session.get_one(SweepMemberRow, (launched.summary.id, 1)).stopped_early = True
    stopped = client.call(endpoints.STOP_SWEEP, sweep_id=launched.summary.id)
    assert client.call(endpoints.GET_RUN, run_id=waits).state is S.CANCELLED
    assert (stopped.summary.active, stopped.summary.done, stopped.summary.lost) == (0, 2, 2)
    retried = client.call(endpoints.RETRY_SWEEP, sweep_id=launched.summary.id)
    assert ids(retried)[1] == early and ids(retried)[3] == done
    assert [client.call(endpoints.GET_RUN, run_id=run_id).parent_id for run_id in ids(retried)] == [
        failed,
        None,
        waits,
        None,
    ]
    assert (retried.summary.active, retried.summary.lost) == (2, 0)


def test_the_results_stand_by_setting_best_first_beside_what_learned_nothing(
    client: Client, database: Database, settings: Settings, sky: Path, move: Move
) -> None:
    launched = client.launch_sweep(spec("mask_ratio=0.5,0.75,0.9", seeds=2))
    figures = [(0.3, 0.5, 0.4), (0.3, 0.6, 0.62), (), (0.3, 0.4, 0.44), (0.3, 0.58, 0.5), ()]
    for run_id, found in zip(ids(launched), figures, strict=True):
        report_figures(database, run_id, *found)
    with database.write() as session:
        run = session.get_one(RunRow, ids(launched)[0])
        run.initial_metrics = {OBJECTIVE: 0.3}
        for key, value in (("majority_accuracy", 0.1), ("raw_pixel_linear_accuracy", 0.35)):
            session.add(BaselineRow(dataset_digest=str(run.eval_dataset_digest), key=key, value=value))
    report = client.call(endpoints.GET_SWEEP, sweep_id=launched.summary.id)
    best = report.members[0]
    assert (best.best, best.best_epoch, best.last, best.last_epoch) == (0.5, 1, 0.4, 2)
    assert [one.values["mask_ratio"] for one in report.settings] == [0.75, 0.5, 0.9]
    first = report.settings[0]
    assert (first.mean, first.std, first.n) == (pytest.approx(0.60), pytest.approx(0.02 * 2**0.5), 2)
    assert (report.settings[2].mean, report.settings[2].n) == (None, 0)
    assert {one.name: one.value for one in report.references} == {
        "random init": 0.3, "raw pixels": 0.35, "majority class": 0.1
    }  # fmt: skip


def test_where_a_loss_is_swept_over_what_it_is_of_the_plan_warns(client: Client, sky: Path) -> None:
    plan = client.call(
        endpoints.PLAN_SWEEP, body=spec("mask_ratio=0.5,0.75", objective="val/loss", stop_early=True)
    )
    assert any("val/loss" in said and "mask_ratio" in said for said in plan.warnings)
    assert any("nothing will be stopped" in said for said in plan.warnings)


def test_an_unknown_sweep_is_named(client: Client) -> None:
    assert (
        "there is no sweep sweep-0"
        in refused(lambda: client.call(endpoints.GET_SWEEP, sweep_id="sweep-0")).detail
    )
