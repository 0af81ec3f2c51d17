"""What production and purchasing know before a review: maintenance, supplier limits, lead times, arrivals."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import InvalidInput, Missing, unknown
from core.months import first_day, last_day, month_of
from masterdata.models import (
    CalendarMonth,
    CapacityChange,
    Material,
    MaterialSupply,
    OpenPurchase,
    Resource,
)
from masterdata.selectors import get_company
from masterdata.services.importing import take_lock, take_revision

LONGEST_DAYS = 400
_LEAD_TIME = ("lead_time_days", "revision", "updated_at")


@dataclass(frozen=True)
class Maintenance:
    """A resource stands still from the first to the last day, both included."""

    resource: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class LostHours:
    """Hours a resource has fewer in a month than its other rows of ``capacity`` leave; negative gives some back."""

    resource: str
    month: int
    hours: float


@dataclass(frozen=True)
class SupplyTerm:
    """What purchasing knows of a material; what is ``None`` stays as it is.

    ``limit`` is what the supplier delivers in ``month``; ``arrival`` a purchase of ``quantity`` on its way: the open
    one with the id ``purchase``, which then comes that day with that quantity, else a new one.
    """

    material: str
    lead_time_days: int | None = None
    month: int | None = None
    limit: Decimal | None = None
    arrival: dt.date | None = None
    quantity: Decimal | None = None
    purchase: int | None = None


def record_maintenance(*, rows: Sequence[Maintenance], reason: str, actor: User) -> dict[tuple[str, int], float]:
    """Hours lost by resource and month, as rows of ``capacity`` under one reason; written again they replace.

    A day off costs a working day of the resource's shifts. Audit ``masterdata.capacity.recorded``. Raises ``Denied``,
    ``Missing`` for an unknown resource, ``InvalidInput`` for dates without sense.
    """
    require(actor, "capacity.edit")
    lost: dict[tuple[str, int], float] = defaultdict(float)
    machines = {row.code: row for row in Resource.objects.filter(code__in=[row.resource for row in rows])}
    days = dict(CalendarMonth.objects.values_list("month", "working_days"))
    for row in rows:
        if row.resource not in machines:
            raise unknown("resource", row.resource)
        if not row.first <= row.last or (row.last - row.first).days > LONGEST_DAYS:
            raise InvalidInput(_("Maintenance ends after it begins, at most a year later."), code="invalid_dates")
        machine = machines[row.resource]
        a_day = machine.shifts_per_day * machine.hours_per_shift * machine.efficiency
        for month, share in _days_by_month(row.first, row.last, days):
            lost[row.resource, month] += round(share * a_day, 2)
    with write_transaction():
        revision = _next_revision()
        for (code, month), hours in lost.items():
            CapacityChange.objects.update_or_create(
                resource=machines[code],
                month=month,
                reason=reason,
                defaults={"lost_hours": hours, "revision": revision},
            )
        detail = {
            "lost_hours": [[code, month, hours] for (code, month), hours in sorted(lost.items())],
            "reason": reason,
        }
        _audit("masterdata.capacity.recorded", revision, actor, detail)
    return dict(lost)


def record_lost_hours(*, rows: Sequence[LostHours], reason: str, actor: User) -> None:
    """Hours lost as rows of ``capacity`` under one reason; stated again they replace, none lost removes the row.

    Audit ``masterdata.capacity.recorded``. Raises ``Denied``, ``Missing`` for an unknown resource.
    """
    require(actor, "capacity.edit")
    machines = {row.code: row for row in Resource.objects.filter(code__in=[row.resource for row in rows])}
    for row in rows:
        if row.resource not in machines:
            raise unknown("resource", row.resource)
    with write_transaction():
        revision = _next_revision()
        for row in rows:
            place: dict[str, Any] = {"resource": machines[row.resource], "month": row.month, "reason": reason}
            if row.hours:
                CapacityChange.objects.update_or_create(
                    **place, defaults={"lost_hours": row.hours, "revision": revision}
                )
            else:
                CapacityChange.objects.filter(**place).delete()
        detail = {"lost_hours": [[row.resource, row.month, row.hours] for row in rows], "reason": reason}
        _audit("masterdata.capacity.recorded", revision, actor, detail)


def record_supply_terms(*, rows: Sequence[SupplyTerm], reference: str, actor: User) -> None:
    """Lead times, limits and arrivals of materials; new arrivals of one ``reference`` replace its earlier ones.

    What is known already changes nothing. Audit ``masterdata.supply_terms.recorded``. Raises ``Denied``, ``Missing``
    for an unknown material, one of another supplier than the actor's, or a purchase that is no longer open.
    """
    require(actor, "material.edit")
    materials = {
        row.code: row for row in Material.objects.select_related("supplier").filter(code__in=[r.material for r in rows])
    }
    for row in rows:
        if row.material not in materials:
            raise unknown("material", row.material)
        supplier = materials[row.material].supplier
        if supplier is not None:
            require(actor, "material.edit", supplier=supplier.code)
    with write_transaction():
        company = get_company()
        take_lock(company)
        known = _Known.load(materials.values(), reference)
        changes = [change for row in rows for change in known.changes(row, materials[row.material])]
        replaced = [pk for pk in known.own if pk not in known.kept]
        if not changes and not replaced:
            return
        revision = take_revision(company)
        OpenPurchase.objects.filter(pk__in=replaced).delete()
        for changed in changes:
            before, changed.revision = changed.revision, revision
            changed.save(update_fields=_LEAD_TIME if isinstance(changed, Material) else None)
            if isinstance(changed, OpenPurchase):
                expected = known.expected.get(changed.pk)
                changed.typed.create(revision=revision, revision_before=before, month_before=expected)
        detail = {"materials": [row.material for row in rows], "reference": reference}
        _audit("masterdata.supply_terms.recorded", revision, actor, detail)


@dataclass
class _Known:
    """What is known of some materials. ``own`` purchases bear the reference; ``kept`` collects those said again.

    ``expected`` has the months purchases come in before anything is changed.
    """

    reference: str
    limits: dict[tuple[int, int], MaterialSupply]
    purchases: dict[int, OpenPurchase]
    expected: dict[int, int]
    own: list[int]
    kept: set[int] = field(default_factory=set)

    @classmethod
    def load(cls, materials: Collection[Material], reference: str) -> _Known:
        limits = MaterialSupply.objects.filter(material__in=materials)
        purchases = OpenPurchase.objects.filter(material__in=materials).in_bulk()
        own = [pk for pk, row in purchases.items() if row.order == reference]
        expected = {pk: row.arrival_month for pk, row in purchases.items()}
        return cls(reference, {(row.material_id, row.month): row for row in limits}, purchases, expected, own)

    def changes(self, row: SupplyTerm, material: Material) -> Iterator[Material | MaterialSupply | OpenPurchase]:
        """The rows in which a term differs from what is known, changed and not saved."""
        if row.lead_time_days is not None and row.lead_time_days != material.lead_time_days:
            material.lead_time_days = row.lead_time_days
            yield material
        if row.limit is not None and row.month is not None:
            stated = MaterialSupply(material=material, month=row.month)
            limit = self.limits.setdefault((material.pk, row.month), stated)
            if limit.max_quantity != row.limit:
                limit.max_quantity = row.limit
                yield limit
        if row.arrival is not None and row.quantity:
            coming = self._find(row, material)
            if (_day(coming), coming.quantity) != (row.arrival, row.quantity):
                coming.arrival_month, coming.promised_date = month_of(row.arrival), row.arrival
                coming.quantity = row.quantity
                yield coming

    def _find(self, row: SupplyTerm, material: Material) -> OpenPurchase:
        """The purchase a term speaks of: the named one, the same one said before, else a new one."""
        if row.purchase is None:
            same = (material.pk, row.arrival, row.quantity)
            before = (pk for pk in self.own if pk not in self.kept and self._says(pk) == same)
            purchase = next(before, None)
        else:
            purchase = row.purchase
            if purchase not in self.purchases or self.purchases[purchase].material_id != material.pk:
                text = _("A purchase of %(material)s is no longer open; open the page again.")
                raise Missing(text % {"material": row.material})
        if purchase is None:
            return OpenPurchase(order=self.reference, material=material)
        self.kept.add(purchase)
        return self.purchases[purchase]

    def _says(self, purchase: int) -> tuple[int, dt.date | None, Decimal]:
        row = self.purchases[purchase]
        return row.material_id, _day(row), row.quantity


def _day(purchase: OpenPurchase) -> dt.date | None:
    """When a purchase comes; without a promise at the start of its month."""
    if purchase.pk is None:
        return None
    return purchase.promised_date or first_day(purchase.arrival_month)


def _days_by_month(first: dt.date, last: dt.date, days: dict[int, float]) -> Iterable[tuple[int, float]]:
    """(month, working days lost): weekdays of the span, in the proportion the calendar's working days have to them."""
    for month in range(month_of(first), month_of(last) + 1):
        begin, end = max(first, first_day(month)), min(last, last_day(month))
        lost, whole = _weekdays(begin, end), _weekdays(first_day(month), last_day(month))
        yield month, lost * float(days.get(month, whole)) / whole


def _weekdays(first: dt.date, last: dt.date) -> int:
    return sum((first + dt.timedelta(days=n)).weekday() < 5 for n in range((last - first).days + 1))


def _next_revision() -> int:
    company = get_company()
    take_lock(company)
    return take_revision(company)


def _audit(verb: str, revision: int, actor: User, detail: dict) -> None:
    audit.record(chain=audit.SYSTEM, actor=actor, verb=verb, obj=("masterdata.revision", str(revision)), detail=detail)
