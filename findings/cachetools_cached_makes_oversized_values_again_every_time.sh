#!/usr/bin/env bash
# cachetools 8.0.2, Python 3.11.
#
# An LRUCache that is limited by bytes (getsizeof) refuses a value larger than the whole cache: assigning it raises
# ValueError("value too large"). The decorator `@cached` swallows that error. The call succeeds, nothing is kept, and
# the value is made again at every call, without a sign: a matrix of embeddings that has outgrown its budget by one
# byte turns a cache hit of microseconds into minutes of work each time.
#
# Seen:
#   assignment: ValueError value too large
#   decorated function called 3 times, made 3 times, kept 0
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check cachetools==8.0.2
"$work/venv/bin/python" -W error - <<'PY'
import sys

import cachetools

cache = cachetools.LRUCache(maxsize=10, getsizeof=len)
try:
    cache["direct"] = b"." * 11
    direct = "kept"
except ValueError as error:
    direct = f"ValueError {error}"
print("assignment:", direct)

made = []


@cachetools.cached(cache)
def embedding(galaxy):
    made.append(galaxy)
    return b"." * 11


for _ in range(3):
    embedding(7)
print(f"decorated function called 3 times, made {len(made)} times, kept {len(cache)}")
sys.exit((direct, len(made), len(cache)) != ("ValueError value too large", 3, 0))
PY
