import pytest

from tests.factories import make_user
from tests.plans.world import World, make_world


@pytest.fixture
def world(db) -> World:
    return make_world(make_user("demand_lead", username="lead"))


@pytest.fixture
def live_world(transactional_db) -> World:
    """A world whose rows are committed: for tests with threads and for what happens at commit."""
    return make_world(make_user("demand_lead", username="lead"))
