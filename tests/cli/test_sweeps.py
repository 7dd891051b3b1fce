"""`galaxyscope sweep …` in a home without a supervisor: planned, queued, shown, stopped, retried."""

import json
import shlex
from pathlib import Path

import pytest

from backend.db.engine import open_database
from frontend.ui.sweep_form import SweepForm, spec_of, sweep_command
from shared.contract.sweeps import SweepMode, SweepReport
from tests.api.conftest import add_dataset
from tests.cli.shell import Answer, call
from tests.homes import new_home

FORM = SweepForm(
    start="preset:demo-60s",
    on="sky",
    changes="epochs=3 warmup_epochs=0.5",
    over=("blr=1e-3:1e-2:2:log", "mask_ratio=0.5,0.75"),
    seeds=2,
    stop_early=True,
    name="from the form",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settings = new_home(tmp_path)
    database = open_database(settings.database_path)
    add_dataset(database, settings, "sky")
    database.close()
    return settings.home


def sweep(home: Path, *words: str) -> Answer:
    return call(home, "sweep", *words)


def queued(home: Path, form: SweepForm, *more: str) -> SweepReport:
    answer = call(home, *shlex.split(sweep_command(form).replace("\\\n", ""))[1:], "--json", *more)
    assert answer.returncode == 0, answer.stderr
    return SweepReport.model_validate_json(answer.stdout)


def test_the_command_shown_by_the_form_queues_the_same_sweep(home: Path) -> None:
    for form in (FORM, SweepForm(**FORM.model_dump(exclude={"mode"}), mode=SweepMode.RANDOM)):
        report, (spec, _) = queued(home, form), spec_of(form)
        assert spec is not None
        assert report.spec == spec.model_copy(update={"objective": "val/linear_accuracy"})
    assert len(json.loads(sweep(home, "list", "--json").stdout)) == 2


def test_a_sweep_is_planned_queued_once_stopped_and_retried(home: Path) -> None:
    report = queued(home, FORM)
    one = report.summary.id
    assert (report.summary.runs, report.summary.active) == (8, 8)
    assert queued(home, FORM) == report
    stopped = SweepReport.model_validate_json(sweep(home, "stop", one, "--json").stdout)
    assert (stopped.summary.active, stopped.summary.lost) == (0, 8)
    shown = sweep(home, "show", one).stdout
    assert "0 of 8 runs done, 0 active, 8 failed, stopped or missing" in shown and "mask_ratio" in shown
    retried = SweepReport.model_validate_json(sweep(home, "retry", one, "--json").stdout)
    assert retried.summary.active == 8


def test_a_plan_names_invalid_settings_and_a_refusal_is_one_sentence(home: Path) -> None:
    base = ("--preset", "demo-60s", "--dataset", "sky")
    plan = sweep(home, "plan", *base, "--over", "patch_size=7,8", "--seeds", "3")
    assert "3 runs: 1 setting × 3 seeds, time unknown" in plan.stdout
    assert "cannot work: patch_size=7: patch_size 7 does not divide img_size 64" in plan.stdout
    refused = sweep(home, "run", *base, "--over", "patch_size=7,8", "--json")
    assert refused.returncode == 1 and json.loads(refused.stdout)["code"] == "unfit_settings"
    many = sweep(home, "run", *base, "--over", "blr=1e-4:1e-2:101:log", "--json")
    assert many.returncode == 1 and json.loads(many.stdout)["field"] == "confirm_runs"
    wrong = sweep(home, "plan", *base, "--over", "blr=1:2:x", "--json")
    assert wrong.returncode == 1 and json.loads(wrong.stdout)["code"] == "bad_sweep"
    assert json.loads(sweep(home, "list", "--json").stdout) == []
