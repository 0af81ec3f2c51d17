"""Small real things for tests: people, a company, a cycle. Plain functions, one row or one family each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.choices import AttendeeLevel, Department, Role, ScopeAxis
from accounts.models import User, UserScope
from core.months import parse_month
from cycles.choices import CycleState, StepState
from cycles.models import Cycle
from cycles.services import start_cycle
from cycles.transitions import STATE_OF_STEP, is_before
from masterdata.choices import ResourceKind
from masterdata.models import (
    BomLine,
    CalendarMonth,
    Company,
    Cost,
    Material,
    Org,
    Price,
    Product,
    Resource,
    Routing,
    Site,
    Supplier,
)

# role → department and level of its usual holder
_SEATS: dict[Role, tuple[Department, AttendeeLevel]] = {
    Role.SALES: (Department.SALES, AttendeeLevel.MANAGER),
    Role.MARKETING: (Department.MARKETING, AttendeeLevel.MANAGER),
    Role.DEMAND_LEAD: (Department.SUPPLY, AttendeeLevel.MANAGER),
    Role.PRODUCTION: (Department.PRODUCTION, AttendeeLevel.HEAD),
    Role.PURCHASING: (Department.SUPPLY, AttendeeLevel.MANAGER),
    Role.SUPPLY_LEAD: (Department.SUPPLY, AttendeeLevel.HEAD),
    Role.FINANCE: (Department.FINANCE, AttendeeLevel.HEAD),
    Role.QUALITY: (Department.QUALITY, AttendeeLevel.MANAGER),
    Role.COORDINATOR: (Department.SUPPLY, AttendeeLevel.MANAGER),
    Role.EXECUTIVE: (Department.MANAGEMENT, AttendeeLevel.EXECUTIVE),
    Role.SUPPLIER: (Department.EXTERNAL, AttendeeLevel.MANAGER),
    Role.ADMIN: (Department.IT, AttendeeLevel.CLERK),
    Role.API_CLIENT: (Department.IT, AttendeeLevel.CLERK),
}


def make_user(
    role: str = "sales",
    *,
    username: str | None = None,
    products: tuple[str, ...] = (),
    orgs: tuple[str, ...] = (),
    suppliers: tuple[str, ...] = (),
    **fields: Any,
) -> User:
    """A user in the usual department and level of the role; scopes by code."""
    department, level = _SEATS[Role(role)]
    user = User(
        username=username or role,
        role=role,
        **{"department": department, "level": level, "is_service": role == Role.API_CLIENT, **fields},
    )
    user.set_unusable_password()
    user.save()
    codes = {ScopeAxis.PRODUCT: products, ScopeAxis.ORG: orgs, ScopeAxis.SUPPLIER: suppliers}
    UserScope.objects.bulk_create(
        UserScope(user=user, axis=axis, code=code) for axis, found in codes.items() for code in found
    )
    return user


@dataclass(frozen=True)
class SmallCompany:
    """Two families of two models, two regions of two dealers, one plant with one line, one core material."""

    company: Company
    products: dict[str, Product]
    orgs: dict[str, Org]
    site: Site
    line: Resource
    material: Material

    @property
    def leaf_products(self) -> list[Product]:
        return [product for product in self.products.values() if product.level == "model"]

    @property
    def leaf_orgs(self) -> list[Org]:
        return [org for org in self.orgs.values() if org.level == "dealer"]


def make_company(month: int = parse_month("2026-11")) -> SmallCompany:
    """A company small enough to solve by hand: price 100, material 40, labour 10, one hour a unit, 800 h a month."""
    company = Company.objects.create(name="Small Cars", currency="CNY")
    products, orgs = {}, {}
    for family in ("A", "B"):
        products[family] = Product.objects.create(code=family, name=f"Family {family}", level="family")
        for number in (1, 2):
            code = f"{family}{number}"
            products[code] = Product.objects.create(
                code=code, name=f"Model {code}", level="model", parent=products[family]
            )
    for region in ("NORTH", "SOUTH"):
        orgs[region] = Org.objects.create(code=region, name=region.title(), level="region")
        for number in (1, 2):
            code = f"{region}-{number}"
            orgs[code] = Org.objects.create(code=code, name=f"Dealer {code}", level="dealer", parent=orgs[region])
    site = Site.objects.create(code="PLANT", name="Plant")
    line = Resource.objects.create(
        code="LINE", name="Line", site=site, kind=ResourceKind.LINE, shifts_per_day=2, hours_per_shift=8
    )
    supplier = Supplier.objects.create(code="S1", name="Supplier 1")
    material = Material.objects.create(
        code="PACK", name="Battery pack", supplier=supplier, unit_cost=40, lead_time_days=10, core=True
    )
    for product in products.values():
        if product.level == "model":
            Routing.objects.create(product=product, site=site, resource=line, hours_per_unit=1)
            BomLine.objects.create(product=product, material=material, quantity_per=1)
            Price.objects.create(product=product, from_month=month - 24, price=100)
            Cost.objects.create(
                product=product, from_month=month - 24, material_cost=40, labour_cost=10, overhead_cost=5
            )
    CalendarMonth.objects.bulk_create(CalendarMonth(month=month + n, working_days=25) for n in range(-24, 24))
    return SmallCompany(company, products, orgs, site, line, material)


def make_cycle(month: str = "2026-11", *, state: str = CycleState.COLLECTING, horizon: int = 18) -> Cycle:
    """A cycle with steps, dates and owners; makes the owners that do not exist.

    States after ``collecting`` are set by hand, past their gates and without their effects: for tests of other
    rooms that only need a cycle to stand somewhere.
    """
    for role in (Role.COORDINATOR, Role.DEMAND_LEAD, Role.SUPPLY_LEAD, Role.EXECUTIVE):
        if not User.objects.filter(role=role).exists():
            make_user(role)
    coordinator = User.objects.get(role=Role.COORDINATOR)
    cycle = start_cycle(month=parse_month(month), actor=coordinator, horizon=horizon)
    if state != CycleState.COLLECTING:
        _place(cycle, CycleState(state))
    return cycle


def _place(cycle: Cycle, state: CycleState) -> None:
    for step in cycle.steps.all():
        at = STATE_OF_STEP[step.code]
        if is_before(at, state):
            step.state, step.signed_at = StepState.SIGNED_OFF, timezone.now()
        elif at == state:
            step.state = StepState.OPEN
        else:
            step.state = StepState.NOT_STARTED
        step.save()
    cycle.state = state
    if not is_before(state, CycleState.EXECUTIVE):
        cycle.submitted_for_approval_by = User.objects.get(role=Role.COORDINATOR)
    if not is_before(state, CycleState.APPROVED):
        cycle.approved_by, cycle.approved_at = User.objects.get(role=Role.EXECUTIVE), timezone.now()
    cycle.save()
