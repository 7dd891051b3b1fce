"""`galaxyscope suite …`: the report's comparisons as a group."""

from pathlib import Path
from typing import Annotated

import typer

from backend.cli.data import Json
from backend.cli.output import console, print_json
from backend.cli.session import open_home, start_and_wait
from backend.services.experiments.suite_files import report_html, report_markdown
from shared.base.states import TERMINAL
from shared.contract.suites import SuiteReport, SuiteScale
from shared.planning.suite_texts import SUITES

app = typer.Typer(no_args_is_help=True)
Key = Annotated[str, typer.Argument(metavar="SUITE", help=f"One of {', '.join(SUITES)}.")]
Dataset = Annotated[str, typer.Option(help="Labelled dataset of all its runs.")]
Scale = Annotated[SuiteScale, typer.Option(help="paper: 224 px, for a GPU; laptop: 64 px.")]
Seeds = Annotated[int, typer.Option(help="Of each row; three or more decide claims.")]


@app.command("list")
def list_suites(as_json: Json = False) -> None:
    """What can be compared."""
    if as_json:
        print_json(list(SUITES.values()))
        return
    for suite in SUITES.values():
        console.print(f"{suite.key}  {suite.title}: {suite.question}")


@app.command()
def run(
    key: Key,
    dataset: Dataset,
    scale: Scale = SuiteScale.LAPTOP,
    seeds: Seeds = 3,
    wait: Annotated[bool, typer.Option(help="Wait until all of it has ended.")] = False,
    as_json: Json = False,
) -> None:
    """Queue what is missing of a suite; what is there already is taken as it is."""
    home = open_home()
    suites = home.suites
    report = suites.launch(key, scale, dataset, seeds)
    while wait and (waiting := [one.run for one in report.runs if one.run and one.run.state not in TERMINAL]):
        start_and_wait(home, waiting[0].id)
        report = suites.report(key, scale, dataset, seeds)
    _say(report, as_json)
    if wait and report.done < len(report.runs):
        raise typer.Exit(1)


@app.command()
def show(
    key: Key,
    dataset: Dataset,
    scale: Scale = SuiteScale.LAPTOP,
    seeds: Seeds = 3,
    out: Annotated[Path | None, typer.Option(help="Write it there, as .html or .md.")] = None,
    as_json: Json = False,
) -> None:
    """A suite as it stands: rows, references, claims."""
    report = open_home().suites.report(key, scale, dataset, seeds)
    if out is not None:
        text = report_html(report) if out.suffix == ".html" else report_markdown(report)
        out.write_text(text, encoding="utf-8")
        console.print(f"{out} written.")
    else:
        _say(report, as_json)


@app.command()
def stop(
    key: Key,
    dataset: Dataset,
    scale: Scale = SuiteScale.LAPTOP,
    seeds: Seeds = 3,
    as_json: Json = False,
) -> None:
    """Ask all of it that has not ended to end; `run` queues it anew."""
    _say(open_home().suites.stop(key, scale, dataset, seeds), as_json)


def _say(report: SuiteReport, as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        console.print(report_markdown(report).split("## Configuration")[0], markup=False)
