"""Activities and launches by hand: who may, where, what is refused, what the audit keeps."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.errors import Conflict, Denied, InvalidInput, Missing
from core.models import AuditEntry
from demand.models import Event, Launch
from demand.selectors.launches import find_launch_month
from demand.services import EventTerms, add_event, change_event, plan_launch, withdraw_event, withdraw_launch
from masterdata.models import Company, Org, Product
from tests.demand.world import MONTH
from tests.factories import make_user

CAMPAIGN = EventTerms(kind="promotion", from_month=MONTH + 1, to_month=MONTH + 2, uplift_pct=10.0, owner="Sun Lei")


@pytest.fixture
def lead(world):
    return make_user("demand_lead")


def product(code: str) -> Product:
    return Product.objects.get(code=code)


def at(**places) -> EventTerms:
    found = {side: (Product if side == "product" else Org).objects.get(code=code) for side, code in places.items()}
    return replace(CAMPAIGN, **found)


def last_entry() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


@pytest.mark.parametrize("role", ["marketing", "demand_lead"])
def test_an_activity_is_put_on_the_register(world, role):
    before = Company.objects.get().revision
    event = add_event(terms=at(product="E7", org="NORTH"), actor=make_user(role))
    assert (event.code, event.product.code, event.org.code) == ("PROMOTION-2026-07", "E7", "NORTH")
    assert event.revision == Company.objects.get().revision == before + 1
    entry = last_entry()
    assert (entry.verb, entry.actor_name) == ("demand.event.added", role)
    assert '"uplift_pct":10.0' in entry.detail


def test_codes_made_for_a_month_do_not_collide(world, lead):
    codes = [add_event(terms=CAMPAIGN, actor=lead).code for _ in range(3)]
    assert codes == ["PROMOTION-2026-07", "PROMOTION-2026-07-2", "PROMOTION-2026-07-3"]
    with pytest.raises(Conflict, match="PROMOTION-2026-07"):
        add_event(terms=CAMPAIGN, actor=lead, code="PROMOTION-2026-07")


@pytest.mark.parametrize("role", ["sales", "finance", "executive", "coordinator"])
def test_others_may_not_and_nothing_changes(world, role):
    event = add_event(terms=CAMPAIGN, actor=make_user("marketing"))
    outsider, entries = make_user(role), AuditEntry.objects.count()
    with pytest.raises(Denied):
        add_event(terms=CAMPAIGN, actor=outsider)
    with pytest.raises(Denied):
        change_event(event=event, terms=at(product="E5"), seen=event.revision, actor=outsider)
    with pytest.raises(Denied):
        withdraw_event(event=event, seen=event.revision, actor=outsider)
    assert list(Event.objects.values_list("code", "product")) == [(event.code, None)]
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (replace(CAMPAIGN, kind="party"), "not a kind"),
        (replace(CAMPAIGN, to_month=MONTH), "before the first"),
        (replace(CAMPAIGN, uplift_pct=-101.0), "per cent"),
        (replace(CAMPAIGN, price_change_pct=float("nan")), "per cent"),
    ],
)
def test_what_makes_no_sense_is_refused(world, lead, terms, problem):
    with pytest.raises(InvalidInput, match=problem):
        add_event(terms=terms, actor=lead)
    assert not Event.objects.exists()


def test_somebody_with_a_scope_plans_inside_it(world, lead):
    south = make_user("marketing", orgs=("SOUTH",))
    event = add_event(terms=at(org="GZ"), actor=south)
    with pytest.raises(Missing):
        add_event(terms=at(org="BJ"), actor=south)
    with pytest.raises(InvalidInput, match="SOUTH"):
        add_event(terms=CAMPAIGN, actor=south)
    with pytest.raises(Missing):
        change_event(event=event, terms=at(org="BJ"), seen=event.revision, actor=south)
    everywhere = add_event(terms=CAMPAIGN, actor=lead)
    with pytest.raises(InvalidInput):
        withdraw_event(event=everywhere, seen=everywhere.revision, actor=south)
    assert Event.objects.count() == 2


def test_a_change_keeps_both_versions_in_the_audit(world, lead):
    event = add_event(terms=at(product="E7"), actor=lead)
    terms = replace(at(product="E5"), uplift_pct=None, uplift_quantity=Decimal(40))
    changed = change_event(event=event, terms=terms, seen=event.revision, actor=lead)
    assert (changed.product.code, changed.uplift_pct, changed.uplift_quantity) == ("E5", None, Decimal(40))
    assert changed.revision > event.revision
    entry = last_entry()
    assert entry.verb == "demand.event.changed"
    assert '"before":{"code":"PROMOTION-2026-07"' in entry.detail
    assert '"product":"E7"' in entry.detail


def test_who_saw_an_older_activity_overwrites_nothing(world, lead):
    event = add_event(terms=CAMPAIGN, actor=lead)
    change_event(event=event, terms=at(product="E5"), seen=event.revision, actor=lead)
    with pytest.raises(Conflict):
        change_event(event=event, terms=at(product="S6"), seen=event.revision, actor=lead)
    with pytest.raises(Conflict):
        withdraw_event(event=event, seen=event.revision, actor=lead)
    assert Event.objects.get().product.code == "E5"


def test_a_withdrawn_activity_lives_on_in_the_audit(world, lead):
    event = add_event(terms=CAMPAIGN, actor=lead)
    withdraw_event(event=event, seen=event.revision, actor=lead)
    assert not Event.objects.exists()
    entry = last_entry()
    assert entry.verb == "demand.event.withdrawn"
    assert '"owner":"Sun Lei"' in entry.detail


def test_a_launch_follows_what_somebody_picked(world, lead):
    launch = plan_launch(product=product("M8"), analogues=["E7", "E5", "E7"], scale=0.5, actor=lead)
    assert (launch.analogues, launch.scale, launch.owner) == (["E7", "E5"], 0.5, lead)
    again = plan_launch(product=product("M8"), analogues=["E5"], first_month=MONTH + 6, actor=lead)
    assert Launch.objects.get() == again
    assert again.first_month == MONTH + 6
    assert last_entry().verb == "demand.launch.planned"
    withdraw_launch(launch=again, actor=lead)
    assert not Launch.objects.exists()
    assert last_entry().verb == "demand.launch.withdrawn"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"analogues": []}, InvalidInput),
        ({"analogues": ["NOPE"]}, Missing),
        ({"analogues": ["M8"]}, InvalidInput),
        ({"scale": 0}, InvalidInput),
        ({"scale": float("nan")}, InvalidInput),
    ],
)
def test_a_launch_that_cannot_be_is_refused(world, lead, change, refusal):
    with pytest.raises(refusal):
        plan_launch(**{"product": product("M8"), "analogues": ["E7"], "actor": lead, **change})
    assert not Launch.objects.exists()


def test_a_launch_needs_a_first_month_and_the_right(world, lead):
    with pytest.raises(InvalidInput, match="first month"):
        plan_launch(product=product("S6"), analogues=["E7"], actor=lead)
    launch = plan_launch(product=product("M8"), analogues=["E7"], actor=lead)
    for outsider in (make_user("sales"), make_user("finance")):
        with pytest.raises(Denied):
            plan_launch(product=product("M8"), analogues=["E5"], actor=outsider)
        with pytest.raises(Denied):
            withdraw_launch(launch=launch, actor=outsider)
    assert Launch.objects.get().analogues == ["E7"]


def test_a_group_launches_with_its_first_product(world):
    assert find_launch_month(product("M8")) == find_launch_month(product("NEV")) == MONTH + 3
    assert find_launch_month(product("FUEL")) is None
