"""How suppliers stand: what they were asked, what they answered and how fast, what is short, what comes late."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.db.models import Min, Sum

from accounts.models import User
from masterdata.models import ActualRecord, Supplier
from supply.choices import AnswerKind
from supply.models import Release, SupplierAnswer
from supply.selectors.supplier_plan import AskedCell, AskedRow, SupplierPlan, get_due, list_promises

RECORDED_RELEASES = 6


@dataclass(frozen=True)
class SupplierStanding:
    """One supplier: months asked and answered, units short of what is asked, answers that wait to be accepted.

    ``late_purchases`` came or come later than first promised, ``late_days`` the longest of them. ``punctual`` is the
    share of answers to the last releases that were first given by the due date; None without any.
    """

    supplier: Supplier
    rows: tuple[AskedRow, ...]
    asked: int
    answered: int
    short: Decimal
    worst: AskedCell | None
    waiting: int
    late_purchases: int
    late_days: int
    punctual: float | None

    @property
    def open(self) -> int:
        return self.asked - self.answered


@dataclass(frozen=True)
class Receipts:
    """Purchase receipts of a closed month: due, and in time."""

    month: int
    due: int
    on_time: int

    @property
    def share(self) -> float:
        return self.on_time / self.due


def list_standings(plan: SupplierPlan, user: User) -> list[SupplierStanding]:
    """Suppliers of a shared plan: most short first, then most unanswered."""
    late = _late_purchases(user)
    punctual = _punctuality()
    found = []
    for _supplier, group in groupby(plan.rows, key=lambda row: row.material.supplier_id):
        rows = tuple(group)
        cells = [cell for row in rows for cell in row.asked]
        supplier = rows[0].material.supplier
        assert supplier is not None  # only materials with a supplier are shared
        count, days = late.get(supplier.pk, (0, 0))
        short = [cell for cell in cells if cell.short > 0]
        found.append(
            SupplierStanding(
                supplier=supplier,
                rows=rows,
                asked=len(cells),
                answered=sum(cell.answer is not None for cell in cells),
                short=sum((cell.short for cell in short), Decimal(0)),
                worst=max(short, key=lambda cell: cell.short, default=None),
                waiting=sum(is_waiting(cell.answer, plan) for cell in cells),
                late_purchases=count,
                late_days=days,
                punctual=punctual.get(supplier.pk),
            )
        )
    return sorted(found, key=lambda row: (-row.short, -row.open, row.supplier.code))


def is_waiting(answer: SupplierAnswer | None, plan: SupplierPlan) -> bool:
    """Whether an answer could go into the next plan and has not."""
    if answer is None or answer.kind == AnswerKind.CONFIRMED or answer.month <= plan.release.cycle.month:
        return False
    return not hasattr(answer, "acceptance")


def list_receipts(before: int, *, months: int = 3) -> list[Receipts]:
    """Receipts of the last closed months before an absolute month, of all suppliers: actuals name no supplier."""
    rows = ActualRecord.objects.filter(month__range=(before - months, before - 1), purchase_receipts_due__gt=0)
    sums = rows.values("month").order_by("month")
    return [
        Receipts(row["month"], int(row["due"]), int(row["on_time"] or 0))
        for row in sums.annotate(due=Sum("purchase_receipts_due"), on_time=Sum("purchase_receipts_on_time"))
    ]


def _late_purchases(user: User) -> dict[int, tuple[int, int]]:
    """Supplier id → purchases with a later date than they had at first, and the most days of it."""
    first: dict[tuple[int, str], tuple[int, int]] = {}
    for row in reversed(list_promises(user).filter(date_before__isnull=False)):
        key = row.material.supplier_id or 0, f"{row.material_id} {row.order}"
        days = (row.date - row.date_before).days if row.date_before else 0
        before = first.get(key, (0, 0))[1]
        first[key] = (key[0], before + days)
    found: dict[int, list[int]] = defaultdict(list)
    for supplier, days in first.values():
        if days > 0:
            found[supplier].append(days)
    return {supplier: (len(days), max(days)) for supplier, days in found.items()}


def _punctuality() -> dict[int, float]:
    """Supplier id → share of first answers given by the due date, over the last releases."""
    releases = list(Release.objects.select_related("cycle").order_by("-number")[:RECORDED_RELEASES])
    hits: dict[int, list[bool]] = defaultdict(list)
    for release in releases:
        due = get_due(release)
        rows = SupplierAnswer.objects.filter(release=release).order_by()
        firsts = rows.values_list("material__supplier_id", "material_id", "month").annotate(first=Min("at"))
        for supplier, _material, _month, first in firsts:
            if supplier is not None:
                hits[supplier].append(first <= due)
    return {supplier: sum(found) / len(found) for supplier, found in hits.items()}
