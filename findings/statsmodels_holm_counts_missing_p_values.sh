#!/usr/bin/env bash
# statsmodels 0.15.0, numpy 2.4.6, Python 3.11.
#
# `multipletests(p, method="holm")` with a missing p-value (NaN: a claim that could not be tested, such as a run that
# has not finished) leaves that one NaN, and corrects the others as if it had been a test: three p-values plus one NaN
# are multiplied by 4, 3, 2 in place of 3, 2, 1. A row that is not there makes every other row less significant, without
# a warning. Drop NaN before the correction.
#
# Seen:
#   three p-values:          [0.03, 0.06, 0.06]
#   the same and one NaN:    [0.04, nan, 0.09, 0.09]
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6
"$work/venv/bin/python" -W error - <<'PY'
import sys

import numpy as np
from statsmodels.stats.multitest import multipletests

three = multipletests([0.01, 0.04, 0.03], method="holm")[1].round(12).tolist()
four = multipletests([0.01, np.nan, 0.04, 0.03], method="holm")[1].round(12).tolist()
print("three p-values:         ", three)
print("the same and one NaN:   ", four)
same = three == [0.03, 0.06, 0.06] and [four[0], *four[2:]] == [0.04, 0.09, 0.09] and np.isnan(four[1])
sys.exit(not same)
PY
