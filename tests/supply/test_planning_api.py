"""Changing what planners keep over REST: nobody overwrites what he has not seen."""

import pytest
from django.test import Client

from core.models import AuditEntry
from masterdata.models import Policy
from supply.models import Investment, PolicyReview
from supply.services.investments import save_investment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company", "cycle")]
JSON = {"content_type": "application/json"}


@pytest.fixture
def lead(users) -> Client:
    client = Client()
    client.force_login(users["supply_lead"])
    return client


def tagged(client, url):
    return {"If-Match": client.get(url)["ETag"]}


def test_a_policy_is_reviewed_by_who_has_seen_it(lead):
    url = "/api/v1/supply/policies/A1/"
    assert lead.get(url).json()["frozen_months"] == 1  # the standard, before anybody declared one
    blind = lead.patch(url, {"safety_stock_days": 5}, **JSON)
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")
    seen = tagged(lead, url)
    changed = lead.patch(url, {"safety_stock_days": 5}, headers=seen, **JSON)
    assert (changed.status_code, changed.json()["safety_stock_days"]) == (200, 5)
    stale = lead.patch(url, {"safety_stock_days": 9}, headers=seen, **JSON)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert Policy.objects.get().safety_stock_days == 5
    assert PolicyReview.objects.count() == 1
    assert lead.patch(url, {}, headers={"If-Match": changed["ETag"]}, **JSON).status_code == 200  # confirmed as it is
    assert lead.get(url, headers={"If-None-Match": changed["ETag"]}).status_code == 304
    assert lead.get("/api/v1/supply/policies/NOTHING/").status_code == 404


def test_an_investment_is_changed_and_removed_by_who_has_seen_it(lead, users):
    values = {"resource": "LINE", "name": "Second line", "kind": "line", "hours_per_month": 100.0}
    row = save_investment(values=values, actor=users["production"])
    url = f"/api/v1/supply/investments/{row.pk}/"
    assert lead.patch(url, {"note": "x"}, **JSON).status_code == 428
    assert lead.delete(url).status_code == 428
    seen = tagged(lead, url)
    changed = lead.patch(url, {"invest": "250000"}, headers=seen, **JSON)
    assert changed.status_code == 200
    assert changed["ETag"] == lead.get(url)["ETag"]
    assert lead.patch(url, {"hours_per_month": 1}, headers=seen, **JSON).status_code == 412
    assert lead.delete(url, headers=seen).status_code == 412
    row.refresh_from_db()
    assert (float(row.invest), row.hours_per_month) == (250_000, 100)
    assert lead.delete(url, headers={"If-Match": changed["ETag"]}).status_code == 204
    assert lead.delete(url, headers={"If-Match": changed["ETag"]}).status_code == 404
    assert not Investment.objects.exists()
    assert AuditEntry.objects.filter(verb="supply.investment.removed").count() == 1
