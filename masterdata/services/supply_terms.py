"""What production and purchasing know before a review: maintenance, supplier limits, lead times, arrivals."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import InvalidInput, unknown
from core.months import first_day, last_day, month_of
from masterdata.models import CalendarMonth, CapacityChange, Material, MaterialSupply, OpenPurchase, Resource
from masterdata.selectors import get_company
from masterdata.services.importing import take_lock, take_revision

LONGEST_DAYS = 400


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

    ``limit`` is what the supplier delivers in ``month``; ``arrival`` a purchase of ``quantity`` on its way.
    """

    material: str
    lead_time_days: int | None = None
    month: int | None = None
    limit: Decimal | None = None
    arrival: dt.date | None = None
    quantity: Decimal | None = None


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
    """Lead times, supplier limits and arrivals of materials; arrivals under one ``reference`` replace its earlier ones.

    Audit ``masterdata.supply_terms.recorded``. Raises ``Denied``, ``Missing`` for an unknown material or one of another
    supplier than the actor's.
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
        revision = _next_revision()
        OpenPurchase.objects.filter(order=reference, material__in=materials.values()).delete()
        for row in rows:
            _write_term(row, materials[row.material], reference, revision)
        detail = {"materials": [row.material for row in rows], "reference": reference}
        _audit("masterdata.supply_terms.recorded", revision, actor, detail)


def _write_term(row: SupplyTerm, material: Material, reference: str, revision: int) -> None:
    if row.lead_time_days is not None:
        material.lead_time_days, material.revision = row.lead_time_days, revision
        material.save(update_fields=["lead_time_days", "revision", "updated_at"])
    if row.limit is not None and row.month is not None:
        MaterialSupply.objects.update_or_create(
            material=material, month=row.month, defaults={"max_quantity": row.limit, "revision": revision}
        )
    if row.arrival is not None and row.quantity:
        OpenPurchase.objects.create(
            order=reference,
            material=material,
            arrival_month=month_of(row.arrival),
            promised_date=row.arrival,
            quantity=row.quantity,
            revision=revision,
        )


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
