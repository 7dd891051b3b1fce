"""Images a second of an import of Parquet as Hugging Face writes it: `hf_parquet.py [ROWS]`.

20,000 rows of JPEGs of 256 px, 100 a row group, in two shards, imported to 128 px as the worker does. Beside
it the limit of the decoder: the same files read from memory, decoded and resized by as many threads, and
nothing else.
"""

import io
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from backend.data.frames.reading import read_frame
from backend.data.frames.resize import resize
from backend.data.importers.parquet.source import WORKERS
from backend.data.sky.scene import photograph
from tests.benchmarks.imports import measure

SIDE, STORED, DISTINCT = 256, 128, 400


def make_jpegs() -> list[bytes]:
    rng = np.random.default_rng(0)
    out = []
    for _ in range(DISTINCT // 50):
        for pixels in photograph(rng.integers(0, 10, 50), SIDE, rng):
            noisy = np.clip(pixels.astype(np.int16) + rng.integers(-8, 9, pixels.shape), 0, 255)
            stream = io.BytesIO()
            Image.fromarray(noisy.astype(np.uint8)).save(stream, "JPEG", quality=90)
            out.append(stream.getvalue())
    return out


def write_shards(folder: Path, jpegs: list[bytes], rows: int) -> None:
    """Each picture is used many times; a byte after its end makes every file another."""
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": list("abcdefghij")}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    for split, start, end in (("train", 0, rows * 9 // 10), ("test", rows * 9 // 10, rows)):
        files = [jpegs[row % DISTINCT] + row.to_bytes(4, "big") for row in range(start, end)]
        images = pa.array([{"bytes": file, "path": None} for file in files], kind)
        table = pa.table({"image": images, "label": np.arange(start, end) % 10})
        path = folder / "data" / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(exist_ok=True)
        parquet.write_table(table.replace_schema_metadata(metadata), path, row_group_size=100)


def decoder_limit(jpegs: list[bytes], rows: int) -> float:
    """Images a second, decoded and resized only."""

    def one(row: int) -> None:
        resize(read_frame(io.BytesIO(jpegs[row % DISTINCT]), "x")[None], STORED)

    start = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(lambda at: [one(row) for row in range(at, at + 16)], range(0, rows, 16)):
            pass
    return rows / (time.perf_counter() - start)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    jpegs = make_jpegs()
    with tempfile.TemporaryDirectory() as place:
        write_shards(Path(place), jpegs, rows)
        limit = decoder_limit(jpegs, rows)
        config = {"path": place, "name": "made", "img_size": STORED}
        seconds, peak = measure(config, Path(place) / "store")
        size = sum(path.stat().st_size for path in Path(place).rglob("*.parquet"))
    print(f"{rows:,} JPEGs of {SIDE} px to {STORED}, {size / 1e9:.2f} GB of Parquet, {WORKERS} threads")
    print(f"  import {rows / seconds:7,.0f} images/s ({seconds:.1f} s), peak {peak / 1e6:,.0f} MB")
    print(f"  decoder and resize alone {limit:7,.0f} images/s")


if __name__ == "__main__":
    main()
