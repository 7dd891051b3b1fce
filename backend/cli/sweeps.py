"""`galaxyscope sweep …`: one training with a few of its settings varied."""

from typing import Annotated, Any

import typer
from rich.console import Console

from backend.cli.options import Json, Label, Options, Settings, Yes, grouped, parse_settings
from backend.cli.output import (
    Columns,
    console,
    print_json,
    print_lines,
    print_list,
    print_table,
    stdout_console,
)
from backend.cli.session import open_home, wait_for_run
from backend.errors import InvalidInputError
from shared.base.states import TERMINAL
from shared.base.text import duration, percent, plural, size
from shared.configs.kinds import RunKind
from shared.contract.sweeps import (
    Objective,
    SweepLaunch,
    SweepMode,
    SweepPlan,
    SweepReport,
    SweepSetting,
    SweepSpec,
    SweepSummary,
    objective_of,
)
from shared.planning.sweep_draws import SweepError
from shared.planning.sweep_words import axis_words, read_axis, setting_words

app = typer.Typer(no_args_is_help=True)
SweepId = Annotated[str, typer.Argument(help="Id of the sweep, such as sweep-1f3a9c20.")]


def _spec(
    over: Annotated[
        list[str],
        typer.Option(
            "--over", help="mask_ratio=0.5,0.75 or blr=1e-3:1e-2:4:log; can be repeated.", show_default=False
        ),
    ],
    kind: Annotated[str, typer.Option(help="pretrain, finetune or supervised.")] = "pretrain",
    preset: Annotated[str | None, typer.Option(help="Preset of a pretraining, such as demo-60s.")] = None,
    like: Annotated[str | None, typer.Option("--like", help="Run whose settings are varied.")] = None,
    encoder: Annotated[
        str | None, typer.Option("--from", help="Run whose encoder a classifier uses.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Dataset of every run.")] = None,
    settings: Settings = None,
    mode: Annotated[SweepMode, typer.Option(help="grid: every combination; random: draws.")] = SweepMode.GRID,
    samples: Annotated[int, typer.Option(min=1, help="Settings drawn in a random sweep.")] = 10,
    draw_seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, max=10, help="Runs per setting.")] = 1,
    objective: Annotated[str | None, typer.Option("--objective", help="Metric to rank by: val/….")] = None,
    stop_early: Annotated[bool, typer.Option(help="Stop runs worse than the median of the others.")] = False,
    warm_up: Annotated[float, typer.Option(help="Share of a training before any run is stopped.")] = 0.25,
    leave_out: Annotated[bool, typer.Option(help="Skip settings that cannot work.")] = False,
    name: Label = None,
) -> SweepSpec:
    if kind not in list(RunKind):
        raise InvalidInputError("bad_kind", f"there is no kind {kind}; use pretrain", "kind")
    try:
        axes = [read_axis(words) for words in over]
    except SweepError as error:
        raise InvalidInputError("bad_sweep", f"--over {error}", error.field) from None
    given = {"dataset": dataset, "encoder": encoder}
    config = {key: value for key, value in given.items() if value} | parse_settings(settings or [])
    return SweepSpec(
        kind=RunKind(kind), base_run=like, config=config, axes=axes, preset=preset, mode=mode,
        samples=samples, draw_seed=draw_seed, seeds=seeds, objective=objective, stop_early=stop_early,
        warm_up=warm_up, leave_out=leave_out, name=name,
    )  # fmt: skip


Spec = Annotated[SweepSpec, Options(_spec)]


@app.command()
@grouped
def plan(spec: Spec, as_json: Json = False) -> None:
    """Show the runs a sweep would queue, and their cost."""
    planned = open_home().sweeps.plan(spec)
    print_json(planned) if as_json else _print_plan(planned, stdout_console())


@app.command()
@grouped
def run(
    spec: Spec,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option(help="Wait until every run has ended.")] = False,
    as_json: Json = False,
) -> None:
    """Queue a sweep, or the missing runs of one launched before."""
    home = open_home()
    planned = home.sweeps.plan(spec)
    if not as_json:
        _print_plan(planned, console)
    report = home.sweeps.launch(SweepLaunch(spec=spec, confirm_runs=_confirmed(planned, yes, as_json)))
    while wait and (
        active := [one.run_id for one in report.members if one.run_id and one.state not in TERMINAL]
    ):
        wait_for_run(home, active[0])
        report = home.sweeps.report(report.summary.id)
    _print_report(report, as_json)
    if wait and report.summary.lost:
        raise typer.Exit(1)


@app.command()
def show(sweep_id: SweepId, as_json: Json = False) -> None:
    """Show the current state of a sweep: settings, best first."""
    _print_report(open_home().sweeps.report(sweep_id), as_json)


@app.command()
def stop(sweep_id: SweepId, as_json: Json = False) -> None:
    """Stop the active runs of a sweep; `retry` queues them again."""
    _print_report(open_home().sweeps.stop(sweep_id), as_json)


@app.command()
def retry(sweep_id: SweepId, as_json: Json = False) -> None:
    """Queue the failed, stopped and missing runs of a sweep again."""
    _print_report(open_home().sweeps.retry(sweep_id), as_json)


@app.command("list")
def list_sweeps(as_json: Json = False) -> None:
    """List sweeps, newest first."""
    columns: Columns[SweepSummary] = {
        "sweep": "id",
        "name": lambda one: one.name or "",
        "kind": "kind",
        "dataset": lambda one: one.dataset or "",
        "over": lambda one: " ".join(f"{axis.field}={axis_words(axis)}" for axis in one.axes),
        "runs": "runs",
        "done": "done",
        "active": "active",
    }
    print_list(
        open_home().sweeps.list_sweeps(), as_json, columns, "No sweeps yet: galaxyscope sweep run --help"
    )


def _confirmed(planned: SweepPlan, yes: bool, as_json: bool) -> int | None:
    """The number of runs to queue, once confirmed if it is large."""
    if not planned.must_confirm or yes:
        return planned.runs
    if as_json:
        return None
    typer.confirm(f"Queue {planned.runs:,} runs?", abort=True, err=True)
    return planned.runs


def _print_plan(planned: SweepPlan, out: Console) -> None:
    time = f"about {duration(planned.total_s)} ({planned.basis})" if planned.total_s else "time unknown"
    disk = f", {size(planned.disk_bytes)}" if planned.disk_bytes is not None else ""
    product = f"{plural(len(planned.settings), 'setting')} × {plural(planned.spec.seeds, 'seed')}"
    out.print(f"{plural(planned.runs, 'run')}: {product}, {time}{disk}.", highlight=False)
    for unfit in planned.unfit:
        out.print(f"cannot work: {setting_words(unfit.values)}: {unfit.sentence}", markup=False)
    for sentence in planned.warnings:
        out.print(sentence, markup=False)


def _print_report(report: SweepReport, as_json: bool) -> None:
    objective, one = objective_of(report.spec), report.summary
    if as_json:
        print_json(report)
    if as_json or objective is None:
        return
    lost = f", {one.lost} failed, stopped or missing" if one.lost else ""
    print_lines(f"{one.id}  {one.done} of {one.runs} runs done, {one.active} active{lost}")

    def value_of(field: str) -> Any:
        return lambda setting: setting_words({field: setting.values[field]}).partition("=")[2]

    columns: Columns[SweepSetting] = {axis.field: value_of(axis.field) for axis in report.spec.axes}
    figures: Columns[SweepSetting] = {
        f"best {objective.title}": lambda setting: _figure(objective, setting.mean),
        "±": lambda setting: _figure(objective, setting.std),
        "N": "n",
        "stopped early": lambda setting: setting.stopped_early or "",
    }
    print_table(report.settings, {**columns, **figures})
    print_lines(*(f"{reference.name}: {percent(reference.value)}" for reference in report.references))
    print_lines(*(f"{run.run_id}: {run.reason}" for run in report.members if run.stopped_early))


def _figure(objective: Objective, value: float | None) -> str | None:
    return value if value is None else percent(value) if objective.share else f"{value:.4g}"
