"""What is shared with suppliers: purchases of the latest release by month, what they answered, orders on their way.

Nothing of customers, products, prices or other suppliers is in it. Quantities are whole units of the material.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import get_scope
from core.errors import Missing, unknown
from core.formats import month_long
from cycles.choices import CycleState, Milestone, StepCode
from cycles.models import Cycle
from cycles.selectors import load_working_days, plan_dates
from cycles.transitions import is_before
from demand.selectors.flex import load_flex_shares
from masterdata.models import BomLine, Material, OpenPurchase, Policy, Site, Supplier
from masterdata.selectors import get_company
from plans.cubes import Cube
from plans.hierarchy import load_hierarchy
from plans.selectors import get_snapshot, load_snapshot_measure
from supply import measures as m
from supply.models import PurchasePromise, Release, SupplierAnswer
from supply.selectors.material_cover import DAYS_PER_MONTH
from supply.selectors.opening import load_open_purchases

GRACE_DAYS = 3  # working days to answer a release that comes after the next cut-off
NOTHING = Decimal(0)


@dataclass(frozen=True)
class AskedCell:
    """One material and month. ``before`` is what the release before asked; None: it said nothing of the month, or its
    order stands: inside the lead time a release asks for what comes beside the orders of the one before.

    ``outer`` is the most that may be called off at the outer flex band; None where there is none. ``sites`` are
    (code, quantity). A firm month is a call-off, the others are a forecast.
    """

    month: int
    asked: Decimal
    before: Decimal | None
    outer: Decimal | None
    is_firm: bool
    sites: tuple[tuple[str, Decimal], ...]
    answer: SupplierAnswer | None

    @property
    def change(self) -> Decimal | None:
        """Against the release before."""
        return None if self.before is None else self.asked - self.before

    @property
    def is_open(self) -> bool:
        """Whether an answer is missing."""
        return self.asked > 0 and self.answer is None

    @property
    def confirmed(self) -> Decimal:
        """What of the asked comes in the month by the answer; nothing while there is none."""
        return NOTHING if self.answer is None else min(self.asked, self.answer.in_time)

    @property
    def short(self) -> Decimal:
        """What of the asked does not come in the month by the answer."""
        return NOTHING if self.answer is None else self.answer.short


@dataclass(frozen=True)
class AskedRow:
    """A material in every month of the release."""

    material: Material
    cells: tuple[AskedCell, ...]

    @property
    def asked(self) -> list[AskedCell]:
        """The months in which something is asked for."""
        return [cell for cell in self.cells if cell.asked > 0]

    @property
    def has_band(self) -> bool:
        """Whether more than the plan may be called off."""
        return any(cell.outer is not None for cell in self.cells)

    @property
    def is_moved(self) -> bool:
        """Whether anything differs from the release before."""
        return any(cell.change for cell in self.cells)


@dataclass(frozen=True)
class PurchaseRow:
    """A purchase on its way, and the newest date its supplier gave for it, if any."""

    purchase: OpenPurchase
    promise: PurchasePromise | None


@dataclass(frozen=True)
class SupplierPlan:
    """What one or more suppliers are asked, with what they answered. ``closed`` says why no answer is taken any more.

    ``since`` is the release that ``AskedCell.before`` is of.
    """

    release: Release
    since: Release | None
    months: range
    due: dt.datetime
    closed: str
    rows: tuple[AskedRow, ...]
    purchases: tuple[PurchaseRow, ...]

    @property
    def is_open(self) -> bool:
        return not self.closed

    @property
    def is_overdue(self) -> bool:
        return timezone.now() > self.due

    @cached_property
    def cells(self) -> list[AskedCell]:
        """Every cell that is asked."""
        return [cell for row in self.rows for cell in row.asked]

    @property
    def open_count(self) -> int:
        return sum(cell.is_open for cell in self.cells)

    @property
    def short(self) -> Decimal:
        return sum((cell.short for cell in self.cells), NOTHING)

    def by_month(self, what: str) -> list[Decimal]:
        """Sum of an attribute of the cells, by month of the release."""
        sums = dict.fromkeys(self.months, NOTHING)
        for cell in self.cells:
            sums[cell.month] += getattr(cell, what)
        return list(sums.values())


def list_supplier_materials(user: User, supplier: str = "") -> QuerySet[Material]:
    """Materials of suppliers inside the user's scope, or of one of them. Raises ``Missing`` for one outside of it."""
    found = Material.objects.filter(supplier__isnull=False).select_related("supplier")
    allowed = get_scope(user).suppliers
    if supplier:
        known = Supplier.objects.filter(code=supplier).exists()
        if not known or (allowed is not None and supplier not in allowed):
            raise unknown("supplier", supplier)
        found = found.filter(supplier__code=supplier)
    return found if allowed is None else found.filter(supplier__code__in=allowed)


def find_supplier_plan(*, user: User, supplier: str = "") -> SupplierPlan | None:
    """What the latest release asks of the suppliers in the user's scope; None before the first release."""
    release = Release.objects.select_related("cycle").order_by("-number").first()
    materials = {row.pk: row for row in list_supplier_materials(user, supplier).order_by("supplier__code", "code")}
    return None if release is None else load_supplier_plan(release, materials)


def get_supplier_plan(*, user: User, supplier: str = "") -> SupplierPlan:
    """As ``find_supplier_plan``. Raises ``Missing`` before the first release."""
    plan = find_supplier_plan(user=user, supplier=supplier)
    if plan is None:
        raise Missing(_("Nothing is shared yet: no plan has been released."), code="nothing_shared")
    return plan


def load_supplier_plan(release: Release, materials: Mapping[int, Material]) -> SupplierPlan:
    """What a release asks of the given materials, in their order."""
    months = range(release.cycle.month, release.cycle.month + release.cycle.horizon)
    since = Release.objects.select_related("cycle").filter(number__lt=release.number).order_by("-number").first()
    asked, sites = load_asked(release, materials)
    before = load_asked(since, materials)[0] if since is not None else {}
    covered = range(since.cycle.month, since.cycle.month + since.cycle.horizon) if since is not None else range(0)
    outer, firm = _outer(release, months, materials), _firm_until(release, materials)
    answers = list_latest_answers(release, materials)
    rows = [
        AskedRow(
            material,
            tuple(
                AskedCell(
                    month=month,
                    asked=asked.get((pk, month), NOTHING),
                    before=before.get((pk, month), NOTHING) if _may_change(release, material, month, covered) else None,
                    outer=_most(asked.get((pk, month), NOTHING), outer.get((pk, month))),
                    is_firm=month <= firm[pk],
                    sites=tuple(sorted(sites.get((pk, month), {}).items())),
                    answer=answers.get((pk, month)),
                )
                for month in months
            ),
        )
        for pk, material in materials.items()
    ]
    return SupplierPlan(
        release=release,
        since=since,
        months=months,
        due=get_due(release),
        closed=why_closed(release),
        rows=tuple(row for row in rows if row.asked or row.is_moved),
        purchases=_purchases(release, materials),
    )


Cells = dict[tuple[int, int], Decimal]  # (material id, month) → units


def load_asked(release: Release, materials: Iterable[int]) -> tuple[Cells, dict[tuple[int, int], dict[str, Decimal]]]:
    """What a release buys of material ids by month, in all and by site code."""
    cube = _frozen(release, m.PURCHASE)
    wanted, names = set(materials), dict(Site.objects.values_list("pk", "code"))
    sums: Cells = defaultdict(Decimal)
    sites: dict[tuple[int, int], dict[str, Decimal]] = defaultdict(dict)
    if cube is None:
        return sums, sites
    for row, column in np.argwhere(cube.values > 0).tolist():
        material, site = cube.axis.keys[row].tolist()
        if material in wanted:
            key, units = (material, cube.first_month + column), Decimal(int(cube.values[row, column]))
            sums[key] += units.scaleb(-cube.scale)
            sites[key][names.get(site, "")] = units.scaleb(-cube.scale)
    return sums, sites


def list_latest_answers(release: Release, materials: Iterable[int]) -> dict[tuple[int, int], SupplierAnswer]:
    """(material id, month) → the newest answer."""
    rows = SupplierAnswer.objects.filter(release=release, material__in=list(materials)).order_by("pk")
    rows = rows.select_related("author", "acceptance", "material__supplier", "release__cycle")
    return {(row.material_id, row.month): row for row in rows}


def get_due(release: Release) -> dt.datetime:
    """When answers are due: the input cut-off of the cycle after the release's.

    A release that comes after it leaves some working days.
    """
    month = release.cycle.month + 1
    following = Cycle.objects.filter(month=month).exclude(state=CycleState.CANCELLED).first()
    step = following.steps.filter(code=StepCode.DEMAND_REVIEW).first() if following else None
    due = step.cutoff_at if step is not None and step.cutoff_at else plan_dates(month)[Milestone.INPUT_CUTOFF]
    if due > release.published_at:
        return due
    published = timezone.localtime(release.published_at)
    day = load_working_days().add(published.date(), GRACE_DAYS)
    return timezone.localtime(due).replace(year=day.year, month=day.month, day=day.day)


def why_closed(release: Release) -> str:
    """Why a release's answers are closed; empty while they are open."""
    following = Cycle.objects.filter(month=release.cycle.month + 1).exclude(state=CycleState.CANCELLED).first()
    if Release.objects.filter(number__gt=release.number).exists():
        return _("A newer plan has been released: answer that one.")
    if following is not None and not is_before(following.state, CycleState.PRE_SOP):
        return _("The supply review of %(month)s is signed. Answers are taken again with the next release.") % {
            "month": month_long(following.month)
        }
    return ""


def _frozen(release: Release, measure: str) -> Cube | None:
    """A measure of the released plan as it was approved; None where the plan has none."""
    try:
        return load_snapshot_measure(code=release.snapshot_code, measure=measure)
    except Missing:
        return None


def _outer(release: Release, months: range, materials: Mapping[int, Material]) -> dict[tuple[int, int], float]:
    """(material id, month) → units beyond the plan at the outer flex band of its products; core materials only."""
    core = [pk for pk, row in materials.items() if row.core]
    made = _frozen(release, m.PRODUCTION)
    more: dict[tuple[int, int], float] = defaultdict(float)
    if made is None or not core or not len(made.axis):
        return more
    products = np.unique(made.axis.keys[:, 0])
    shares = load_flex_shares(
        version_id=get_snapshot(release.snapshot_code).version_id,
        hierarchy=load_hierarchy(),
        products=products,
        months=months,
    ).material
    units = np.zeros((len(products), len(months)))
    window = made.window(months.start, len(months))
    np.add.at(units, np.searchsorted(products, window.axis.keys[:, 0]), window.to_float())
    place = {product: row for row, product in enumerate(products.tolist())}
    lines = BomLine.objects.filter(material__in=core, product__in=place)
    for product, material, quantity, rate in lines.values_list("product", "material", "quantity_per", "take_rate"):
        use = units[place[product]] * shares[place[product]] / 100 * quantity * rate
        for column, amount in enumerate(use.tolist()):
            more[material, months[column]] += amount
    return more


def _may_change(release: Release, material: Material, month: int, covered: range) -> bool:
    return month in covered and month - release.cycle.month >= lead_months(material)


def _most(asked: Decimal, more: float | None) -> Decimal | None:
    return asked + round(Decimal(more), get_company().quantity_decimals) if more and asked > 0 else None


def _firm_until(release: Release, materials: Mapping[int, Material]) -> dict[int, int]:
    """Material id → the last month that the next plan can no longer change: frozen production, or inside the lead time.

    Products without a policy of their own are frozen for the usual month.
    """
    usual = Policy().frozen_months
    frozen = dict(Policy.objects.filter(site=None).values_list("product_id", "frozen_months"))
    longest: dict[int, int] = defaultdict(int)
    for product, material in BomLine.objects.filter(material__in=materials).values_list("product_id", "material_id"):
        if material is not None:
            longest[material] = max(longest[material], frozen.get(product, usual))
    return {pk: release.cycle.month + max(longest[pk], lead_months(row)) for pk, row in materials.items()}


def lead_months(material: Material) -> int:
    """Whole months of lead time, as the balance counts them."""
    return int(material.lead_time_days / DAYS_PER_MONTH + 0.5)


def _purchases(release: Release, materials: Mapping[int, Material]) -> tuple[PurchaseRow, ...]:
    coming = load_open_purchases(release.cycle.month)
    told = {row.revision: row for row in PurchasePromise.objects.filter(material__in=materials)}
    rows = []
    for row in coming.rows:
        if row.material_id in materials:
            row.material = materials[row.material_id]
            rows.append(PurchaseRow(row, told.get(row.revision)))
    return tuple(rows)


def list_answers(user: User, *, supplier: str = "") -> QuerySet[SupplierAnswer]:
    """Every answer inside the user's scope, newest first."""
    materials = list_supplier_materials(user, supplier).values("pk")
    rows = SupplierAnswer.objects.filter(material__in=materials)
    return rows.select_related("author", "acceptance", "material__supplier", "release__cycle")


def list_promises(user: User, *, supplier: str = "") -> QuerySet[PurchasePromise]:
    """Every new date of a purchase inside the user's scope, newest first."""
    materials = list_supplier_materials(user, supplier).values("pk")
    return PurchasePromise.objects.filter(material__in=materials).select_related("author", "material__supplier")
