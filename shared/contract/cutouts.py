"""Datasets of cut-outs, before they are made."""

from pydantic import Field

from shared.base.wire import Wire
from shared.contract.datasets import ReceiptLine, SourceProblem


class CutoutsPreview(Wire):
    """What a job would fetch and make. It can start if there are no `problems`; `columns`, `roles` and `rows`
    are of the table, as in SourcePreview."""

    n: int = Field(description="Positions, of which each becomes a cut-out.")
    cached: int = Field(description="Cut-outs fetched before, which need no request.")
    requests: int
    seconds: float = Field(description="At the rate that the service permits.")
    fetch_bytes: int = Field(description="To be fetched, about.")
    size_bytes: int = Field(description="Of the pixels, once stored.")
    bands: list[str]
    service: str
    per_s: float = Field(description="Requests a second.")
    arcsec: float | None = Field(description="Width of a cut-out; None if a column gives it.")
    acknowledgement: str
    columns: list[str]
    roles: dict[str, str | None]
    rows: list[dict[str, str]]
    receipt: list[ReceiptLine]
    problems: list[SourceProblem]
