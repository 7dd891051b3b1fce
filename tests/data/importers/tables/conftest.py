"""Forty-eight pictures, and one catalogue of them in any format."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from tests.data.conftest import write_image

N = 48
IDS = [1237648720693755918, 9223372036854775807, *(1237648720693755918 + i for i in range(1, N - 1))]
WRITERS: dict[str, dict[str, Any]] = {
    "csv": {"format": "ascii.csv"},
    "tsv": {"format": "ascii.tab"},
    "fits": {"format": "fits"},
    "fits.gz": {"format": "fits"},
    "vot": {"format": "votable"},
    "xml": {"format": "votable", "tabledata_format": "binary2"},
    "ecsv": {"format": "ascii.ecsv"},
    "parquet": {"format": "parquet"},
    "txt": {"format": "ascii.commented_header"},
    "dat": {"format": "ascii.fixed_width"},
    "tbl": {"format": "ascii.ipac"},
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Pictures img/0.png to img/47.png in a folder."""
    for index in range(N):
        write_image(tmp_path / "t" / "img" / f"{index}.png", seed=index)
    return tmp_path / "t"


@pytest.fixture
def catalogue() -> Table:
    """A table of the pictures with ids of 64 bits, a class as 1., 2., 10. with a blank, positions, a masked
    redshift, a masked count and a truth value."""
    row = np.arange(N)
    table = Table(
        {
            "file": [f"img/{i}.png" for i in row],
            "objid": np.array(IDS),
            "class": MaskedColumn(np.array([1.0, 2.0, 10.0])[row % 3], mask=row == 5),
            "ra": row * 7.3 + 1 / 3,
            "dec": row * 0.7 - 20 / 3,
            "redshift": MaskedColumn(row / 1000 + 0.1, mask=row % 7 == 3),
            "pxscale": 0.2 + row / 100,
            "votes": MaskedColumn(row.astype(np.int32) * 3, mask=row == 2),
            "barred": row % 2 == 0,
        }
    )
    table["ra"].unit = table["dec"].unit = "deg"
    table["pxscale"].unit = "arcsec"
    return table


@pytest.fixture
def write_table() -> Callable[[Table, Path], Path]:
    """Writes a table in the format of a file's suffixes; masked values as archives write them."""

    def write(table: Table, path: Path) -> Path:
        kind = path.name.split(".", 1)[1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if WRITERS[kind]["format"] == "ascii.ipac":  # it knows no truth values
                table = table.copy()
                table.remove_columns([name for name in table.colnames if table[name].dtype.kind == "b"])
            table.write(path, overwrite=True, **WRITERS[kind])
        return path

    return write
