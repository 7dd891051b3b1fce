#!/usr/bin/env bash
# astropy 8.0.2 writes a masked column to Parquet as its hidden values, with a column of truth values beside it.
# Every other reader takes what was missing for data: pyarrow 26.0.1 sees no null, and a mean redshift of 3.55
# in place of 0.1. astropy itself reads the mask back.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check astropy==8.0.2 pandas==3.1.1 pyarrow==26.0.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
from astropy.table import MaskedColumn, Table
from pyarrow import compute, parquet

catalogue = Table({"z": MaskedColumn([0.1, 7.0], mask=[False, True])})
catalogue.write("catalogue.parquet")
read = parquet.read_table("catalogue.parquet")
print("columns:", read.column_names, "values:", read["z"].to_pylist(), "nulls:", read["z"].null_count)
mean = compute.mean(read["z"]).as_py()
print("mean by pyarrow:", mean, "by astropy:", Table.read("catalogue.parquet")["z"].mean())
assert read.column_names == ["z", "z.mask"]
assert (read["z"].to_pylist(), read["z"].null_count) == ([0.1, 7.0], 0)
assert abs(mean - 3.55) < 1e-9
assert Table.read("catalogue.parquet")["z"].mask.tolist() == [False, True]
PYTHON
