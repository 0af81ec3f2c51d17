"""What needs a decision, by money at stake times urgency. Never more than a handful, and how much that covers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import can
from core import formats
from core.errors import Missing
from cycles.models import Cycle
from demand.choices import AssumptionState
from demand.models import Assumption
from meetings.selectors import list_undecided, question_of
from plans.hierarchy import load_hierarchy
from plans.selectors import get_working_version
from supply.choices import TRIED, CauseKind
from supply.models import BalanceRun, Shortage, SupplyOption
from supply.selectors.runs import get_latest_run, load_names
from supply.wording import Names, label_cause, say_option

SHOWN = 5
_URGENT_DAYS = 7
_FAR_DAYS = 90
_OWNERS = {
    CauseKind.RESOURCE: Department.PRODUCTION,
    CauseKind.ROUTING_LIMIT: Department.PRODUCTION,
    CauseKind.NO_ROUTING: Department.PRODUCTION,
    CauseKind.MARGIN: Department.FINANCE,
}


@dataclass(frozen=True)
class ExceptionItem:
    """One thing to decide. ``money``: margin at stake in minor units, ≥ 0, ``None`` unknown; ``units`` is signed."""

    title: str
    detail: str
    units: int | None
    money: int | None
    decide_by: dt.date | None
    owner: str
    path: str

    @property
    def is_urgent(self) -> bool:
        return self.decide_by is not None and (self.decide_by - timezone.localdate()).days <= _URGENT_DAYS

    @property
    def weight(self) -> float:
        """Money × urgency: an item due today weighs twice one without a date."""
        money = float(self.money or 0)
        if self.decide_by is None:
            return money
        days = min(max((self.decide_by - timezone.localdate()).days, 0), _FAR_DAYS)
        return money * (2 - days / _FAR_DAYS)


@dataclass(frozen=True)
class ExceptionList:
    """The first few, the number of all, and the share of the money the first few carry, in per cent."""

    shown: list[ExceptionItem]
    count: int
    share: float | None
    largest: int


def load_exceptions(cycle: Cycle, user: User) -> ExceptionList:
    """Open decisions, bottlenecks of the last balance, broken assumptions; money only for who may see costs."""
    items = [*_from_decisions(cycle), *_from_balance(cycle), *_from_assumptions(cycle)]
    items.sort(key=lambda item: -item.weight)
    shown, total = items[:SHOWN], _sum(items)
    sees_money = can(user, "finance.view_costs")
    return ExceptionList(
        shown=shown,
        count=len(items),
        share=_sum(shown) / total * 100 if total and sees_money else None,
        largest=max((item.money or 0 for item in items), default=0) if sees_money else 0,
    )


def _sum(items: list[ExceptionItem]) -> int:
    return sum(item.money or 0 for item in items)


def _from_decisions(cycle: Cycle) -> Iterator[ExceptionItem]:
    for decision in list_undecided(cycle):
        yield ExceptionItem(
            title=question_of(decision),
            detail=decision.recommendation,
            units=None,
            money=abs(decision.money_at_stake),
            decide_by=decision.decide_by,
            owner=str(decision.owner or ""),
            path="/executive/?p=2",
        )


def _from_balance(cycle: Cycle) -> Iterator[ExceptionItem]:
    """One item a bottleneck: everything short because of it."""
    try:
        version = get_working_version(cycle)
    except Missing:
        return
    run = get_latest_run(version.pk)
    if run is None:
        return
    rows = Shortage.objects.filter(run=run).exclude(product__in=_decided_products(cycle))
    groups = rows.values("cause", "code").annotate(
        short=Sum("quantity"), lost=Sum("margin"), first=Min("month"), last=Max("month")
    )
    names, ways = load_names(), _ways_out(run)
    for group in groups:
        yield _bottleneck(group, ways.get((group["cause"], group["code"]), []), names)


def _ways_out(run: BalanceRun) -> dict[tuple[str, str], list[SupplyOption]]:
    """(cause, code) of a bottleneck → its options, best gain first."""
    found: dict[tuple[str, str], list[SupplyOption]] = {}
    for option in run.options.filter(in_plan=False).exclude(kind__in=TRIED).order_by("-gain", "pk"):
        found.setdefault((option.cause, option.code), []).append(option)
    return found


def _bottleneck(group: Mapping[str, Any], ways: list[SupplyOption], names: Names) -> ExceptionItem:
    cause = CauseKind(group["cause"])
    best = next(iter(ways), None)
    first, last = group["first"], group["last"]
    when = formats.month_long(first) if first == last else formats.month_range(first, last)
    parts = [label_cause(cause, group["code"], names), when]
    if best is not None:
        parts.append(say_option(best.kind, names(best.target) if best.target else ""))
    return ExceptionItem(
        title=_("%(name)s holds supply back") % {"name": names(group["code"])},
        detail=" · ".join(str(part) for part in parts),
        units=-group["short"],
        money=max(group["lost"], 0),
        decide_by=min((way.decide_by for way in ways), default=None),
        owner=str(_OWNERS.get(cause, Department.SUPPLY).label),
        path="/supply/",
    )


def _decided_products(cycle: Cycle) -> set[int]:
    """Leaf products under a node that a decision or a note of this cycle answers."""
    nodes = set(cycle.gap_notes.values_list("product_id", flat=True))
    if not nodes:
        return set()
    tree = load_hierarchy().products
    return {int(leaf) for node in nodes for leaf in tree.leaves_under(node)}


def _from_assumptions(cycle: Cycle) -> Iterator[ExceptionItem]:
    """Broken assumptions that nobody has looked at in this cycle."""
    rows = Assumption.objects.filter(cycle=cycle, state=AssumptionState.BROKEN).select_related("owner")
    for row in rows:
        yield ExceptionItem(
            title=_("Assumption broken: %(text)s") % {"text": row.text},
            detail=row.evidence,
            units=row.impact_quantity,
            money=None,
            decide_by=None,
            owner=str(row.owner or ""),
            path="/demand/",
        )
