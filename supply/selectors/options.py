"""Ways out of the plan's bottlenecks, as the page lists them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from plans.selectors import get_version
from supply.choices import TRIED
from supply.selectors.adopted import list_adopted
from supply.selectors.runs import get_latest_run, load_names
from supply.wording import say_option


@dataclass(frozen=True)
class OptionRow:
    """A way out as the page lists it. Units in smallest units, money in minor, months absolute.

    ``text`` is the title with its target, ``bottleneck`` the name of what it relieves. ``is_cost_known`` false:
    the price rests on an assumption, say so. ``in_plan``: the plan counts on it; ``gain`` is what not having it loses.
    ``is_due`` : the last day to decide has come.
    """

    pk: int
    kind: str
    title: str
    text: str
    cause: str
    code: str
    bottleneck: str
    units: int
    revenue: int
    gain: int
    cost: int
    stock: int
    service: float
    amount: float
    start_month: int
    lead_days: int
    decide_by: dt.date
    is_due: bool
    is_cost_known: bool
    in_plan: bool
    is_adopted: bool


def list_options(version_id: int, *, cause: str | None = None, code: str | None = None) -> list[OptionRow]:
    """Options of the plan's last balance, of one bottleneck if asked, best gain first; levers in the plan last."""
    run = get_latest_run(version_id)
    if run is None:
        return []
    rows = run.options.exclude(kind__in=TRIED).order_by("in_plan", "-gain", "pk")
    if cause is not None:
        rows = rows.filter(cause=cause)
    if code is not None:
        rows = rows.filter(code=code)
    names = load_names()
    adopted = {adoption.option_id for adoption in list_adopted(get_version(version_id))}
    today = timezone.localdate()
    return [
        OptionRow(
            pk=row.pk,
            kind=row.kind,
            title=row.get_kind_display(),
            text=say_option(row.kind, names(row.target)),
            cause=row.cause,
            code=row.code,
            bottleneck=names(row.code),
            units=row.units,
            revenue=row.revenue,
            gain=row.gain,
            cost=row.cost,
            stock=row.stock,
            service=row.service,
            amount=row.amount,
            start_month=row.start_month,
            lead_days=row.lead_days,
            decide_by=row.decide_by,
            is_due=row.decide_by <= today,
            is_cost_known=row.is_cost_known,
            in_plan=row.in_plan,
            is_adopted=row.pk in adopted,
        )
        for row in rows
    ]
