"""`galaxyscope queue …`"""

from typing import Annotated

import typer

from backend.cli.options import Json, RunId
from backend.cli.output import print_json, print_lines, print_table
from backend.cli.session import open_home
from backend.services.runs import queue
from shared.base.text import duration
from shared.configs.kinds import Lane
from shared.contract.launching import Direction, LaneQueue, Queue, QueuedRun, QueueMove, WaitingRun

app = typer.Typer(no_args_is_help=True)
WhichLane = Annotated[Lane, typer.Option("--lane", help="Queue to pause or resume.")]


@app.command("list")
def list_queue(
    lane: Annotated[Lane | None, typer.Option(help="Only this queue.")] = None, as_json: Json = False
) -> None:
    """List active and waiting runs, in the order in which they start."""
    _report(queue.read_queue(open_home().database), as_json, lane)


@app.command()
def move(
    run_id: RunId,
    to: Annotated[Direction, typer.Argument(help="New place in its queue.")],
    as_json: Json = False,
) -> None:
    """Move a waiting run up, down, or to the top."""
    _report(queue.move_run(open_home().database, run_id, QueueMove(to=to)), as_json)


@app.command()
def pause(lane: WhichLane = Lane.TRAIN, as_json: Json = False) -> None:
    """Start no more runs; the active run continues."""
    _report(queue.pause_lane(open_home().database, lane), as_json)


@app.command()
def resume(lane: WhichLane = Lane.TRAIN, as_json: Json = False) -> None:
    """Start waiting runs again."""
    _report(queue.resume_lane(open_home().database, lane), as_json)


def _report(found: Queue, as_json: bool, only: Lane | None = None) -> None:
    lanes = [one for one in found.lanes if only in (None, one.lane)]
    if as_json:
        print_json(lanes)
        return
    runs = [(lane, run) for lane in lanes for run in (lane.at_work, *lane.waiting) if run]
    print_table(
        runs,
        {
            "lane": lambda row: row[0].lane.value,
            "": lambda row: row[1].queue_position if isinstance(row[1], WaitingRun) else row[1].state.value,
            "run": lambda row: row[1].id,
            "kind": lambda row: row[1].kind.value,
            "dataset": lambda row: row[1].dataset or "",
            " ": lambda row: _when(*row),
        },
        "No runs are active or waiting.",
    )
    print_lines(*(f"The {one.lane} queue is paused: no runs start." for one in lanes if one.paused_at))


def _when(lane: LaneQueue, run: QueuedRun) -> str:
    if not isinstance(run, WaitingRun):
        return f"{duration(run.progress.eta_s)} left" if run.progress.eta_s is not None else ""
    if lane.paused_at is not None:
        return "when resumed"
    if run.starts_at is not None and run.after is not None:
        return f"about {run.starts_at.astimezone():%H:%M}"
    return f"after {run.after}" if run.after else "next"
