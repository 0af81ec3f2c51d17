"""Trials on the warm plan: demand cells, supplier limits, rush orders; a kept one serves what it promised."""

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from core.errors import Conflict, Denied, InvalidInput, Missing
from core.jobs import run_job_now
from core.models import AuditEntry
from masterdata.models import MaterialSupply
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors import load_measure
from plans.services import create_working_version
from supply import measures as m
from supply.choices import CauseKind, OptionKind
from supply.models import SupplyOption
from supply.selectors.adopted import list_adopted
from supply.services import sessions
from supply.services.balance import run_balance
from supply.services.keeping import keep_trial
from supply.services.trials import find_worth, try_settings
from supply.wording import Names, say_cause, say_option, say_settings
from tests.factories import make_user
from tests.supply.world import NOV, ask, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(company, cycle):
    sessions.forget_models()
    return create_working_version(cycle=cycle, actor=None)


@pytest.fixture
def tight(version, users):
    """400 hours a month, an hour a unit. November asks 300 for A1 in the north and 200 for B1 in the south."""
    ask(version, {("A1", "NORTH-1"): [300] + [200] * 17, ("B1", "SOUTH-1"): [200] + [100] * 17})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    return version


def order(quantity, product="B1", org="SOUTH-1", month=NOV):
    return {"kind": "order", "product": product, "org": org, "month": month, "quantity": quantity, "customer": "Fair"}


def test_a_demand_cell_moves_the_plan_and_its_money(tight, users):
    """100 of 500 were short; asking 350 instead of 500 leaves 50 hours over."""
    setting = {"kind": "demand", "product": "A1", "org": "NORTH-1", "month": NOV, "quantity": 150}
    trial = try_settings(version_id=tight.pk, settings=[setting], actor=users["supply_lead"])
    assert (trial.effect.units, trial.effect.short) == (-50, 0)
    assert trial.effect.gain == -50 * 45_00
    money = {line.code: (line.after - line.before) for line in trial.money}
    assert (money["revenue"], money["materials"]) == (-50 * 100_00, -50 * 40_00)
    assert money["profit"] == money["revenue"] - sum(money[c] for c in money if c not in ("revenue", "profit"))
    assert totals(tight, m.CONSTRAINED)[0] == 400  # nothing stored


def test_a_supplier_limit_can_be_tried(company, version, users):
    MaterialSupply.objects.create(material=company.material, month=NOV, max_quantity=350)
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    less = {"kind": "supply", "material": "PACK", "month": NOV, "max_quantity": 250}
    trial = try_settings(version_id=version.pk, settings=[less], actor=users["purchasing"])
    assert (trial.effect.units, trial.effect.short) == (-50, 50)
    [cell] = trial.shortages
    assert (cell.product, cell.month, cell.before, cell.after) == ("A1", NOV, 0, 50)
    company.material.supply_limits.all().delete()
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    sessions.forget_models()
    with pytest.raises(InvalidInput):
        try_settings(version_id=version.pk, settings=[less], actor=users["purchasing"])


def test_a_rush_order_says_whom_it_displaces(company, tight, users):
    """80 more of B1 in a month without an hour to spare: 80 units of others go, all of them A1 or planned B1."""
    trial = try_settings(version_id=tight.pk, settings=[order(80)], actor=users["supply_lead"])
    [inserted] = trial.orders
    assert (inserted.asked, inserted.served) == (80, 80)
    assert sum(row.less + row.later for row in trial.losers) == 80
    assert {(row.product, row.org) for row in trial.losers} <= {("A1", "NORTH-1"), ("B1", "SOUTH-1")}
    assert sum(row.revenue for row in trial.losers) == -80 * 100_00
    assert (trial.effect.units, trial.effect.short) == (0, 180)
    assert all(row.month == NOV for row in trial.losers)


def test_a_rush_order_into_free_hours_displaces_nobody(tight, users):
    trial = try_settings(version_id=tight.pk, settings=[order(60, month=NOV + 1)], actor=users["supply_lead"])
    assert trial.losers == ()
    assert (trial.effect.units, trial.effect.gain) == (60, 60 * 45_00)


def test_overtime_beside_a_rush_order_gives_the_others_back_what_it_took(tight, users):
    settings = [order(80), {"kind": "capacity", "resource": "LINE", "month": NOV, "overtime_hours": 80}]
    trial = try_settings(version_id=tight.pk, settings=settings, actor=users["supply_lead"])
    assert (trial.losers, trial.effect.units, trial.resource.capacity_after) == ((), 80, 480)


def test_the_band_of_what_the_line_delivers(company, tight, users):
    """Default policy: capacity for 5.6 % more than is delivered, core materials for 11.1 %."""
    setting = {"kind": "capacity", "resource": "LINE", "month": NOV, "lost_hours": 0}
    trial = try_settings(version_id=tight.pk, settings=[setting], actor=users["supply_lead"])
    assert trial.resource.band == (400, 422, 444)
    assert (trial.resource.load_before, trial.resource.load_after) == (400.0, 400.0)


def test_a_kept_rush_order_is_served_in_the_scenario(tight, users):
    """The scenario asks for it, the balance serves it first and the others are short by what the trial said."""
    scenario, job = keep_trial(version_id=tight.pk, settings=[order(250)], actor=users["sales"])
    assert (scenario.kind, scenario.parent_id, scenario.created_by) == (VersionKind.SCENARIO, tight.pk, users["sales"])
    assert run_job_now(job).state == "done"
    asked, served = (
        load_measure(version_id=scenario.pk, measure=code, months=range(NOV, NOV + 1))
        for code in (m.CONSENSUS, m.CONSTRAINED)
    )
    assert asked.values.sum() == 750
    assert served.values.sum() == 400
    south = served.align(asked.axis).values[asked.axis.keys[:, 1] == asked.axis.keys[:, 1].max()].sum()
    assert south >= 250
    option = SupplyOption.objects.get(kind="rush_order")
    assert (option.units, option.detail[0]["customer"]) == (0, "Fair")
    assert [adopted.option_id for adopted in list_adopted(scenario)] == [option.pk]
    assert AuditEntry.objects.filter(verb="supply.trial.kept").count() == 1
    assert totals(tight, m.CONSENSUS)[0] == 500
    trial = try_settings(version_id=scenario.pk, settings=[order(20, month=NOV + 1)], actor=users["sales"])
    assert trial.effect.units == 20  # a plan with a rush order can be tried on, too


def test_a_rush_order_into_a_new_market_is_kept_and_balanced(tight, users):
    settings = [order(30, product="A2", org="SOUTH-2")]
    with pytest.raises(InvalidInput):
        try_settings(version_id=tight.pk, settings=settings, actor=users["supply_lead"])
    scenario, job = keep_trial(version_id=tight.pk, settings=settings, actor=users["supply_lead"])
    assert run_job_now(job).state == "done"
    served = load_measure(version_id=scenario.pk, measure=m.CONSTRAINED, months=range(NOV, NOV + 1))
    assert served.values.sum() == 400
    assert 30 in served.values[:, 0].tolist()


def test_kept_settings_balance_to_what_was_tried(tight, users):
    setting = {"kind": "capacity", "resource": "LINE", "month": NOV, "shifts": 3}
    scenario, job = keep_trial(version_id=tight.pk, settings=[setting], actor=users["production"], name="Third shift")
    assert scenario.name == "Third shift"
    run_job_now(job)
    assert totals(scenario, m.CONSTRAINED)[0] == 500
    assert totals(scenario, m.AVAILABLE_HOURS)[0] == 600 * 100
    again, second = keep_trial(
        version_id=tight.pk, settings=[order(10)], scenario_id=scenario.pk, actor=users["production"]
    )
    run_job_now(second)
    assert (again.pk, totals(scenario, m.CONSTRAINED)[0]) == (scenario.pk, 510)


def test_who_may_not_keep_changes_nothing(company, tight, users):
    for actor, settings, refusal in (
        (users["quality"], [order(10)], Denied),
        (make_user("sales", username="north", orgs=("NORTH",)), [order(10)], Missing),
        (users["sales"], [order(10, product="NOTHING")], Missing),
    ):
        with pytest.raises(refusal):
            keep_trial(version_id=tight.pk, settings=settings, actor=actor)
    assert not Version.objects.filter(kind=VersionKind.SCENARIO).exists()
    assert not SupplyOption.objects.filter(kind="rush_order").exists()


def test_a_reader_sees_losers_of_the_own_scope_only(tight):
    south = make_user("sales", username="south", orgs=("SOUTH",))
    trial = try_settings(version_id=tight.pk, settings=[order(250)], actor=south)
    assert {row.org for row in trial.losers} <= {"SOUTH-1"}
    assert trial.losers_total >= len(trial.losers)


def test_a_plan_never_balanced_keeps_nothing(version, users):
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    with pytest.raises(Conflict):
        keep_trial(version_id=version.pk, settings=[order(10, product="A1", org="NORTH-1")], actor=users["sales"])


def test_the_worth_of_one_more_hour_and_how_far_it_holds(tight):
    worth = find_worth(version_id=tight.pk, what="hour", code="LINE", month=NOV)
    assert (worth.value, worth.holds_for, worth.then) == (pytest.approx(45.0), pytest.approx(100.0), 0.0)
    assert find_worth(version_id=tight.pk, what="hour", code="LINE", month=NOV + 1).value == 0.0
    with pytest.raises(Missing):
        find_worth(version_id=tight.pk, what="material", code="PACK", month=NOV)


def test_a_process_resumes_the_stored_plan_and_keeps_so_many(tight, settings, monkeypatch):
    """No second solve: the model is built and set on the basis the balance stored."""
    monkeypatch.setattr(sessions.Session, "solve", lambda _self: pytest.fail("solved anew"))
    model = sessions.get_warm_model(tight.pk)
    assert model.trials.base.served.sum() == pytest.approx(400 + 17 * 300)
    assert sessions.get_warm_model(tight.pk) is model
    settings.WARM_MODELS = 0
    sessions.forget_models()
    sessions.get_warm_model(tight.pk)
    assert not sessions.is_warm(tight.pk)


def test_the_doors_speak_json_and_mask_money(tight, users):
    def post(role, path, body):
        client = APIClient()
        client.force_login(users[role])
        return client.post(f"/api/v1/plans/{tight.pk}/{path}/", body, format="json")

    body = {
        "settings": [{"kind": "order", "product": "B1", "org": "SOUTH-1", "due_date": "2026-11-20", "quantity": 80}]
    }
    seen = post("finance", "trials", body).json()
    assert (seen["orders"][0]["month"], seen["orders"][0]["served"]) == ("2026-11", 80)
    assert seen["losers"][0]["revenue"] < 0
    assert next(line["code"] for line in seen["money"]) == "revenue"
    hidden = post("sales", "trials", body).json()
    assert {line["after"] for line in hidden["money"]} == {None}
    assert hidden["losers"][0]["revenue"] is None
    assert post("sales", "trials", {"settings": []}).json()["code"] == "nothing_changed"
    assert post("sales", "trials", {"settings": [{"kind": "order", "month": "2026-11"}]}).status_code in (400, 422)
    kept = post("sales", "trials/keep", body)
    assert kept.status_code == 201
    assert kept.json()["url"] == f"/supply/?version={kept.json()['version']}"
    assert post("production", "trials/warm", {}).json()["ready"] is True
    client = APIClient()
    client.force_login(users["supply_lead"])
    worth = client.get(f"/api/v1/plans/{tight.pk}/worth/?what=hour&code=LINE&month=2026-11").json()
    assert (worth["value"], worth["holds_for"], worth["masked"]) == (45_00.0, 100.0, [])


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_cause_and_option_is_said_in_both_languages(language):
    with translation.override(language):
        for kind in CauseKind.values:
            said = say_cause(kind, "Line", NOV, is_confirmed=True, removed=100.0)
            assert "Line" in said
            assert "100" in said
            assert any("一" <= letter <= "鿿" for letter in said) == (language == "zh-hans")
        for kind in OptionKind.values:
            assert any("一" <= letter <= "鿿" for letter in say_option(kind, "")) == (language == "zh-hans")
        for setting in (
            order(5),
            {"kind": "demand", "product": "A1", "org": "NORTH-1", "month": NOV, "quantity": 5},
            {"kind": "supply", "material": "PACK", "month": NOV, "max_quantity": 5},
            {"kind": "capacity", "resource": "LINE", "month": NOV, "shifts": 2.5, "lost_hours": 8},
        ):
            said = say_settings([setting], Names())
            assert any("一" <= letter <= "鿿" for letter in said) == (language == "zh-hans")
