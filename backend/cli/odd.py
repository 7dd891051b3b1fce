"""`galaxyscope odd` and `galaxyscope data ratings`"""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from backend.cli.data import Json, Name
from backend.cli.galaxy_output import print_odd, print_ratings
from backend.cli.output import print_json
from backend.cli.runs.evaluate import Checkpoint
from backend.cli.search import DatasetName, Depth, Pooling, RunName, embedded, settled, space_named
from backend.cli.session import open_home
from backend.config_errors import config_error
from backend.errors import InvalidInputError
from backend.services.embeddings.odd import odd_table
from shared.contract.odd import DEFAULT_K, MAX_K, MAX_ODD, OddRequest

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]


def odd(
    run: RunName,
    by: Annotated[
        str, typer.Option(help="isolation, mislabel, or interest: what your ratings teach.")
    ] = "isolation",
    limit: Annotated[int, typer.Option(min=1, max=MAX_ODD, help="How many galaxies.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many of the oddest.")] = 0,
    k: Annotated[
        int, typer.Option("-k", min=1, max=MAX_K, help="How many neighbours are asked.")
    ] = DEFAULT_K,
    learn_from: Annotated[str, typer.Option(help="Of --by interest: ratings or flags.")] = "ratings",
    label: Annotated[str | None, typer.Option(help='Only of this class, or "unlabelled".')] = None,
    split: Annotated[str | None, typer.Option(help="Only of this split: train, val or test.")] = None,
    with_rated: Annotated[bool, typer.Option("--with-rated", help="Those that are rated, too.")] = False,
    checkpoint: Checkpoint = "best",
    dataset: DatasetName = None,
    depth: Depth = None,
    pooling: Pooling = "mean",
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """The oddest galaxies of a dataset: far from their neighbours, of another label than those, or like what
    you rated high. They are embedded where they are not yet."""
    if as_json and as_csv:
        raise InvalidInputError("two_formats", "give --json or --csv, not both", "csv")
    home = open_home()
    state = embedded(home, space_named(run, checkpoint, dataset, depth, pooling))
    asked = {"by": by, "limit": limit, "offset": offset, "k": k, "learn_from": learn_from}
    only = {"label": label, "split": split}
    request = _validated(asked | {"space": settled(state), "only": only, "with_rated": with_rated})
    page = home.odd.page(request)
    if as_csv:
        sys.stdout.write(odd_table(page, "csv").decode())
    else:
        print_json(page) if as_json else print_odd(page)


def ratings(dataset: Name, as_json: Json = False, as_csv: Csv = False) -> None:
    """The galaxies that a person rated 0 to 5, newest first; CSV in the order of rows, with RA, Dec and
    links."""
    home = open_home()
    found = home.annotations.ratings
    if as_csv:
        sys.stdout.write(found.table(dataset, "csv").decode())
    else:
        print_json(found.list_all(dataset)) if as_json else print_ratings(found.list_all(dataset))


def _validated(values: dict[str, object]) -> OddRequest:
    try:
        return OddRequest.model_validate(values)
    except ValidationError as error:
        raise config_error(error) from None
