"""What can be made again is kept within its budget, the least recently used going first."""

import os
from pathlib import Path

from backend.data.byte_cache import ByteCache


def age(folder: Path, *names: str) -> None:
    """Make the files old, the first the oldest."""
    for seconds, name in enumerate(names):
        os.utime(folder / name, (seconds, seconds))


def test_what_was_put_is_there_until_the_budget_is_spent(tmp_path: Path) -> None:
    cache = ByteCache(tmp_path, budget=30)
    for name in ("a", "b", "c"):
        cache.put(name, name.encode() * 10)
    assert cache.get("a") == b"a" * 10
    assert cache.get("never") is None
    age(tmp_path, "a", "b", "c")
    assert cache.get("a") is not None  # used just now
    cache.put("d", b"d" * 15)
    assert [cache.get(name) is None for name in ("a", "b", "c", "d")] == [False, True, True, False]


def test_what_is_larger_than_the_budget_is_not_kept_and_drives_nothing_out(tmp_path: Path) -> None:
    cache = ByteCache(tmp_path / "new", budget=30)
    cache.put("a", b"a" * 10)
    cache.put("huge", b"h" * 31)
    assert cache.get("huge") is None
    assert cache.get("a") == b"a" * 10


def test_the_newest_stays_even_where_the_clock_stepped_back(tmp_path: Path) -> None:
    cache = ByteCache(tmp_path, budget=20)
    cache.put("a", b"a" * 20)
    os.utime(tmp_path / "a", (2**33, 2**33))
    cache.put("b", b"b" * 20)
    assert (cache.get("a"), cache.get("b")) == (None, b"b" * 20)
