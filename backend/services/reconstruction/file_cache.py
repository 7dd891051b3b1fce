"""What takes seconds to make and is asked for again: kept on disk, made once."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from backend.data.byte_cache import ByteCache


class KeyedLock:
    """Of several who want the same key, one at a time; others are not held up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: WeakValueDictionary[Hashable, threading.Lock] = WeakValueDictionary()

    @contextmanager
    def of(self, key: Hashable) -> Iterator[None]:
        with self._lock:
            lock = self._held.setdefault(key, threading.Lock())  # there while somebody has or awaits it
        with lock:
            yield


class FileCache:
    """Files by key and suffix in one folder, under a budget of bytes; of several who ask, one makes them."""

    def __init__(self, folder: Path, budget: int) -> None:
        self._files = ByteCache(folder, budget)
        self._turns = KeyedLock()

    def get(
        self, key: str, suffixes: tuple[str, ...], make: Callable[[], tuple[bytes, ...]]
    ) -> tuple[bytes, ...]:
        """The bytes under each suffix, in their order, kept or made now."""
        with self._turns.of(key):
            found = [self._files.get(key + suffix) for suffix in suffixes]
            whole = tuple(data for data in found if data is not None)
            if len(whole) == len(suffixes):
                return whole
            made = make()
            for suffix, data in zip(suffixes, made, strict=True):
                self._files.put(key + suffix, data)
        return made
