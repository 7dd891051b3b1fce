"""Routes of odd galaxies."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from backend.api.deps import ServicesDep, parsed
from backend.api.tables import saved_as
from backend.services.datasets.tables import TableFormat
from backend.services.embeddings.odd import odd_table
from shared.contract import routes
from shared.contract.odd import OddPage, OddRequest

router = APIRouter(tags=["odd"])
OddQuery = Annotated[str, Query(max_length=4_000, description="An OddRequest as JSON.")]


@router.get(routes.ODD)
def list_odd(services: ServicesDep, query: OddQuery) -> OddPage:
    """The oddest galaxies of a dataset, by distance, by label, or by what was rated high."""
    return services.odd.page(parsed(query, OddRequest))


@router.get(routes.ODD_FILE, response_class=Response)
def odd_file(services: ServicesDep, file_format: TableFormat, query: OddQuery) -> Response:
    """The same as a table, with RA, Dec and links."""
    asked = parsed(query, OddRequest)
    content = odd_table(services.odd.page(asked), file_format)
    return saved_as(f"{asked.space.run}-odd-{asked.by}", file_format, content)
