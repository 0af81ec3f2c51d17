"""Two writers at once, made to meet where it hurts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

PATIENCE_SECONDS = 20


class Writer(threading.Thread):
    """A thread with a database connection of its own; ``outcome`` is what it returned or raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.outcome: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._work()
        except Exception as error:
            self.outcome = error
        finally:
            connection.close()

    def result(self) -> Any:
        """What it returned; raises what it raised."""
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive(), "a writer hangs"
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def is_waiting(self, seconds: float = 0.3) -> bool:
        """Whether it is still held up after a moment."""
        self.join(seconds)
        return self.is_alive()


class Pause:
    """A point where a writer stops until it is let go on."""

    def __init__(self) -> None:
        self._reached, self._go_on = threading.Event(), threading.Event()

    def here(self) -> None:
        """Called by the writer."""
        self._reached.set()
        assert self._go_on.wait(PATIENCE_SECONDS)

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE_SECONDS), "the writer never came here"

    def let_go(self) -> None:
        self._go_on.set()
