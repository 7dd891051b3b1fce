"""`galaxyscope suite …`: the report's comparisons as a group."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from backend.cli.options import Json, Options, grouped
from backend.cli.output import console, print_json, print_lines
from backend.cli.session import open_home, wait_for_run
from backend.services.experiments.suite_files import report_text
from shared.base.states import TERMINAL
from shared.contract.suites import SuiteReport, SuiteScale
from shared.planning.suite_texts import SUITES

app = typer.Typer(no_args_is_help=True)


class _Suite(NamedTuple):
    key: str
    scale: SuiteScale
    dataset: str
    seeds: int


def _suite(
    key: Annotated[str, typer.Argument(metavar="SUITE", help=f"One of {', '.join(SUITES)}.")],
    dataset: Annotated[str, typer.Option(help="Labelled dataset for all runs.")],
    scale: Annotated[
        SuiteScale, typer.Option(help="paper: 224 px, for a GPU; laptop: 64 px.")
    ] = SuiteScale.LAPTOP,
    seeds: Annotated[int, typer.Option(help="Seeds per row; deciding a claim takes at least three.")] = 3,
) -> _Suite:
    return _Suite(key, scale, dataset, seeds)


Suite = Annotated[_Suite, Options(_suite)]


@app.command("list")
def list_suites(as_json: Json = False) -> None:
    """List the available comparisons."""
    if as_json:
        print_json(list(SUITES.values()))
    else:
        print_lines(*(f"{suite.key}  {suite.title}: {suite.question}" for suite in SUITES.values()))


@app.command()
@grouped
def run(
    suite: Suite,
    wait: Annotated[bool, typer.Option(help="Wait until every run has ended.")] = False,
    as_json: Json = False,
) -> None:
    """Queue the missing runs of a suite; existing results are reused."""
    home = open_home()
    report = home.suites.launch(*suite)
    while wait and (waiting := [one.run for one in report.runs if one.run and one.run.state not in TERMINAL]):
        wait_for_run(home, waiting[0].id)
        report = home.suites.report(*suite)
    _print_report(report, as_json)
    if wait and report.done < len(report.runs):
        raise typer.Exit(1)


@app.command()
@grouped
def show(
    suite: Suite,
    out: Annotated[Path | None, typer.Option(help="Write the report to this file, .html or .md.")] = None,
    as_json: Json = False,
) -> None:
    """Show the current state of a suite: rows, references, claims."""
    report = open_home().suites.report(*suite)
    if out is not None:
        text = report_text(report, "html" if out.suffix == ".html" else "md")
        out.write_text(text, encoding="utf-8")
        console.print(f"{out} written.")
    else:
        _print_report(report, as_json)


@app.command()
@grouped
def stop(suite: Suite, as_json: Json = False) -> None:
    """Stop the active runs of a suite; `run` queues them again."""
    _print_report(open_home().suites.stop(*suite), as_json)


def _print_report(report: SuiteReport, as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        console.print(report_text(report, "md").split("## Configuration")[0], markup=False)
