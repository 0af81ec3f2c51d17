"""The doors of what-if and pricing: refusals in words, money masked field by field."""

import pytest
from rest_framework.test import APIClient

from plans.services import create_working_version
from supply.models import SupplyOption
from supply.services.balance import run_balance
from supply.services.sessions import forget_models
from tests.supply.world import NOV, ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(company, cycle):
    forget_models()
    return create_working_version(cycle=cycle, actor=None)


@pytest.fixture
def tight(version, users):
    """500 asked in November, 400 hours there are."""
    ask(version, {("A1", "NORTH-1"): [300] + [200] * 17, ("A1", "SOUTH-1"): [200] + [100] * 17})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    return version


@pytest.fixture
def post(users):
    """``post("supply_lead", version, "what-if", {...})`` → response."""

    def send(role, version, path, body):
        client = APIClient()
        client.force_login(users[role])
        return client.post(f"/api/v1/plans/{version.pk}/{path}/", body, format="json")

    return send


def test_a_plan_without_demand_is_refused_in_words(post, version):
    answer = post("supply_lead", version, "what-if", {"resource": "LINE", "month": "2026-11"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_demand")
    assert "Build the demand proposal first" in answer.json()["detail"]


def test_money_is_masked_field_by_field(post, tight):
    body = {"resource": "LINE", "month": "2026-11", "shifts": 3}
    seen = post("supply_lead", tight, "what-if", body).json()["effect"]
    assert (seen["units"], seen["gain"], seen["revenue"], seen["masked"]) == (100, 4500_00, 10_000_00, [])
    hidden = post("production", tight, "what-if", body).json()["effect"]
    assert (hidden["units"], hidden["short"]) == (100, 0)
    assert (hidden["gain"], hidden["revenue"], hidden["cost"]) == (None, None, None)
    assert hidden["masked"] == ["revenue", "gain", "cost"]


def test_priced_options_mask_money_too(post, tight):
    option = SupplyOption.objects.get(run__version=tight, kind="overtime", run__first_month=NOV)
    body = {"options": [option.pk]}
    seen = post("finance", tight, "options/price", body).json()
    assert (seen["units"], seen["gain"], seen["masked"]) == (60, 60 * 45_00, [])
    hidden = post("quality", tight, "options/price", body).json()
    assert (hidden["units"], hidden["gain"], hidden["masked"]) == (60, None, ["revenue", "gain", "cost"])
