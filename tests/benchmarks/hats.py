"""Files opened and seconds for a cone of 1 % of a HATS catalogue: `hats.py [ROWS]`.

1,000,000 rows in the 3,072 pixels of order 4, each with an 8 × 8 image of two bands, evenly over the sky; the
cone covers 1 % of it. All files that the cone does not meet are made unreadable before it is imported.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from backend.data.importers.parquet.region import Cone, pixel_centres, pixels_met
from tests.benchmarks.imports import measure

ORDER, FINE, SIDE = 4, 13, 8
CONE = Cone(185.0, 12.0, float(np.degrees(np.arccos(1 - 2 * 0.01))))


def write_catalogue(folder: Path, rows: int) -> None:
    pixels = np.arange(12 * 4**ORDER)
    per, below = rows // len(pixels) + 1, 4 ** (FINE - ORDER)
    rng = np.random.default_rng(0)
    kind = pa.list_(pa.struct([("band", pa.string()), ("flux", pa.list_(pa.list_(pa.float32())))]))
    for pixel in pixels.tolist():
        fine = pixel * below + rng.integers(0, below, per)
        ra, dec = pixel_centres(FINE, fine)
        flux = rng.normal(0, 1, (per, 2, SIDE, SIDE)).astype("f4").tolist()
        image = [[{"band": band, "flux": f} for band, f in zip("gr", row, strict=True)] for row in flux]
        index = pa.array(fine << (2 * (29 - FINE)))
        columns = {"_healpix_29": index, "ra": ra, "dec": dec, "image": pa.array(image, kind)}
        path = folder / "dataset" / f"Norder={ORDER}" / "Dir=0" / f"Npix={pixel}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table(columns), path)
    (folder / "hats.properties").write_text("dataproduct_type=object\nhats_col_ra=ra\nhats_col_dec=dec\n")
    listed = "".join(f"{ORDER},{pixel}\n" for pixel in pixels)
    (folder / "partition_info.csv").write_text("Norder,Npix\n" + listed)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "hats"
        start = time.perf_counter()
        write_catalogue(folder, rows)
        print(f"{rows:,} rows written in {time.perf_counter() - start:.0f} s")
        met = set(np.flatnonzero(pixels_met(CONE, ORDER, np.arange(12 * 4**ORDER))).tolist())
        files = list(folder.rglob("Npix=*.parquet"))
        for file in files:
            if int(file.stem.removeprefix("Npix=")) not in met:
                file.write_bytes(b"not to be read")
        cone = f"{CONE.ra},{CONE.dec},{CONE.radius}"
        seconds, peak = measure({"path": str(folder), "name": "cone", "cone": cone}, Path(place) / "store")
    print(f"cone of 1 %: {len(met)} of {len(files):,} files read, {seconds:.1f} s, peak {peak / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
