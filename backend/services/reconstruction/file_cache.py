"""Results on disk that take seconds to compute."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from backend.data.byte_cache import ByteCache


class KeyedLock:
    """A lock a key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()

    @contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())  # lives while a thread holds or awaits it
        with lock:
            yield


class FileCache:
    """Files by key and suffix in one folder, under a budget of bytes; one thread computes each key."""

    def __init__(self, folder: Path, budget: int) -> None:
        self._files, self._lock = ByteCache(folder, budget), KeyedLock()

    def get(
        self, key: str, suffixes: tuple[str, ...], compute: Callable[[], tuple[bytes, ...]]
    ) -> tuple[bytes, ...]:
        """The content under each suffix, from the cache or computed now."""
        with self._lock.hold(key):
            found = [self._files.get(key + suffix) for suffix in suffixes]
            cached = tuple(data for data in found if data is not None)
            if len(cached) == len(suffixes):
                return cached
            computed = compute()
            for suffix, data in zip(suffixes, computed, strict=True):
                self._files.put(key + suffix, data)
        return computed
