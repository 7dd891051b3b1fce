"""`galaxyscope data …`"""

from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.output import console, print_datasets, print_json
from backend.cli.session import open_home, start_and_wait
from backend.errors import GalaxyscopeError
from backend.services.datasets import Datasets
from backend.services.runs import create_run
from shared.runs import RunKind, RunRequest, RunState

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.command("list")
def list_datasets(as_json: Json = False) -> None:
    """The datasets of the store, newest first."""
    home = open_home()
    found = Datasets(home.database, home.settings).list_all()
    print_json(found) if as_json else print_datasets(found)


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="Galaxy10-layout HDF5 file, or a folder of images.")],
    name: Annotated[str, typer.Option(help="Name of the dataset.")],
    labels: Annotated[Path | None, typer.Option(help="CSV with a row an image.")] = None,
    image_column: Annotated[str | None, typer.Option(help="Column with the image's path.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column with the class.")] = None,
    img_size: Annotated[int | None, typer.Option(help="Resize to this side, in pixels.")] = None,
    as_json: Json = False,
) -> None:
    """Bring your own galaxies into the store."""
    config = {
        "path": str(path.absolute()),
        "name": name,
        "labels": str(labels.absolute()) if labels else None,
        "image_column": image_column,
        "label_column": label_column,
        "img_size": img_size,
    }
    _make(RunKind.IMPORT, config, as_json)


@app.command()
def simulate(
    name: Annotated[str, typer.Option(help="Name of the dataset.")] = "simulated",
    n: Annotated[int, typer.Option(help="How many galaxies.")] = 2000,
    img_size: Annotated[int, typer.Option(help="Side of an image, in pixels.")] = 64,
    seed: Annotated[int, typer.Option(help="The same seed makes the same galaxies.")] = 0,
    as_json: Json = False,
) -> None:
    """Make simulated galaxies, in ten classes named as in Galaxy10."""
    _make(RunKind.SIMULATE, {"name": name, "n": n, "img_size": img_size, "seed": seed}, as_json)


def _make(kind: RunKind, config: dict[str, Any], as_json: bool) -> None:
    home = open_home()
    run = create_run(home.database, home.settings, RunRequest(kind=kind, config=config))
    run = start_and_wait(home, run.id)
    if run.state is not RunState.SUCCEEDED:
        raise GalaxyscopeError("import_failed", run.reason or f"the job {run.id} ended {run.state}")
    dataset = Datasets(home.database, home.settings).get(config["name"])
    if as_json:
        print_json(dataset)
    else:
        print_datasets([dataset])
    if dataset.skipped_count:
        console.print(f"{dataset.skipped_count} images were left out; the data page says which and why")
