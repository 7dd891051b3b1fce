#!/usr/bin/env bash
# astropy 8.0.2 writes unsigned 64-bit ids to an IPAC table as type long, whose largest value they exceed, and then
# cannot read its own file: TypeError, where a number of 63 bits comes back as it was.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check astropy==8.0.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from astropy.table import Table

for number in (2**63 - 1, 2**64 - 1):
    Table({"objid": np.array([number], np.uint64)}).write("ids.tbl", format="ascii.ipac", overwrite=True)
    written = open("ids.tbl").read()
    try:
        outcome = int(Table.read("ids.tbl", format="ascii.ipac")["objid"][0])
    except Exception as error:
        outcome = type(error).__name__
    print(number, "written as", "long" if "long" in written else "?", "read as", outcome)
    assert "long" in written and str(number) in written
    assert outcome == (number if number < 2**63 else "TypeError")
PYTHON
