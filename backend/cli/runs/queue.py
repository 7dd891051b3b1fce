"""`galaxyscope queue …`"""

from typing import Annotated

import typer

from backend.cli.data import Json
from backend.cli.output import print_json, print_queue
from backend.cli.runs.commands import RunId
from backend.cli.session import open_home
from backend.services.runs import queue
from shared.configs.kinds import Lane
from shared.contract.launching import Direction, Queue, QueueMove

app = typer.Typer(no_args_is_help=True)
WhichLane = Annotated[Lane, typer.Option("--lane", help="Which queue.")]


@app.command("list")
def list_queue(
    lane: Annotated[Lane | None, typer.Option(help="Only this one.")] = None, as_json: Json = False
) -> None:
    """What is at work and what waits, next first."""
    _report(queue.read_queue(open_home().database), as_json, lane)


@app.command()
def move(
    run_id: RunId,
    to: Annotated[Direction, typer.Argument(help="Within the queue it waits in.")],
    as_json: Json = False,
) -> None:
    """Move a waiting run up, down, or to the top."""
    _report(queue.move_run(open_home().database, run_id, QueueMove(to=to)), as_json)


@app.command()
def pause(lane: WhichLane = Lane.TRAIN, as_json: Json = False) -> None:
    """Start nothing new; what is at work goes on."""
    _report(queue.pause_lane(open_home().database, lane), as_json)


@app.command()
def resume(lane: WhichLane = Lane.TRAIN, as_json: Json = False) -> None:
    """Start what waits again."""
    _report(queue.resume_lane(open_home().database, lane), as_json)


def _report(found: Queue, as_json: bool, lane: Lane | None = None) -> None:
    lanes = [one for one in found.lanes if lane in (None, one.lane)]
    print_json(lanes) if as_json else print_queue(lanes)
