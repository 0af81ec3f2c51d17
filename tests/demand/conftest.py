from pathlib import Path

import pytest

from tests.demand.world import World


@pytest.fixture
def world(db, tmp_path: Path) -> World:
    return World(tmp_path)
