"""`galaxyscope runs …`: list, show, stop, pause, resume, retry, clone, delete, restore, prune."""

from collections.abc import Sequence
from typing import Annotated

import typer

from backend.cli.options import Json, RunId, Settings, Yes, parse_settings
from backend.cli.output import (
    Columns,
    console,
    day,
    free_of,
    print_facts,
    print_json,
    print_run,
    print_table,
    state_words,
)
from backend.cli.session import open_home, report_run, wait_for_end
from backend.services.launching import create
from backend.services.runs import disk as run_disk
from backend.services.runs import lifecycle
from backend.services.runs.metrics import read_verdict
from shared.base.text import percent, plural, size
from shared.configs.kinds import RunKind, Trait, has_trait
from shared.contract.runs import UNDO_H, DiskUsage, PrunableRun, Run, RunDeletion

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_runs(
    all_kinds: Annotated[bool, typer.Option("--all", help="Include imports and other jobs.")] = False,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="Only runs with this tag; can be repeated.")
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Include archived runs.")] = False,
    limit: Annotated[int, typer.Option(help="Number of runs.")] = 100,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    kinds = list(RunKind) if all_kinds else None
    database = open_home().database
    found = lifecycle.list_runs(database, kinds=kinds, tags=tags or [], archived=archived, limit=limit)
    print_json(found) if as_json else print_runs(found)


@app.command()
def show(run_id: RunId, as_json: Json = False) -> None:
    """Show one run: state, metrics, references, and whether it still learns."""
    database = open_home().database
    run = lifecycle.get_run(database, run_id)
    verdict = read_verdict(database, run_id) if has_trait(run.kind, Trait.TRAINS) else None
    if as_json:
        plain = verdict.model_dump(mode="json") if verdict else None
        print_json(run.model_dump(mode="json") | {"verdict": plain})
    else:
        print_run(run, verdict)


@app.command()
def stop(run_id: RunId, as_json: Json = False) -> None:
    """Stop a run and wait until its process has ended; its last checkpoint is kept."""
    home = open_home()
    lifecycle.stop_run(home.database, run_id)
    report_run(home, wait_for_end(home, run_id), as_json)


@app.command()
def pause(run_id: RunId, as_json: Json = False) -> None:
    """Write a checkpoint, end the worker and free the device."""
    home = open_home()
    lifecycle.pause_run(home.database, run_id)
    report_run(home, wait_for_end(home, run_id), as_json)


@app.command()
def resume(run_id: RunId, settings: Settings = None, as_json: Json = False) -> None:
    """Queue a paused run again with its own values; to change one with --set, use clone."""
    home = open_home()
    report_run(home, lifecycle.resume_run(home.database, run_id, parse_settings(settings or [])), as_json)


@app.command()
def retry(run_id: RunId, as_json: Json = False) -> None:
    """Queue a new run with the values of one that has ended."""
    home = open_home()
    report_run(home, create.retry_run(home.database, home.settings, run_id), as_json)


@app.command()
def clone(
    run_id: RunId,
    settings: Settings = None,
    name: Annotated[str | None, typer.Option(help="A label for people; the run's own by default.")] = None,
    as_json: Json = False,
) -> None:
    """Queue a new run with the values of another, except those given with --set."""
    home = open_home()
    values = parse_settings(settings or [])
    report_run(home, create.clone_run(home.database, home.settings, run_id, values, name=name), as_json)


@app.command()
def delete(run_id: RunId, yes: Yes = False, as_json: Json = False) -> None:
    """Delete a run and its folder; `runs restore` brings it back within a day."""
    home = open_home()
    preview = run_disk.preview_deletion(home.database, home.settings, run_id)
    if not as_json:
        print(deletion_words(preview))
    if not yes and not typer.confirm(f"Delete {run_id}?", err=True):
        raise typer.Exit(1)
    deleted = run_disk.delete_run(home.database, home.settings, run_id)
    if as_json:
        print_json(deleted)
    else:
        console.print(f"{run_id} is deleted. Within {UNDO_H} hours: galaxyscope runs restore {run_id}")


@app.command()
def restore(run_id: RunId, as_json: Json = False) -> None:
    """Restore a deleted run."""
    home = open_home()
    report_run(home, run_disk.restore_run(home.database, home.settings, run_id), as_json)


@app.command()
def prune(yes: Yes = False, as_json: Json = False) -> None:
    """Remove all checkpoints of finished runs except the last and the best. This cannot be undone."""
    home = open_home()
    preview = run_disk.preview_pruning(home.database, home.settings)
    if not as_json:
        columns: Columns[PrunableRun] = {
            "run": "id",
            "checkpoints": "checkpoints",
            "size": lambda run: size(run.bytes),
        }
        empty = "Nothing to prune: finished runs keep only their last and best checkpoints."
        print_table(preview.runs, columns, empty)
    if preview.runs:
        if not yes and not typer.confirm(f"Remove {size(preview.bytes)}?", err=True):
            raise typer.Exit(1)
        preview = run_disk.prune(home.database, home.settings, [run.id for run in preview.runs])
    if as_json:
        print_json(preview)


@app.command()
def disk(as_json: Json = False) -> None:
    """Show the disk space of runs, and the deleted runs that can be restored."""
    home = open_home()
    found = run_disk.read_disk(home.database, home.settings)
    print_json(found) if as_json else print_disk(found)


def print_runs(runs: Sequence[Run]) -> None:
    print_table(
        runs,
        {
            "run": "id",
            "kind": "kind",
            "state": state_words,
            "dataset": lambda run: run.dataset or "",
            "linear": lambda run: percent(run.metrics.get("val/linear_accuracy")),
            "k-NN": lambda run: percent(run.metrics.get("val/knn_accuracy")),
            "images/s": lambda run: f"{run.images_per_s:.0f}" if run.images_per_s else None,
            "created": lambda run: day(run.created_at),
        },
        "No runs yet: galaxyscope run pretrain --dataset NAME",
        right=("linear", "k-NN", "images/s", "created"),
        wrap=False,
    )


def print_disk(disk: DiskUsage) -> None:
    unmeasured = f", {disk.unmeasured} not measured yet" if disk.unmeasured else ""
    rows = [
        ("runs", size(disk.runs_bytes) + unmeasured),
        ("in trash", size(disk.deleted_bytes)),
        ("disk", free_of(disk.free_bytes, disk.total_bytes)),
    ]
    print_facts([*rows, *((f"runs restore {run.id}", f"until {day(run.gone_at)}") for run in disk.deleted)])


def deletion_words(preview: RunDeletion) -> str:
    """What is deleted and what stays, a line each."""
    counted = (
        (preview.checkpoints, "checkpoint"),
        (preview.samples, "sample picture"),
        (preview.evaluations, "evaluation"),
    )
    parts = ", ".join(plural(n, noun) for n, noun in counted if n) or "its log and curves"
    lines = [f"frees {size(preview.disk_bytes)}: {parts}"]
    if preview.feature_bytes:
        lines.append(f"frees {size(preview.feature_bytes)}: cached features of its weights")
    if preview.referring:
        lines.append(f"these runs build on it and keep their results: {', '.join(preview.referring)}")
    return "\n".join(lines)
