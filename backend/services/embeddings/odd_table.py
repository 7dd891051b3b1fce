"""Odd galaxies as a file."""

import pyarrow as pa

from backend.services.datasets.ratings import link_columns
from backend.services.datasets.tables import TableFormat, table_file
from shared.contract.odd import OddPage

OF_GALAXY = ("row", "source_id", "label", "split", "ra", "dec", "redshift")


def odd_table(page: OddPage, file_format: TableFormat) -> bytes:
    """A line a galaxy: rank, row, source_id, label, split, ra, dec, redshift, score, what the neighbours say
    and how many of them, rating, whether flagged, links."""
    found = page.galaxies
    says = [one.says for one in found]
    columns: dict[str, list[object]] = {"rank": list(range(page.offset + 1, page.offset + len(found) + 1))}
    for key in OF_GALAXY:
        columns[key] = [getattr(one.galaxy, key) for one in found]
    columns["score"] = [one.score for one in found]
    for key in ("label", "agree", "own", "of"):
        columns[f"neighbours_{key}"] = [getattr(said, key) if said else None for said in says]
    columns["rating"] = [one.rating for one in found]
    columns["flagged"] = [one.flag is not None for one in found]
    return table_file(pa.table(columns | link_columns(list(found))), file_format)
