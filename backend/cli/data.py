"""`galaxyscope data …`"""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from backend.cli.options import Csv, DatasetId, Json, Yes, fields_of, grouped, parse_settings
from backend.cli.output import Columns, console, print_facts, print_json, print_lines, print_list
from backend.cli.session import open_home, run_job
from backend.data.cutouts.making import cost_words
from backend.services.datasets import changes
from backend.services.launching.cutouts import check
from shared.base.text import size
from shared.configs import CutoutsConfig, DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.cutouts import WITHOUT
from shared.configs.kinds import RunKind
from shared.contract.datasets import Dataset, DatasetChange

app = typer.Typer(no_args_is_help=True)
Import = Annotated[dict[str, Any], fields_of(ImportConfig, argument="path", paths=("path", "labels"))]
Download = Annotated[dict[str, Any], fields_of(DownloadConfig, argument="source")]
Cutouts = Annotated[
    dict[str, Any], fields_of(CutoutsConfig, argument="path", paths=("path",), without=WITHOUT)
]
Simulation = Annotated[dict[str, Any], fields_of(SimulateConfig)]
Subset = Annotated[
    dict[str, Any],
    fields_of(
        SubsetConfig,
        argument="dataset",
        paths=("split_table",),
        spelled={"classes": "--class", "splits": "--split"},
    ),
]


@app.command("list")
def list_datasets(as_json: Json = False) -> None:
    """List datasets, newest first."""
    print_datasets(open_home().datasets.list_all(), as_json)


@app.command()
def show(name: DatasetId, as_json: Json = False) -> None:
    """Show one dataset: its classes and splits, and the receipt of its import."""
    dataset = open_home().datasets.get(name)
    if as_json:
        return print_json(dataset)
    print_datasets([dataset])
    counts = ", ".join(f"{key} {n:,}" for key, n in dataset.class_counts.items())
    splits = ", ".join(f"{key} {n:,}" for key, n in dataset.split_counts.items())
    print_facts([("classes", counts or "none"), ("unlabelled", f"{dataset.unlabelled:,}"), ("split", splits)])
    print_facts([("stretch", dataset.stretch), ("licence", str(dataset.provenance.get("licence", "")))])
    for target in dataset.targets:
        known = f"{target.known:,} of {dataset.n:,} known"
        print_facts(
            [
                (
                    "target",
                    f"{target.name}, {target.unit}, {known}" if target.unit else f"{target.name}, {known}",
                )
            ]
        )
    print_receipt(dataset)
    for row in dataset.skipped:
        print_lines(f"  {row.source}: {row.reason}")
    return None


@app.command("import")
@grouped
def import_(
    config: Import,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting as key=value; overrides its option.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Import your own images as a dataset: an HDF5 file, a .npy or .npz array, or a folder or zip of images
    or FITS files. Columns that are not given are guessed by their names; "-" uses none."""
    _make(RunKind.IMPORT, config | parse_settings(settings or []), as_json)


@app.command()
@grouped
def download(config: Download, as_json: Json = False) -> None:
    """Download a published dataset; an interrupted download resumes where it stopped."""
    _make(RunKind.DOWNLOAD, config, as_json)


@app.command()
@grouped
def cutouts(
    config: Cutouts,
    cost: Annotated[
        bool, typer.Option("--cost", help="Only say how many requests, how long and how much.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch an image for each position of a table from a survey, as a dataset. Given again after a stop, the
    command asks only for what is missing. A killed one is finished by `galaxyscope up` or `supervisor`."""
    preview = check(open_home().settings, config)
    if cost:
        return print_json(preview) if as_json else print_lines(cost_words(preview))
    console.print(cost_words(preview), highlight=False)
    return _make(RunKind.CUTOUTS, config, as_json)


@app.command()
@grouped
def simulate(config: Simulation, as_json: Json = False) -> None:
    """Make simulated galaxies, in ten classes named as in Galaxy10."""
    _make(RunKind.SIMULATE, config, as_json)


@app.command()
@grouped
def subset(config: Subset, as_json: Json = False) -> None:
    """Make a new dataset from some galaxies of another, or from all with a different split."""
    _make(RunKind.SUBSET, config, as_json)


@app.command()
def split(name: DatasetId) -> None:
    """Print the split as CSV: row, source_id, split."""
    sys.stdout.write(open_home().datasets.split_csv(name))


@app.command()
def flags(dataset: DatasetId, as_json: Json = False, as_csv: Csv = False) -> None:
    """List labels flagged as doubtful, newest first; CSV is ordered by row."""
    found = open_home().annotations.flags
    columns = {"row": "row", "source": "source_id", "label": "label", "note": "note", "flagged": "created_at"}
    empty = "No flagged labels: press f on a galaxy of the Evaluate page."
    if as_csv:
        sys.stdout.write(found.table(dataset, "csv").decode())
    else:
        print_list(found.list_all(dataset), as_json, columns, empty)


@app.command()
def ratings(dataset: DatasetId, as_json: Json = False, as_csv: Csv = False) -> None:
    """List rated galaxies, newest first; CSV is ordered by row and has RA, Dec and links."""
    found = open_home().annotations.ratings
    columns = {"row": "row", "source": "source_id", "class": "label", "rating": "rating", "rated": "rated_at"}
    if as_csv:
        sys.stdout.write(found.table(dataset, "csv").decode())
    else:
        empty = "No ratings yet: press 0 to 5 on Search, Odd ones."
        print_list(found.list_all(dataset), as_json, columns, empty)


@app.command()
def collections(
    dataset: DatasetId,
    name: Annotated[str | None, typer.Option(help="Print the galaxies of this collection as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """List the collections of a dataset, or the galaxies of one of them."""
    found = open_home().annotations.collections
    columns = {"collection": "name", "galaxies": "n", "note": "note", "changed": "updated_at"}
    if name is not None:
        sys.stdout.write(found.table(dataset, name, "csv").decode())
    else:
        empty = "No collections yet: Keep… on the Search page makes one."
        print_list(found.list_all(dataset), as_json, columns, empty)


@app.command()
def rename(name: DatasetId, new_name: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Rename a dataset; its runs follow."""
    print_datasets([changes.change_dataset(open_home().database, name, DatasetChange(name=new_name))])


@app.command()
def describe(
    name: DatasetId, text: Annotated[str, typer.Argument(help="A description in your words.")]
) -> None:
    """Change the description of a dataset."""
    change = DatasetChange(description=text)
    print_datasets([changes.change_dataset(open_home().database, name, change)])


@app.command()
def delete(name: DatasetId, yes: Yes = False) -> None:
    """Delete a dataset from the disk; its runs keep their results."""
    home = open_home()
    preview = changes.preview_deletion(home.database, name)
    lost = f"{name}: frees {size(preview.size_bytes)}"
    if preview.runs:
        lost += f"; {len(preview.runs)} runs on it keep their results but cannot resume"
    if not yes and not typer.confirm(f"{lost}. Delete?", err=True):
        raise typer.Exit(1)
    changes.delete_dataset(home.database, home.settings, name)
    console.print(f"{lost}. Deleted.")


def _make(kind: RunKind, config: dict[str, Any], as_json: bool) -> None:
    home = open_home()
    dataset = home.datasets.get(str(run_job(home, kind, config, "import_failed").dataset))
    if as_json:
        print_json(dataset)
    else:
        print_datasets([dataset])
        print_receipt(dataset)


def print_receipt(dataset: Dataset) -> None:
    """What the import read, skipped and assumed, a line each; the images it skipped are named by `show`."""
    for line in dataset.receipt:
        option = f" (--{line.field.replace('_', '-')})" if line.field else ""
        print_lines(f"  {line.kind}: {line.text}{option}")


def print_datasets(datasets: Sequence[Dataset], as_json: bool = False) -> None:
    columns: Columns[Dataset] = {
        "dataset": "name",
        "galaxies": lambda one: f"{one.n:,}",
        "size": lambda one: f"{one.img_size} px",
        "bands": lambda one: " ".join(one.bands),
        "classes": lambda one: len(one.class_names),
        "": lambda one: "simulated" if one.simulated else "",
    }
    print_list(datasets, as_json, columns, "No datasets yet: galaxyscope data simulate")
