"""`galaxyscope search` and `galaxyscope embed`"""

from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from backend.cli.data import Json
from backend.cli.galaxy_output import print_comparison, print_neighbours
from backend.cli.output import print_json
from backend.cli.runs.evaluate import Checkpoint
from backend.cli.session import open_home, start_and_wait
from backend.config_errors import config_error
from backend.errors import GalaxyscopeError, InvalidInputError
from backend.files import write_atomic
from backend.services.datasets.locating import locate
from backend.services.embeddings.vectors import EmbeddingFormat, embeddings_file
from backend.services.launching.create import create_run
from backend.services.reconstruction.images import add_upload
from backend.services.services import Services
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.runs import RunRequest
from shared.contract.search import (
    ComparedRequest,
    EmbeddingSpace,
    EmbeddingState,
    FoundGalaxy,
    OtherEncoder,
    SearchComparison,
    SearchRequest,
    SearchResult,
)

RunName = Annotated[str, typer.Option("--run", help="Run whose encoder is asked.")]
DatasetName = Annotated[
    str | None, typer.Option("--dataset", help="Where to search; the encoder's own where absent.")
]
Depth = Annotated[int | None, typer.Option(help="Block whose features are compared; the last where absent.")]
Pooling = Annotated[str, typer.Option(help="cls, mean or both.")]
T = TypeVar("T", bound=SearchRequest)
FORMATS: dict[str, EmbeddingFormat] = {".npy": "npy", ".parquet": "parquet"}


def search(
    run: RunName,
    galaxy: Annotated[int | None, typer.Option("--galaxy", min=0, help="Row of the dataset.")] = None,
    image: Annotated[Path | None, typer.Option("--image", help="An image file of your own.")] = None,
    radec: Annotated[
        str | None,
        typer.Option("--radec", help="RA,DEC in degrees or sexagesimal: the nearest galaxy of the dataset."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many neighbours.")] = 16,
    least: Annotated[bool, typer.Option("--least", help="The least similar.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every galaxy, although there is an index.")
    ] = False,
    near_arcsec: Annotated[float, typer.Option(help="Leave out what lies nearer on the sky.")] = 5.0,
    checkpoint: Checkpoint = "best",
    dataset: DatasetName = None,
    depth: Depth = None,
    pooling: Pooling = "mean",
    against: Annotated[
        str | None,
        typer.Option(help="A second encoder that is asked the same: RUN, or RUN:checkpoint:depth:pooling."),
    ] = None,
    as_json: Json = False,
) -> None:
    """The galaxies most like one, by the features of an encoder; they are embedded where they are not yet."""
    if sum(one is not None for one in (galaxy, image, radec)) != 1:
        raise InvalidInputError("no_query", "give one of --galaxy, --image and --radec", "galaxy")
    home = open_home()
    state = embedded(home, space_named(run, checkpoint, dataset, depth, pooling))
    query, note = _query(home, state, galaxy, image, radec)
    how = {"k": k, "least": least, "exact": exact, "near_arcsec": near_arcsec}
    request = {"space": settled(state)} | how | query
    if against is None:
        found = home.search.find(_validated(request, SearchRequest))
        print_json(summary(found, note, image)) if as_json else print_neighbours(found, note)
        return
    other = embedded(home, _other(against).space(state.dataset))
    compared = home.agreements.compare(_validated(request | {"against": settled(other)}, ComparedRequest))
    if as_json:
        print_json(compared_summary(compared, note, image))
    else:
        print_comparison(compared, (state, other), note)


def embed(
    run: RunName,
    out: Annotated[
        Path | None, typer.Option(help="File to write, keyed by source_id: .npy or .parquet.")
    ] = None,
    checkpoint: Checkpoint = "best",
    dataset: DatasetName = None,
    depth: Depth = None,
    pooling: Pooling = "mean",
    as_json: Json = False,
) -> None:
    """Embed every galaxy of a dataset, and take the vectors along."""
    if out is not None and out.suffix.lower() not in FORMATS:
        raise InvalidInputError("unknown_format", f"{out.name} ends with neither .npy nor .parquet", "out")
    home = open_home()
    state = embedded(home, space_named(run, checkpoint, dataset, depth, pooling))
    if out is not None:
        ending = FORMATS[out.suffix.lower()]
        write_atomic(out, embeddings_file(home.datasets, home.embeddings, settled(state), ending))
    if as_json:
        print_json(state.model_dump(mode="json") | {"out": str(out) if out else None})
        return
    where = f": {out}" if out else ""
    print(
        f"{state.n:,} galaxies of {state.dataset}, {state.width} numbers each, by {state.run} step "
        f"{state.step}, depth {state.depth} of {state.layers}, {state.pooling}{where}"
    )


def embedded(home: Services, space: EmbeddingSpace) -> EmbeddingState:
    """The space, once its galaxies are embedded. Raises GalaxyscopeError where the job fails."""
    state = home.embeddings.state(space)
    if state.ready:
        return state
    request = RunRequest(kind=RunKind.EMBED, config=state.config.model_dump())
    job = create_run(home.database, home.settings, request)
    ended = start_and_wait(home, job.id)
    if ended.state is not RunState.SUCCEEDED:
        raise GalaxyscopeError("embed_failed", ended.reason or f"the job {job.id} ended {ended.state}")
    return home.embeddings.state(settled(state))


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
    return {
        "query": (_plain(found.query) if found.query else {"image": str(image), "label": None})
        | {"note": note},
        "dataset": found.dataset,
        "step": found.step,
        "depth": found.depth,
        "candidates": found.candidates,
        "left_out": found.left_out,
        "approximate": found.approximate.model_dump() if found.approximate else None,
        "neighbours": [_plain(one) | {"similarity": one.similarity} for one in found.neighbours],
    }


def compared_summary(compared: SearchComparison, note: str, image: Path | None) -> dict[str, Any]:
    """Both searches, and how far they agree."""
    return {
        "first": summary(compared.first, note, image),
        "second": summary(compared.second, note, image),
        "agreement": compared.agreement.model_dump(mode="json"),
    }


def _plain(found: FoundGalaxy) -> dict[str, Any]:
    galaxy = found.galaxy.model_dump(mode="json")
    return {
        "galaxy": galaxy.pop("row"),
        **galaxy,
        "links": found.links.model_dump() if found.links else None,
    }


def space_named(
    run: str, checkpoint: str, dataset: str | None, depth: int | None, pooling: str
) -> EmbeddingSpace:
    """What the options of a command mean. Raises InvalidInputError."""
    values = {"run": run, "checkpoint": checkpoint, "dataset": dataset, "depth": depth, "pooling": pooling}
    try:
        return EmbeddingSpace.model_validate(values)
    except ValidationError as error:
        raise config_error(error) from None


def settled(state: EmbeddingState) -> EmbeddingSpace:
    """The same space with nothing left open: `best` may mean another step in a minute."""
    return space_named(state.run, str(state.step), state.dataset, state.depth, state.pooling)


def _other(text: str) -> OtherEncoder:
    try:
        return OtherEncoder.model_validate(text)
    except ValidationError as error:
        raise config_error(error) from None


def _validated(values: dict[str, Any], kind: type[T]) -> T:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise config_error(error) from None
