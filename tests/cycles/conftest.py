"""The cycle alone: the gates and effects of the rooms above have their own tests."""

from collections.abc import Iterator

import pytest
import time_machine

from cycles import gates
from cycles.rules import register_rules


@pytest.fixture
def only_cycle_gates(monkeypatch):
    """Fresh registries with this room's gates only; registrations of a test do not outlive it."""
    for registry in ("_gates", "_effects", "_sign_checks"):
        monkeypatch.setattr(gates, registry, {})
    register_rules()


@pytest.fixture
def first_of_november() -> Iterator[None]:
    """The cycle of November 2026 begins now; the clock runs."""
    with time_machine.travel("2026-11-01T09:00:00+08:00", tick=True):
        yield
