"""Plays the demo company's months: two closed cycles and one in the demand review."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from accounts.choices import Department, Role
from accounts.models import User
from core.months import first_day, month_of
from cycles import services as cycles
from cycles.choices import StepCode
from cycles.models import Cycle
from cycles.selectors import get_step
from demand.services import plan_launch
from masterdata.models import Company, Product
from masterdata.services import import_folder
from meetings import services as meetings
from sop.demo.by_hand import change_by_hand
from sop.demo.catalogue import CURRENCY, NAME, NAME_ZH
from sop.demo.demand_work import talk_about_demand
from sop.demo.first_look import promise_actions, take_a_first_look
from sop.demo.hand_over import hand_over
from sop.demo.look_back import explain_deviations, write_assumptions
from sop.demo.market import build_market
from sop.demo.people import ensure_people
from sop.demo.sheets import write_company
from sop.demo.suppliers import answer_release
from sop.demo.view import CLOSED_CYCLES
from sop.demo.words import say
from sop.monthly import MonthlyRun
from supply.services.inventory import explain_deviation, save_disposition
from supply.services.investments import save_investment

SEED = 20261121
_DAYS_AHEAD = 25  # from the 6th on the demo shows next month's cycle, whose demand review is still to come


def current_month(today: dt.date) -> int:
    """The month whose cycle is in its demand review on ``today``."""
    return month_of(today + dt.timedelta(days=_DAYS_AHEAD))


def load_demo(*, today: dt.date, announce: Callable[[str], None] = lambda _text: None) -> Cycle:
    """Create the company and play its cycles; the current one. The database must hold no company."""
    latest = current_month(today)
    market = build_market(cycle_month=latest, seed=SEED)
    Company.objects.update_or_create(
        pk=1,
        defaults={
            "name": NAME,
            "name_zh": NAME_ZH,
            "currency": CURRENCY,
            "currency_decimals": 2,
            "quantity_decimals": 0,
        },
    )
    people: dict[str, User] = {}
    released: Cycle | None = None
    for month in range(latest - CLOSED_CYCLES, latest + 1):
        with tempfile.TemporaryDirectory(prefix="sop-demo-") as folder:
            left = None if released is None else hand_over(released)
            write_company(Path(folder), market=market, cycle_month=month, latest_month=latest, seed=SEED, left=left)
            import_folder(path=Path(folder), actor=None)
        people = people or ensure_people(with_password=True)
        _plan_the_launch(people)
        run = MonthlyRun(month=month, people=people, takes_options=month < latest - 1, announce=announce)
        cycle = run.start() if released is None else run.roll(released)
        run.forecast()
        run.open_demand_review()
        if month == latest - 1:
            promise_actions(cycle, people, today=today)
            _name_risks(cycle, people)
            write_assumptions(cycle, people)
        if month < latest:
            change_by_hand(run, people, market, before=latest - month)
            _play_to_the_end(run, people)
            released = cycle
    _work_on_the_demand_review(cycle, people)
    talk_about_demand(cycle, people)
    explain_deviations(cycle, people)
    answer_release(people)
    take_a_first_look(run, people)
    _look_back_and_ahead(cycle, people)
    return cycle


def _plan_the_launch(people: dict[str, User]) -> None:
    """M8 will start as the two youngest configurations did, at half as much again."""
    plan_launch(
        product=Product.objects.get(code="M8"),
        analogues=["E7-AWD", "S6-SPORT"],
        scale=1.5,
        actor=people[Role.MARKETING],
        note=say("Same buyers as E7 AWD, launched in the same stores"),
    )


def _play_to_the_end(run: MonthlyRun, people: dict[str, User]) -> None:
    run.hand_in()
    run.sign_demand()
    run.balance()
    run.sign_supply()
    run.value()
    run.sign_pre_sop()
    run.decide()
    run.apply_decisions()
    run.approve()
    run.release()


def _work_on_the_demand_review(cycle: Cycle, people: dict[str, User]) -> None:
    """The current month is half done: some material is in, assumptions stand, a risk is named."""
    step = get_step(cycle, StepCode.DEMAND_REVIEW)
    cycles.submit_material(
        step=step,
        department=Department.PRODUCTION,
        content={
            "maximum": say("S6 Sport line: 1,200 cars a month at two shifts"),
            "maintenance": say("Chongqing line 3: second half of next month"),
            "available": say("900 cars next month"),
            "progress": say("97 % of this month's plan built"),
        },
        actor=people[Role.PRODUCTION],
    )
    cycles.submit_material(
        step=step,
        department=Department.SUPPLY,
        content={
            "materials": say("B75 packs: CellNova limits to 3,200 a month from next month on"),
            "stock": say("B75: 18 days, motor controllers: 31 days"),
            "arrivals": say("B75: 11th and 25th"),
            "risk": say("E7 Long Range and AWD in the first quarter"),
        },
        actor=people[Role.PURCHASING],
        draft=True,
    )


def _name_risks(cycle: Cycle, people: dict[str, User]) -> None:
    """What the plan does not hold; open risks move on into the next month by themselves."""
    for kind, title, probability, money in (
        ("risk", "A rival cuts the price of E7-class cars by ¥8,000", 40, -4_900_000_000),
        ("risk", "CellNova misses 3,200 packs again", 25, -3_100_000_000),
        ("opportunity", "City schemes replace the subsidy", 30, 3_800_000_000),
    ):
        meetings.add_risk(
            cycle=cycle,
            kind=kind,
            title=say(title),
            probability_percent=probability,
            money=money,
            owner=people[Role.MARKETING],
            actor=people[Role.DEMAND_LEAD],
        )


def _look_back_and_ahead(cycle: Cycle, people: dict[str, User]) -> None:
    """Causes of last month's deviations, what happens to the dead parts, what could relieve the far months."""
    production, purchasing = people[Role.PRODUCTION], people[Role.PURCHASING]
    closed = cycle.month - 1
    for area, product, cause, note, actor in (
        ("produced", "E7-LR", "breakdown", "Paint robot stood for two days", production),
        ("produced", "E7-STD", "breakdown", "Paint robot stood for two days", production),
        ("received", "E7-AWD", "material", "B75 packs came four days late", purchasing),
    ):
        explain_deviation(month=closed, area=area, product=product, cause=cause, note=say(note), actor=actor)
    save_disposition(
        item="HARNESS",
        site="WUHAN",
        kind="return",
        owner="purchasing",
        due=first_day(cycle.month) - dt.timedelta(days=5),
        note=say("PowerLink takes back half at 60 %"),
        actor=purchasing,
    )
    for values in (
        {"resource": "HFP", "name": say("Second paint line"), "kind": "line", "hours_per_month": 180.0, "invest": Decimal(380_000_000),
         "fixed_cost": Decimal(4_200_000), "lead_time_months": 14, "note": say("in the hall of the old press shop")},
        {"resource": "ENG", "name": say("Second validation bench"), "kind": "equipment", "hours_per_month": 130.0,
         "invest": Decimal(26_000_000), "fixed_cost": Decimal(600_000), "lead_time_months": 6},
        {"resource": "HFL", "name": say("Third assembly crew"), "kind": "people", "hours_per_month": 160.0,
         "invest": Decimal(3_500_000), "fixed_cost": Decimal(3_100_000), "lead_time_months": 3},
    ):  # fmt: skip
        save_investment(values=values, actor=production)
