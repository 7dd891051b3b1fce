"""Tables for other tools, and links to sky surveys at a position."""

import io
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from shared.contract.search import FoundGalaxy, SkyLinks

TableFormat = Literal["csv", "parquet"]
Columns = dict[str, list[Any]]


def table_file(table: pa.Table, file_format: TableFormat) -> bytes:
    """The content of a file in that format."""
    out = io.BytesIO()
    if file_format == "csv":
        pyarrow.csv.write_csv(table, out)
    else:
        pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def galaxy_columns(found: Sequence[FoundGalaxy], *, first_rank: int = 1) -> Columns:
    """rank, row, source_id, label, split, ra, dec, redshift"""
    columns: Columns = {"rank": list(range(first_rank, first_rank + len(found)))}
    for key in ("row", "source_id", "label", "split", "ra", "dec", "redshift"):
        columns[key] = [getattr(one.galaxy, key) for one in found]
    return columns


def link_columns(found: Sequence[FoundGalaxy]) -> Columns:
    """A column of links a sky survey; null where the position is unknown."""
    return {
        key: [getattr(one.links, key) if one.links else None for one in found]
        for key in SkyLinks.model_fields
    }


def sky_links(ra: float | None, dec: float | None) -> SkyLinks | None:
    """Links for a position in degrees, None where it is unknown. Nothing is fetched."""
    if ra is None or dec is None:
        return None
    position = quote(f"{ra:.6f} {dec:+.6f}")
    return SkyLinks(
        legacy_survey=f"https://www.legacysurvey.org/viewer?ra={ra:.6f}&dec={dec:.6f}&layer=ls-dr10&zoom=16",
        simbad=f"https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={position}&CooFrame=ICRS&Radius=30&Radius.unit=arcsec",
        esasky=f"https://sky.esa.int/esasky/?target={position}&fov=0.05&cooframe=J2000&sci=true",
    )
