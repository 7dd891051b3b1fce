"""`galaxyscope runs delete|restore|prune|disk`"""

from typing import Annotated

import typer

from backend.cli.data import Json
from backend.cli.output import console, print_disk, print_json, print_pruning, size_words
from backend.cli.runs.commands import RunId, report_run
from backend.cli.session import open_home
from backend.services.runs import disk as service
from shared.contract.runs import UNDO_H, RunDeletion

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def delete(run_id: RunId, yes: Yes = False, as_json: Json = False) -> None:
    """Delete a run with all that is in its folder; `runs restore` has it back for a day."""
    home = open_home()
    preview = service.preview_deletion(home.database, home.settings, run_id)
    if not as_json:
        print(deletion_words(preview))
    if not yes and not typer.confirm(f"Delete {run_id}?", err=True):
        raise typer.Exit(1)
    deleted = service.delete_run(home.database, home.settings, run_id)
    if as_json:
        print_json(deleted)
    else:
        console.print(f"{run_id} is deleted; for {UNDO_H} hours: galaxyscope runs restore {run_id}")


def restore(run_id: RunId, as_json: Json = False) -> None:
    """Have a deleted run back."""
    home = open_home()
    report_run(home, service.restore_run(home.database, home.settings, run_id), as_json)


def prune(yes: Yes = False, as_json: Json = False) -> None:
    """Of ended runs keep the last and the best checkpoint alone; there is no way back."""
    home = open_home()
    preview = service.preview_pruning(home.database, home.settings)
    if not as_json:
        print_pruning(preview)
    if preview.runs:
        if not yes and not typer.confirm(f"Remove {size_words(preview.bytes)}?", err=True):
            raise typer.Exit(1)
        preview = service.prune(home.database, home.settings, [run.id for run in preview.runs])
    if as_json:
        print_json(preview)


def disk(as_json: Json = False) -> None:
    """What runs take, and which deleted ones can be had back."""
    home = open_home()
    found = service.read_disk(home.database, home.settings)
    print_json(found) if as_json else print_disk(found)


def deletion_words(preview: RunDeletion) -> str:
    """What goes and what stays, a line each."""
    counted = (
        (preview.checkpoints, "checkpoint"),
        (preview.samples, "sample picture"),
        (preview.evaluations, "evaluation"),
    )
    parts = [f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in counted if n]
    lines = [f"{size_words(preview.disk_bytes)} go: {', '.join(parts) or 'its log and curves'}"]
    if preview.feature_bytes:
        lines.append(f"{size_words(preview.feature_bytes)} of kept features of its weights")
    if preview.referring:
        lines.append(f"these stand on it and keep their results: {', '.join(preview.referring)}")
    return "\n".join(lines)
