"""A released plan of November that two suppliers are asked for, on the company solved by hand."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from cycles.models import Cycle
from masterdata.models import BomLine, Material, Policy, Supplier
from plans.models import Version
from plans.services import create_working_version, freeze_version
from supply.models import Release
from supply.services.balance import run_balance
from supply.services.releases import publish_release
from supply.services.sessions import forget_models
from tests.factories import SmallCompany, make_cycle, make_user
from tests.supply.world import NOV, ask

DEC, JAN = NOV + 1, NOV + 2
A_MONTH = 100  # of A1, one pack and two seats each


@dataclass(frozen=True)
class Shared:
    """Release 1: 100 packs of S1 and 200 seats of S2 in every month."""

    company: SmallCompany
    users: dict[str, User]
    version: Version
    packs: User
    seats: User

    @property
    def release(self) -> Release:
        return Release.objects.latest("number")


def two_suppliers(company: SmallCompany) -> None:
    """Only A1 is asked for; nothing is frozen or core, so the plan buys in each month what it makes."""
    Material.objects.update(core=False)
    other = Supplier.objects.create(code="S2", name="Supplier 2")
    seat = Material.objects.create(code="SEAT", name="Seat", name_zh="座椅", supplier=other, unit_cost=5)
    BomLine.objects.create(product=company.products["A1"], material=seat, quantity_per=2)
    Policy.objects.create(product=company.products["A1"], frozen_months=0, slushy_months=0, safety_stock_days=0)


def release_plan(cycle: Cycle, users: dict[str, User], demand: list[int]) -> Version:
    """Balance, approve and publish a cycle's plan of A1."""
    forget_models()
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): demand}, first_month=cycle.month)
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    freeze_version(version_id=version.pk, kind="A", actor=users["executive"])
    publish_release(cycle, users["supply_lead"])
    return version


def share(company: SmallCompany, cycle: Cycle, users: dict[str, User]) -> Shared:
    """November's release with a user of each supplier."""
    two_suppliers(company)
    version = release_plan(cycle, users, [A_MONTH] * 18)
    packs = make_user("supplier", username="packs", suppliers=("S1",))
    seats = make_user("supplier", username="seats", suppliers=("S2",))
    return Shared(company, users, version, packs, seats)


def next_plan(shared: Shared, month: str = "2026-12") -> Version:
    """The next cycle's plan with the same demand, balanced."""
    cycle = make_cycle(month)
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [A_MONTH] * 18}, first_month=cycle.month)
    run_balance(version_id=version.pk, actor=shared.users["supply_lead"])
    return version
