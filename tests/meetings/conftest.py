"""Cycle and meetings together; the gates of the figures have their own tests."""

import pytest

from cycles import gates
from cycles.rules import register_rules
from meetings import gates as meeting_gates
from tests.cycles.conftest import first_of_november

__all__ = ["first_of_november", "only_people_gates"]


@pytest.fixture
def only_people_gates(monkeypatch):
    """Fresh registries with the gates of cycles and meetings; registrations of a test do not outlive it."""
    for registry in ("_gates", "_effects", "_sign_checks"):
        monkeypatch.setattr(gates, registry, {})
    register_rules()
    meeting_gates.register()
