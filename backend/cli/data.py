"""`galaxyscope data …`"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.galaxy_output import print_collections, print_label_flags
from backend.cli.output import (
    console,
    print_datasets,
    print_json,
    size_words,
)
from backend.cli.session import open_home, start_and_wait
from backend.cli.setting_words import parse_settings
from backend.errors import GalaxyscopeError
from backend.services.datasets import changes
from backend.services.launching.create import create_run
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.datasets import DatasetChange
from shared.contract.runs import RunRequest

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Name = Annotated[str, typer.Argument(help="Name of the dataset.")]
Column = Annotated[str | None, typer.Option(help='Guessed where absent; "-" takes none.')]


@app.command("list")
def list_datasets(as_json: Json = False) -> None:
    """The datasets of the store, newest first."""
    home = open_home()
    found = home.datasets.list_all()
    print_json(found) if as_json else print_datasets(found)


@app.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(help="HDF5 file, .npy or .npz array, or a folder or zip of images or FITS.")
    ],
    name: Annotated[str, typer.Option(help="Name of the dataset.")],
    labels: Annotated[Path | None, typer.Option(help="CSV or Parquet with a row an image.")] = None,
    image_column: Column = None,
    label_column: Column = None,
    id_column: Column = None,
    ra_column: Column = None,
    dec_column: Column = None,
    redshift_column: Column = None,
    pxscale: Annotated[str | None, typer.Option(help="Number of arcsec a pixel, or a column.")] = None,
    split_column: Column = None,
    group_column: Column = None,
    img_size: Annotated[int | None, typer.Option(help="Side of the stored images, in pixels.")] = None,
    crop: Annotated[bool, typer.Option("--crop", help="Cut img_size out instead of resizing to it.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any other setting of an import, as stretch_q=10.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring your own galaxies into the store."""
    config = {
        "path": str(path.absolute()),
        "name": name,
        "labels": str(labels.absolute()) if labels else None,
        "image_column": image_column,
        "label_column": label_column,
        "id_column": id_column,
        "ra_column": ra_column,
        "dec_column": dec_column,
        "redshift_column": redshift_column,
        "pxscale": pxscale,
        "split_column": split_column,
        "group_column": group_column,
        "img_size": img_size,
        "crop": crop,
    }
    _make(RunKind.IMPORT, config | parse_settings(settings or []), as_json)


@app.command()
def download(
    source: Annotated[str, typer.Argument(help="galaxy10: Galaxy10 DECaLS, 17,736 images, 2.54 GB.")],
    name: Annotated[str, typer.Option(help="Name of the dataset.")] = "galaxy10-decals",
    img_size: Annotated[int | None, typer.Option(help="Side of the stored images, in pixels.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch a published dataset; broken off, the next try goes on where it ended."""
    _make(RunKind.DOWNLOAD, {"source": source, "name": name, "img_size": img_size}, as_json)


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


@app.command()
def subset(
    dataset: Annotated[str, typer.Argument(help="Dataset to take from.")],
    name: Annotated[str, typer.Option(help="Name of the new dataset.")],
    classes: Annotated[list[str] | None, typer.Option("--class", help="Only this class; repeat it.")] = None,
    splits: Annotated[list[str] | None, typer.Option("--split", help="Only this split; repeat it.")] = None,
    redshift_min: Annotated[float | None, typer.Option(help="Smallest redshift.")] = None,
    redshift_max: Annotated[float | None, typer.Option(help="Largest redshift.")] = None,
    n: Annotated[int | None, typer.Option(help="At most so many, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random draw.")] = 0,
    split_table: Annotated[
        Path | None, typer.Option(help="CSV of source_id (or row) and split that replaces the split.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take some galaxies, or all with another split, as a dataset of its own."""
    config = {
        "dataset": dataset,
        "name": name,
        "classes": classes or [],
        "splits": splits or [],
        "redshift_min": redshift_min,
        "redshift_max": redshift_max,
        "n": n,
        "seed": seed,
        "split_table": str(split_table.absolute()) if split_table else None,
    }
    _make(RunKind.SUBSET, config, as_json)


@app.command()
def split(name: Name) -> None:
    """Print the split as CSV: row, source_id, split."""
    home = open_home()
    sys.stdout.write(home.datasets.split_csv(name))


@app.command()
def flags(
    dataset: Name,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
) -> None:
    """The labels that a person flagged as doubtful, newest first; CSV in the order of rows."""
    home = open_home()
    found = home.annotations.flags
    if as_csv:
        sys.stdout.write(found.table(dataset, "csv").decode())
    elif as_json:
        print_json(found.list_all(dataset))
    else:
        print_label_flags(found.list_all(dataset))


@app.command()
def collections(
    dataset: Name,
    name: Annotated[str | None, typer.Option(help="Print the galaxies of this one as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """The collections of a dataset, or the galaxies of one of them."""
    home = open_home()
    found = home.annotations.collections
    if name is not None:
        sys.stdout.write(found.table(dataset, name, "csv").decode())
    elif as_json:
        print_json(found.list_all(dataset))
    else:
        print_collections(found.list_all(dataset))


@app.command()
def rename(name: Name, new_name: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Give a dataset another name; its runs follow."""
    print_datasets([changes.change_dataset(open_home().database, name, DatasetChange(name=new_name))])


@app.command()
def describe(name: Name, text: Annotated[str, typer.Argument(help="Your own words about it.")]) -> None:
    """Write down what a dataset is."""
    change = DatasetChange(description=text)
    print_datasets([changes.change_dataset(open_home().database, name, change)])


@app.command()
def delete(name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove a dataset from the store and the disk; its runs keep their results."""
    home = open_home()
    preview = changes.preview_deletion(home.database, name)
    lost = f"{name}: {size_words(preview.size_bytes)} go"
    if preview.runs:
        lost += f"; {len(preview.runs)} runs on it keep their results but cannot resume"
    if not yes and not typer.confirm(f"{lost}. Delete?", err=True):
        raise typer.Exit(1)
    changes.delete_dataset(home.database, home.settings, name)
    console.print(f"{lost}. Deleted.")


def _make(kind: RunKind, config: dict[str, Any], as_json: bool) -> None:
    home = open_home()
    run = create_run(home.database, home.settings, RunRequest(kind=kind, config=config))
    run = start_and_wait(home, run.id)
    if run.state is not RunState.SUCCEEDED:
        raise GalaxyscopeError("import_failed", run.reason or f"the job {run.id} ended {run.state}")
    dataset = home.datasets.get(str(run.dataset))
    if as_json:
        print_json(dataset)
    else:
        print_datasets([dataset])
    if dataset.skipped_count:
        console.print(f"{dataset.skipped_count} images were left out; the data page says which and why")
