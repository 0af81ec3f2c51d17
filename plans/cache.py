"""What a process remembers of the store: decoded blocks, rollups and tails, all keyed by immutable content.

A cap below the working set is worse than no cache: a scan over more than fits misses every time. So the cap is
generous (``SOP_BLOCK_CACHE_MB``), and hits and misses are counted for the bench.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from django.conf import settings

_T = TypeVar("_T")


class ByteLru:
    """Least recently used values up to a number of bytes. One thread makes a missing value, the others wait."""

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.hits = self.misses = self.size_bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get_or_make(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """The value of a key, made once. Its size is the value's ``nbytes``."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                self.hits += 1
                return self._values[key][0]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    self.hits += 1
                    return self._values[key][0]
            try:
                value = make()
                self._put(key, value)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

    def _put(self, key: Hashable, value: Any) -> None:
        size = int(getattr(value, "nbytes", 0)) + 256
        with self._lock:
            self.misses += 1
            self._values[key] = (value, size)
            self.size_bytes += size
            while self.size_bytes > self.capacity_bytes and len(self._values) > 1:
                _, (_, dropped) = self._values.popitem(last=False)
                self.size_bytes -= dropped

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self.size_bytes = self.hits = self.misses = 0


CONTENT = ByteLru(settings.BLOCK_CACHE_MB << 20)


class TailCache:
    """The newest tail seen of each head, so that a reader fetches only the revisions since.

    Filled outside transactions only: inside one, revisions may still roll back and be handed out again.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._tails: OrderedDict[int, tuple[int, int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, head_id: int, fold: int, rev: int) -> tuple[int, Any] | None:
        """(revision reached, tail) of a stored tail that starts at ``fold`` and does not pass ``rev``."""
        with self._lock:
            stored = self._tails.get(head_id)
            if stored is None or stored[0] != fold or stored[1] > rev:
                return None
            self._tails.move_to_end(head_id)
            return stored[1], stored[2]

    def put(self, head_id: int, fold: int, rev: int, tail: Any) -> None:
        with self._lock:
            stored = self._tails.get(head_id)
            if stored is not None and stored[:2] > (fold, rev):
                return
            self._tails[head_id] = (fold, rev, tail)
            self._tails.move_to_end(head_id)
            while len(self._tails) > self._capacity:
                self._tails.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._tails.clear()


TAILS = TailCache(capacity=1024)


class Latest:
    """One value and the mark it holds for."""

    def __init__(self) -> None:
        self._held: tuple[Hashable, Any] | None = None

    def get(self, mark: Hashable) -> Any | None:
        held = self._held
        return held[1] if held is not None and held[0] == mark else None

    def put(self, mark: Hashable, value: Any) -> None:
        self._held = mark, value

    def clear(self) -> None:
        self._held = None


TREES = Latest()


def clear() -> None:
    """Forget everything."""
    CONTENT.clear()
    TAILS.clear()
    TREES.clear()
