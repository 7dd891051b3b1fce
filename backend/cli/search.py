"""`galaxyscope search`, `embed` and `odd`"""

import sys
from collections.abc import Set
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.options import Csv, Json, Space, grouped
from backend.cli.output import print_json, print_lines, print_table
from backend.cli.session import open_home, run_job
from backend.config_errors import validated
from backend.errors import InvalidInputError
from backend.files import write_atomic
from backend.services.datasets.locating import locate
from backend.services.embeddings.odd import odd_table
from backend.services.embeddings.vectors import EmbeddingFormat, embeddings_file
from backend.services.reconstruction.images import add_upload
from backend.services.services import Services
from shared.configs.kinds import RunKind
from shared.contract.odd import DEFAULT_K, MAX_K, MAX_ODD, OddPage, OddRequest
from shared.contract.search import (
    Agreement,
    ComparedRequest,
    EmbeddingSpace,
    EmbeddingState,
    FoundGalaxy,
    OtherEncoder,
    SearchComparison,
    SearchRequest,
    SearchResult,
)

FORMATS: dict[str, EmbeddingFormat] = {".npy": "npy", ".parquet": "parquet"}


@grouped
def search(
    space: Space,
    galaxy: Annotated[int | None, typer.Option("--galaxy", min=0, help="Row of the dataset.")] = None,
    image: Annotated[Path | None, typer.Option("--image", help="An image file of your own.")] = None,
    radec: Annotated[
        str | None,
        typer.Option("--radec", help="RA,DEC in degrees or sexagesimal: the nearest galaxy of the dataset."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of neighbours.")] = 16,
    least: Annotated[bool, typer.Option("--least", help="The least similar instead.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every galaxy, even if there is an index.")
    ] = False,
    near_arcsec: Annotated[float, typer.Option(help="Leave out galaxies closer on the sky.")] = 5.0,
    against: Annotated[
        str | None,
        typer.Option(help="A second encoder for the same query: RUN or RUN:checkpoint:depth:pooling."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find the galaxies most similar to one by the features of an encoder; embeds the dataset if needed."""
    if sum(one is not None for one in (galaxy, image, radec)) != 1:
        raise InvalidInputError("no_query", "give one of --galaxy, --image and --radec", "galaxy")
    home = open_home()
    state = embedded(home, space)
    query, note = _query(home, state, galaxy, image, radec)
    options = {"k": k, "least": least, "exact": exact, "near_arcsec": near_arcsec}
    request = {"space": settled(state)} | options | query
    if against is None:
        found = home.search.find(validated(SearchRequest, request))
        print_json(summary(found, note, image)) if as_json else print_neighbours(found, note)
        return
    other = embedded(home, validated(OtherEncoder, against).space(state.dataset))
    compared = home.agreements.compare(validated(ComparedRequest, request | {"against": settled(other)}))
    if as_json:
        print_json(compared_summary(compared, note, image))
    else:
        print_comparison(compared, (state, other), note)


@grouped
def embed(
    space: Space,
    out: Annotated[
        Path | None, typer.Option(help="File to write, keyed by source_id: .npy or .parquet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Embed every galaxy of a dataset, and export the vectors with --out."""
    if out is not None and out.suffix.lower() not in FORMATS:
        raise InvalidInputError("unknown_format", f"{out.name} ends with neither .npy nor .parquet", "out")
    home = open_home()
    state = embedded(home, space)
    if out is not None:
        ending = FORMATS[out.suffix.lower()]
        write_atomic(out, embeddings_file(home.datasets, home.embeddings, settled(state), ending))
    if as_json:
        print_json(state.model_dump(mode="json") | {"out": str(out) if out else None})
        return
    print(
        f"{state.n:,} galaxies of {state.dataset}, {state.width} numbers each, by {state.run} "
        f"{_where(state)}{f': {out}' if out else ''}"
    )


@grouped
def odd(
    space: Space,
    by: Annotated[
        str, typer.Option(help="isolation, mislabel, or interest (predicted from your ratings).")
    ] = "isolation",
    limit: Annotated[int, typer.Option(min=1, max=MAX_ODD, help="Number of galaxies.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Number of galaxies to skip.")] = 0,
    k: Annotated[int, typer.Option("-k", min=1, max=MAX_K, help="Number of neighbours.")] = DEFAULT_K,
    learn_from: Annotated[str, typer.Option(help="For --by interest: ratings or flags.")] = "ratings",
    label: Annotated[str | None, typer.Option(help='Only this class, or "unlabelled".')] = None,
    split: Annotated[str | None, typer.Option(help="Only this split: train, val or test.")] = None,
    with_rated: Annotated[bool, typer.Option("--with-rated", help="Include rated galaxies.")] = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """List the oddest galaxies of a dataset: far from their neighbours, labelled unlike them, or similar to
    galaxies that you rated high. Embeds the dataset if needed."""
    if as_json and as_csv:
        raise InvalidInputError("two_formats", "give --json or --csv, not both", "csv")
    home = open_home()
    options = {"by": by, "limit": limit, "offset": offset, "k": k, "learn_from": learn_from}
    only = {"label": label, "split": split}
    request = options | {"space": settled(embedded(home, space)), "only": only, "with_rated": with_rated}
    page = home.odd.page(validated(OddRequest, request))
    if as_csv:
        sys.stdout.write(odd_table(page, "csv").decode())
    else:
        print_json(page) if as_json else print_odd(page)


def embedded(home: Services, space: EmbeddingSpace) -> EmbeddingState:
    """The space once its galaxies are embedded. Raises GalaxyscopeError if the job fails."""
    state = home.embeddings.state(space)
    if state.ready:
        return state
    run_job(home, RunKind.EMBED, state.config.model_dump(), "embed_failed")
    return home.embeddings.state(settled(state))


def settled(state: EmbeddingState) -> EmbeddingSpace:
    """The same space with every choice fixed: `best` may be another step in a minute."""
    fixed = state.model_dump(include={"run", "dataset", "depth", "pooling"})
    return validated(EmbeddingSpace, fixed | {"checkpoint": str(state.step)})


def _query(
    home: Services, state: EmbeddingState, galaxy: int | None, image: Path | None, radec: str | None
) -> tuple[dict[str, Any], str]:
    """The query of a request, and a note on it."""
    if image is not None:
        upload = add_upload(home.uploads, image.read_bytes())
        return {"upload": upload.id}, " ".join(upload.notes)
    if radec is None:
        return {"row": galaxy}, ""
    located = locate(home.datasets, state.dataset, radec)
    return {"row": located.galaxy.row}, located.words


def summary(found: SearchResult, note: str, image: Path | None) -> dict[str, Any]:
    """Query and neighbours as a script wants them."""
    query = _plain(found.query) if found.query else {"image": str(image), "label": None}
    fields = {"dataset", "step", "depth", "candidates", "left_out", "approximate"}
    neighbours = [_plain(one) | {"similarity": one.similarity} for one in found.neighbours]
    return {"query": query | {"note": note}, **found.model_dump(include=fields), "neighbours": neighbours}


def compared_summary(compared: SearchComparison, note: str, image: Path | None) -> dict[str, Any]:
    """Both searches, and how far they agree."""
    return {
        "first": summary(compared.first, note, image),
        "second": summary(compared.second, note, image),
        "agreement": compared.agreement.model_dump(mode="json"),
    }


def _plain(found: FoundGalaxy) -> dict[str, Any]:
    galaxy = found.galaxy.model_dump(mode="json")
    return {"galaxy": galaxy.pop("row"), **galaxy, "links": found.links.model_dump() if found.links else None}


def print_odd(page: OddPage) -> None:
    """One line a galaxy, the oddest first."""
    print_table(
        enumerate(page.galaxies, start=page.offset + 1),
        {
            "": lambda row: row[0],
            "row": lambda row: row[1].galaxy.row,
            "score": lambda row: f"{row[1].score:.4f}",
            "class": lambda row: row[1].galaxy.label,
            "neighbours' class": lambda row: (
                (says := row[1].says) and f"{says.label}, {says.agree} of {says.of}"
            ),
            "rating": lambda row: "" if row[1].rating is None else row[1].rating,
            "flag": lambda row: "" if row[1].flag is None else "flagged",
            "source": lambda row: row[1].galaxy.source_id,
        },
        wrap=False,
    )
    learned = f"learned from {page.learned.words}" if page.learned else None
    print_lines(f"of {page.total:,} galaxies of {page.dataset}, by {page.by}", learned)


def print_comparison(
    compared: SearchComparison, states: tuple[EmbeddingState, EmbeddingState], note: str
) -> None:
    """Both lists, with a star at galaxies in both, and how far they agree."""
    first, second = compared.first, compared.second
    both = {one.galaxy.row for one in first.neighbours} & {one.galaxy.row for one in second.neighbours}
    for state, found in zip(states, (first, second), strict=True):
        print_lines(f"{state.run}, {_where(state)}")
        print_neighbours(found, "", both)
    print_lines(f"* {agreement_words(compared.agreement)}", note)


def _where(state: EmbeddingState) -> str:
    return f"step {state.step}, depth {state.depth} of {state.layers}, {state.pooling}"


def agreement_words(agreement: Agreement) -> str:
    """The overlap beside the overlap expected by chance."""
    ranks = agreement.rank_correlation
    correlated = "" if ranks is None else f"; rank correlation of all similarities {ranks:.2f} (Spearman)"
    return (
        f"{agreement.shared} of {agreement.k} in both (Jaccard {agreement.jaccard:.2f}); "
        f"expected by chance {agreement.expected:.1f}{correlated}"
    )


def print_neighbours(found: SearchResult, note: str, marked: Set[int] = frozenset()) -> None:
    """One line a neighbour, the most similar first; a star at rows that are `marked`."""
    places = [
        (f"{place}{' *' if one.galaxy.row in marked else ''}", one, f"{one.similarity:.4f}")
        for place, one in enumerate(found.neighbours, start=1)
    ]
    query: list[tuple[str, FoundGalaxy, str]] = [("query", found.query, "")] if found.query else []
    print_table(
        [*query, *places],
        {
            "": lambda row: row[0],
            "row": lambda row: row[1].galaxy.row,
            "similarity": lambda row: row[2],
            "class": lambda row: row[1].galaxy.label,
            "split": lambda row: row[1].galaxy.split.value,
            "source": lambda row: row[1].galaxy.source_id,
            "RA": lambda row: None if row[1].galaxy.ra is None else f"{row[1].galaxy.ra:.5f}",
            "Dec": lambda row: None if row[1].galaxy.dec is None else f"{row[1].galaxy.dec:.5f}",
        },
        wrap=False,
    )
    names = ", ".join(found.left_out_ids) + (", …" if found.left_out > len(found.left_out_ids) else "")
    left_out = f", {found.left_out} repeats left out ({names})" if found.left_out else ""
    index = found.approximate
    how = f"; by an index that finds {index.recall:.1%} of the {index.k} nearest" if index else ""
    print_lines(f"of {found.candidates:,} galaxies of {found.dataset}{left_out}{how}", note)
