"""The resource shortage list (资源短缺清单): what is short, why, what it costs, how many ways out there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import get_language

from core.formats import sentences
from plans.selectors import get_heads, keep_figures, load_measure
from supply.choices import CauseKind, OptionKind
from supply.measures import CONSENSUS
from supply.models import BalanceRun, Bottleneck, Shortage
from supply.selectors.accepted import say_accepted
from supply.selectors.runs import get_latest_run, get_names_mark, load_names
from supply.wording import Names, label_cause, say_cause

_FROM_SUPPLIERS = (CauseKind.SUPPLIER, CauseKind.LEAD_TIME)


@dataclass(frozen=True)
class ShortageRow:
    """One product and month (all its organisations), dearest first. Quantities in smallest units, money in minor.

    ``demand`` is all that is asked of the product in the month. ``cause``, ``code`` name the bottleneck that most of
    the shortage waits for; ``text`` says it. ``orgs`` are (code, label, quantity) by quantity. ``options`` counts the
    ways out of that bottleneck.
    """

    product: str
    label: str
    month: int
    quantity: int
    demand: int
    revenue: int
    margin: int
    is_late: bool
    cause: str
    cause_label: str
    code: str
    name: str
    cause_month: int
    text: str
    is_confirmed: bool
    options: int
    orgs: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class ShortageTotals:
    """All shortages of a run in one line."""

    count: int
    quantity: int
    revenue: int
    margin: int
    by_cause: tuple[tuple[str, str, int], ...]  # (code, name, units), largest first


def list_shortages(version_id: int) -> list[ShortageRow]:
    """Shortages of the plan's last balance by product and month, by margin lost."""
    run = get_latest_run(version_id)
    if run is None:
        return []
    found = (
        run.is_explained,
        run.shortages.count(),
        run.bottlenecks.count(),
        run.options.filter(in_plan=False).count(),
    )
    return keep_figures(
        ("shortages", run.pk, found, get_language()),
        get_heads(version_id=version_id, measures=[CONSENSUS]),
        get_names_mark(),
        make=lambda: _list_shortages(version_id, run),
    )


def _list_shortages(version_id: int, run: BalanceRun) -> list[ShortageRow]:
    groups: dict[tuple[int, int], list[Shortage]] = defaultdict(list)
    for row in run.shortages.select_related("product", "org"):
        groups[row.product_id, row.month].append(row)
    helping = run.options.filter(in_plan=False).exclude(kind=OptionKind.ALLOCATE)  # sharing out ends no shortage
    ways = Counter(helping.values_list("cause", "code"))
    removed = {(b.kind, b.code): b.removed for b in run.bottlenecks.all()}
    names = load_names()
    asked = _asked(version_id, run, groups)
    said = say_accepted(run)
    rows = [_row(group, asked[key], ways, removed, names, said) for key, group in groups.items()]
    rows.sort(key=lambda row: (-row.margin, -row.quantity, row.product, row.month))
    return rows


def sum_shortages(rows: Sequence[ShortageRow]) -> ShortageTotals:
    """Count, units, revenue and margin of everything short, and which bottlenecks carry most of it."""
    units: Counter[tuple[str, str]] = Counter()
    for row in rows:
        units[row.code, row.name] += row.quantity
    return ShortageTotals(
        count=len(rows),
        quantity=sum(row.quantity for row in rows),
        revenue=sum(row.revenue for row in rows),
        margin=sum(row.margin for row in rows),
        by_cause=tuple((code, name, amount) for (code, name), amount in units.most_common()),
    )


def list_bottlenecks(run: BalanceRun) -> list[Bottleneck]:
    """Bottlenecks by what is blamed on them."""
    return list(run.bottlenecks.order_by("-blamed", "pk"))


def _asked(version_id: int, run: BalanceRun, cells: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """(product, month) of the run → units asked for in all organisations."""
    months = range(run.first_month, run.first_month + run.horizon)
    consensus = load_measure(version_id=version_id, measure=CONSENSUS, months=months)
    products, first = np.unique(consensus.axis.keys[:, 0], return_index=True)
    sums = np.add.reduceat(consensus.values, first, axis=0) if len(products) else consensus.values
    row_of = {product: row for row, product in enumerate(products.tolist())}
    return {
        (product, month): int(sums[row_of[product], month - months.start]) if product in row_of else 0
        for product, month in cells
    }


def _row(
    group: Sequence[Shortage],
    demand: int,
    ways: Counter[tuple[str, str]],
    removed: Mapping[tuple[str, str], float],
    names: Names,
    said: Mapping[str, Mapping[int, str]],
) -> ShortageRow:
    lead = max(group, key=lambda row: (row.quantity, -row.pk))
    bottleneck = (lead.cause, lead.code)
    answered = said.get(lead.code, {}).get(lead.cause_month, "") if lead.cause in _FROM_SUPPLIERS else ""
    text = say_cause(
        lead.cause,
        lead.code,
        lead.cause_month,
        is_confirmed=lead.is_confirmed,
        removed=removed.get(bottleneck),
        names=names,
    )
    return ShortageRow(
        product=lead.product.code,
        label=lead.product.label,
        month=lead.month,
        quantity=sum(row.quantity for row in group),
        demand=demand,
        revenue=sum(row.revenue for row in group),
        margin=sum(row.margin for row in group),
        is_late=all(row.is_late for row in group),
        cause=lead.cause,
        cause_label=label_cause(lead.cause, lead.code, names),
        code=lead.code,
        name=names(lead.code),
        cause_month=lead.cause_month,
        text=sentences(text, answered),
        is_confirmed=lead.is_confirmed,
        options=ways[bottleneck],
        orgs=tuple(
            (row.org.code, row.org.label, row.quantity) for row in sorted(group, key=lambda r: (-r.quantity, r.pk))
        ),
    )
