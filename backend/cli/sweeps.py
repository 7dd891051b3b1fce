"""`galaxyscope sweep …`: one training with a few of its settings varied."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backend.cli.data import Json
from backend.cli.output import console, percent, print_json, size_words, stdout_console, time_words
from backend.cli.runs.commands import Settings
from backend.cli.session import open_home, start_and_wait
from backend.cli.setting_words import parse_settings
from backend.errors import InvalidInputError
from backend.services.experiments.sweeps import Sweeps
from backend.services.services import Services
from shared.base.states import TERMINAL
from shared.configs.kinds import RunKind
from shared.contract.sweeps import (
    Objective,
    SweepLaunch,
    SweepMode,
    SweepPlan,
    SweepReport,
    SweepSpec,
    objective_of,
)
from shared.planning.sweep_draws import SweepError
from shared.planning.sweep_words import axis_words, read_axis, setting_words

app = typer.Typer(no_args_is_help=True)
SweepId = Annotated[str, typer.Argument(help="Id of the sweep, such as sweep-1f3a9c20.")]
Over = Annotated[
    list[str],
    typer.Option(
        "--over", help="mask_ratio=0.5,0.75 or blr=1e-3:1e-2:4:log, as often as you like.", show_default=False
    ),
]
Kind = Annotated[str, typer.Option(help="pretrain, finetune or supervised.")]
Preset = Annotated[str | None, typer.Option(help="Starting point of a pretraining, such as demo-60s.")]
Like = Annotated[str | None, typer.Option("--like", help="Run whose settings are varied.")]
Encoder = Annotated[str | None, typer.Option("--from", help="Run whose encoder a classifier works on.")]
Dataset = Annotated[str | None, typer.Option(help="Dataset of every run.")]
Mode = Annotated[SweepMode, typer.Option(help="grid: every combination; random: draws of them.")]
Samples = Annotated[int, typer.Option(min=1, help="Settings that a random sweep draws.")]
DrawSeed = Annotated[int, typer.Option(min=0, help="Of the draws.")]
Seeds = Annotated[int, typer.Option(min=1, max=10, help="Runs of each setting.")]
ObjectiveKey = Annotated[str | None, typer.Option("--objective", help="Metric to order by: val/….")]
StopEarly = Annotated[bool, typer.Option(help="Stop members that are worse than the median of the others.")]
WarmUp = Annotated[float, typer.Option(help="Share of a training in which nothing is stopped.")]
LeaveOut = Annotated[bool, typer.Option(help="Leave out settings that cannot work.")]
Name = Annotated[str | None, typer.Option(help="A label for people.")]


@app.command()
def plan(
    over: Over,
    kind: Kind = "pretrain",
    preset: Preset = None,
    like: Like = None,
    encoder: Encoder = None,
    dataset: Dataset = None,
    settings: Settings = None,
    mode: Mode = SweepMode.GRID,
    samples: Samples = 10,
    draw_seed: DrawSeed = 0,
    seeds: Seeds = 1,
    objective: ObjectiveKey = None,
    stop_early: StopEarly = False,
    warm_up: WarmUp = 0.25,
    leave_out: LeaveOut = False,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """What a sweep would queue, and what that costs."""
    spec = _spec(locals())
    planned = open_home().sweeps.plan(spec)
    print_json(planned) if as_json else _print_plan(planned, stdout_console())


@app.command()
def run(
    over: Over,
    kind: Kind = "pretrain",
    preset: Preset = None,
    like: Like = None,
    encoder: Encoder = None,
    dataset: Dataset = None,
    settings: Settings = None,
    mode: Mode = SweepMode.GRID,
    samples: Samples = 10,
    draw_seed: DrawSeed = 0,
    seeds: Seeds = 1,
    objective: ObjectiveKey = None,
    stop_early: StopEarly = False,
    warm_up: WarmUp = 0.25,
    leave_out: LeaveOut = False,
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", help="Queue that many, without a question.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until all of it has ended.")] = False,
    as_json: Json = False,
) -> None:
    """Queue a sweep; of one that was launched before, what is missing."""
    home, spec = open_home(), _spec(locals())
    sweeps = home.sweeps
    planned = sweeps.plan(spec)
    if not as_json:
        _print_plan(planned, console)
    report = sweeps.launch(SweepLaunch(spec=spec, confirm_runs=_confirmed(planned, yes, as_json)))
    if wait:
        report = _wait(home, sweeps, report)
    print_json(report) if as_json else _print_report(report)
    if wait and report.summary.lost:
        raise typer.Exit(1)


@app.command()
def show(sweep_id: SweepId, as_json: Json = False) -> None:
    """A sweep as it stands: settings best first."""
    report = open_home().sweeps.report(sweep_id)
    print_json(report) if as_json else _print_report(report)


@app.command()
def stop(sweep_id: SweepId, as_json: Json = False) -> None:
    """Ask all of it that has not ended to end; `retry` queues it anew."""
    report = open_home().sweeps.stop(sweep_id)
    print_json(report) if as_json else _print_report(report)


@app.command()
def retry(sweep_id: SweepId, as_json: Json = False) -> None:
    """Queue anew what failed, was stopped by hand or is not there."""
    report = open_home().sweeps.retry(sweep_id)
    print_json(report) if as_json else _print_report(report)


@app.command("list")
def list_sweeps(as_json: Json = False) -> None:
    """Sweeps, newest first."""
    found = open_home().sweeps.list_sweeps()
    if as_json:
        print_json(found)
        return
    table = Table("sweep", "name", "kind", "dataset", "over", "runs", "done", "active", box=None)
    for one in found:
        over = " ".join(f"{axis.field}={axis_words(axis)}" for axis in one.axes)
        words = [one.id, one.name or "", one.kind.value, one.dataset or "", over]
        table.add_row(*map(escape, words), str(one.runs), str(one.done), str(one.active))
    stdout_console().print(table if found else "no sweeps yet: galaxyscope sweep run --help")


def _spec(given: dict[str, Any]) -> SweepSpec:
    """The sweep that the options ask for."""
    if given["kind"] not in list(RunKind):
        raise InvalidInputError("bad_kind", f"there is no kind {given['kind']}; take pretrain", "kind")
    try:
        axes = [read_axis(words) for words in given["over"]]
    except SweepError as error:
        raise InvalidInputError("bad_sweep", f"--over {error}", error.field) from None
    named = {"dataset": given["dataset"], "encoder": given["encoder"]}
    config = {key: value for key, value in named.items() if value} | parse_settings(given["settings"] or [])
    same = ("preset", "mode", "samples", "draw_seed", "seeds", "objective", "stop_early", "warm_up")
    values = {key: given[key] for key in (*same, "leave_out", "name")}
    kind, base = RunKind(given["kind"]), given["like"]
    return SweepSpec(kind=kind, base_run=base, config=config, axes=axes, **values)


def _confirmed(planned: SweepPlan, yes: bool, as_json: bool) -> int | None:
    """The number of runs, where they are many and somebody said yes to it."""
    if not planned.must_confirm or yes:
        return planned.runs
    if as_json:
        return None
    typer.confirm(f"Queue {planned.runs:,} runs?", abort=True, err=True)
    return planned.runs


def _wait(home: Services, sweeps: Sweeps, report: SweepReport) -> SweepReport:
    while waiting := [one.run_id for one in report.members if one.run_id and one.state not in TERMINAL]:
        start_and_wait(home, waiting[0])
        report = sweeps.report(report.summary.id)
    return report


def _print_plan(planned: SweepPlan, out: Console) -> None:
    time = f"about {time_words(planned.total_s)} ({planned.basis})" if planned.total_s else "time unknown"
    disk = f", {size_words(planned.disk_bytes)}" if planned.disk_bytes is not None else ""
    what = " × ".join(
        _counted(*pair) for pair in ((len(planned.settings), "setting"), (planned.spec.seeds, "seed"))
    )
    out.print(f"{_counted(planned.runs, 'run')}: {what}, {time}{disk}.", highlight=False)
    for unfit in planned.unfit:
        out.print(f"cannot work: {setting_words(unfit.values)}: {unfit.sentence}", markup=False)
    for sentence in planned.warnings:
        out.print(sentence, markup=False)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _print_report(report: SweepReport) -> None:
    objective, one = objective_of(report.spec), report.summary
    if objective is None:
        return
    out = stdout_console()
    lost = f", {one.lost} failed, stopped or missing" if one.lost else ""
    out.print(f"[bold]{one.id}[/bold]  {one.done} of {one.runs} runs done, {one.active} active{lost}")
    fields = [axis.field for axis in report.spec.axes]
    table = Table(*fields, f"best {objective.title}", "±", "N", "stopped early", box=None)
    for setting in report.settings:
        values = [setting_words({field: setting.values[field]}).partition("=")[2] for field in fields]
        mean, std = _figure(objective, setting.mean), _figure(objective, setting.std)
        table.add_row(*map(escape, values), mean, std, str(setting.n), str(setting.stopped_early or ""))
    out.print(table)
    for reference in report.references:
        out.print(f"{reference.name}: {percent(reference.value)}", highlight=False)
    for member in report.members:
        if member.stopped_early:
            out.print(f"{member.run_id}: {member.reason}", markup=False, highlight=False)


def _figure(objective: Objective, value: float | None) -> str:
    if value is None:
        return "–"
    return percent(value) if objective.share else f"{value:.4g}"
