"""Last cycle's supply performance: planned against produced, delivered and received, with causes (R-070)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from accounts.models import Scope, User
from accounts.policies import can
from accounts.selectors import get_scope
from core import formats
from core.months import format_month
from cycles.models import Cycle
from engine.performance import Attainment, measure_attainment, share
from masterdata.models import ActualRecord, Product, Resource, Routing, Site
from plans.hierarchy import load_hierarchy
from plans.models import Version
from plans.selectors import get_last_approved, load_measures
from supply import measures as m
from supply.adapters.capacity import build_resources
from supply.adapters.database import load_capacity_sheets
from supply.choices import DeviationArea, DeviationCause
from supply.models import Deviation
from supply.selectors.flow import families_of
from supply.selectors.horizon import plan_months

TREND_MONTHS = 6
MOST_ROWS = 12


@dataclass(frozen=True)
class Line:
    """One product at a site in the month: planned and produced, planned and delivered; None where nothing is known."""

    product: str
    label: str
    family: str
    site: str  # code, empty when the actuals name none
    site_label: str
    planned: float | None
    produced: float | None
    promised: float | None
    delivered: float | None
    on_time: float | None
    causes: tuple[Deviation, ...]

    @property
    def gap(self) -> float:
        """Units produced more or less than planned."""
        return (self.produced or 0.0) - (self.planned or 0.0)


@dataclass(frozen=True)
class ResourceUse:
    """Hours a month's real production took against the hours there were, and what the plan had meant to use."""

    code: str
    label: str
    planned: float | None
    used: float | None
    hours: float
    available: float

    @property
    def used_percent(self) -> float | None:
        return None if self.used is None else 100 * self.used

    @property
    def planned_percent(self) -> float | None:
        return None if self.planned is None else 100 * self.planned


@dataclass(frozen=True)
class MonthFigures:
    """A closed month's figures, shares 0 … 1. A figure is ``None`` where it is undefined; ``reasons`` says why."""

    month: int
    plan_of: str
    attainment: Attainment
    delivered: float | None
    on_time_delivery: float | None
    on_time_receipts: float | None
    utilisation: float | None
    reasons: dict[str, str]


@dataclass(frozen=True)
class Tile:
    """One figure of the month in per cent with its formula, the months before it and, where undefined, the reason."""

    label: str
    formula: str
    value: float | None
    trend: list[float]
    note: str
    reason: str


@dataclass(frozen=True)
class ReviewBoard:
    """The page of one closed month with the figures of the months before it."""

    cycle: Cycle
    month: int
    months: list[int]
    message: str
    figures: MonthFigures
    tiles: list[Tile]
    trend: list[MonthFigures]
    lines: list[Line]
    hidden: int
    resources: list[ResourceUse]
    causes: list[tuple[str, int]]
    areas: list[tuple[str, str]]
    cause_kinds: list[tuple[str, str]]
    may_explain: bool


def load_review_board(cycle: Cycle, *, user: User, month: int | None = None) -> ReviewBoard:
    """The month before the cycle, or another closed one that has actuals."""
    months = sorted(
        ActualRecord.objects.filter(month__lt=cycle.month).order_by().values_list("month", flat=True).distinct()
    )
    wanted = month if month in months else (months[-1] if months else cycle.month - 1)
    scope = get_scope(user)
    lines = load_lines(wanted, scope)
    figures = load_figures(wanted, scope, lines)
    shown = sorted(lines, key=lambda line: (-abs(line.gap), line.product))[:MOST_ROWS]
    trend = [load_figures(each, scope) for each in months[-TREND_MONTHS:]]
    told: dict[str, int] = defaultdict(int)
    for row in Deviation.objects.filter(month=wanted):
        told[str(row.get_cause_display())] += 1
    return ReviewBoard(
        cycle=cycle,
        month=wanted,
        months=months[-TREND_MONTHS:],
        message=_message(figures),
        figures=figures,
        tiles=list_tiles(figures, trend),
        trend=trend,
        lines=shown,
        hidden=len(lines) - len(shown),
        resources=load_resource_use(wanted, lines),
        causes=sorted(told.items(), key=lambda item: (-item[1], item[0])),
        areas=[(value, str(label)) for value, label in DeviationArea.choices],
        cause_kinds=[(value, str(label)) for value, label in DeviationCause.choices],
        may_explain=can(user, "deviation.explain"),
    )


def _message(figures: MonthFigures) -> str:
    when = formats.month_long(figures.month)
    mix, volume = figures.attainment.mix, figures.attainment.volume
    if mix is None or volume is None:
        return _("%(month)s cannot be compared with a plan") % {"month": when}
    return _("%(month)s reached %(volume)s of the plan's volume and %(mix)s of its mix") % {
        "month": when,
        "volume": formats.percent(100 * volume, 0),
        "mix": formats.percent(100 * mix, 0),
    }


def list_tiles(figures: MonthFigures, trend: list[MonthFigures]) -> list[Tile]:
    """The month's figures in the order of the work: make, deliver, receive, use."""
    plan = figures.reasons.get("plan") or _("Nothing was planned.")
    delivered = figures.reasons.get("delivered") or plan

    def tile(label: str, formula: str, read: Callable[[MonthFigures], float | None], reason: str) -> Tile:
        value = read(figures)
        before = [100 * share for month in trend if (share := read(month)) is not None]
        note = _("%(n)s months") % {"n": len(before)} if len(before) > 1 else ""
        return Tile(label, formula, None if value is None else 100 * value, before, note, reason)

    return [
        tile(
            _("Plan attainment, mix"),
            _("Σ min(produced, planned) ÷ Σ planned, product by product: too much of one hides no lack of another."),
            lambda month: month.attainment.mix,
            plan,
        ),
        tile(
            _("Plan attainment, volume"),
            _("Σ min(produced, planned) ÷ Σ planned, family by family."),
            lambda month: month.attainment.volume,
            plan,
        ),
        tile(
            _("Schedule adherence"),
            _("Lines made within ± 5 % of their planned quantity ÷ planned lines."),
            lambda month: month.attainment.adherence,
            plan,
        ),
        tile(
            _("Delivered of plan"),
            _("Σ min(delivered, planned to deliver) ÷ Σ planned to deliver, product by product."),
            lambda month: month.delivered,
            delivered,
        ),
        tile(
            _("Delivered on time"),
            _("Units delivered on time ÷ units delivered."),
            lambda month: month.on_time_delivery,
            delivered,
        ),
        tile(
            _("Material on time"),
            _("Receipts on or before the promised date ÷ receipts due."),
            lambda month: month.on_time_receipts,
            figures.reasons.get("receipts", ""),
        ),
        tile(
            _("Utilisation"),
            _("Load hours of what was produced ÷ available hours."),
            lambda month: month.utilisation,
            _("No routing leads from what was produced to a resource."),
        ),
    ]


def plan_of(month: int) -> Version | None:
    """The approved plan that was made for a month: of its own cycle, else the latest before it that reaches it."""
    version = get_last_approved(before_month=month + 1)
    return version if version is not None and month in plan_months(version) else None


def load_lines(month: int, scope: Scope) -> list[Line]:
    """Actuals of a month beside what was planned for the same products at the same sites.

    Actuals may be of any level of the products: the plan is summed up to it. A row above another row of the month
    that has actuals of its own is left out, so that nothing counts twice.
    """
    hierarchy = load_hierarchy()
    tree = hierarchy.products
    seen = set(tree.ids[tree.seen_by(scope.products)].tolist())
    actual = _actuals(month, seen)
    planned, promised = _planned(plan_of(month), month)
    leaves = tree.ids[tree.is_leaf]
    below = {product: set(leaves[tree.is_under([product])[tree.is_leaf]].tolist()) for product, _site in actual}
    doubled = {p for p in below if any(q != p and below[q] < below[p] for q in below)}
    causes: dict[int, list[Deviation]] = defaultdict(list)
    for row in Deviation.objects.filter(month=month).select_related("author"):
        causes[row.product_id].append(row)
    products = Product.objects.in_bulk(below)
    families = families_of(np.array(sorted(below), dtype=np.int64))
    family_names = Product.objects.in_bulk(set(families.values()))
    sites = Site.objects.in_bulk()
    rows = []
    for (product, site), figures in actual.items():
        if product in doubled:
            continue
        mine = [value for (leaf, place), value in planned.items() if leaf in below[product] and site in (0, place)]
        sold = [value for leaf, value in promised.items() if leaf in below[product]]
        rows.append(
            Line(
                product=products[product].code,
                label=products[product].label,
                family=family_names[families[product]].label,
                site=sites[site].code if site else "",
                site_label=sites[site].label if site else "",
                planned=sum(mine) if planned else None,
                produced=figures["produced"],
                promised=sum(sold) if promised else None,
                delivered=figures["delivered"],
                on_time=figures["delivered_on_time"],
                causes=tuple(causes[product]),
            )
        )
    return sorted(rows, key=lambda line: (line.family, line.product, line.site))


def _actuals(month: int, seen: set[int]) -> dict[tuple[int, int], dict[str, float | None]]:
    """(product, site or 0) → sums over orgs; ``None`` where no row states the figure."""
    columns = ("produced", "delivered", "delivered_on_time")
    found: dict[tuple[int, int], dict[str, float | None]] = {}
    rows = ActualRecord.objects.filter(month=month, product__isnull=False)
    for product, site, *values in rows.values_list("product_id", "site_id", *columns):
        if product in seen:
            sums = found.setdefault((product, site or 0), dict.fromkeys(columns))
            for name, value in zip(columns, values, strict=True):
                if value is not None:
                    sums[name] = (sums[name] or 0.0) + float(value)
    return dict(sorted(found.items()))


def _planned(version: Version | None, month: int) -> tuple[dict[tuple[int, int], float], dict[int, float]]:
    """(product, site) → units to make, product → units to deliver, of a plan in one month."""
    if version is None:
        return {}, {}
    cubes = load_measures(version_id=version.pk, measures=[m.PRODUCTION, m.CONSTRAINED], months=range(month, month + 1))
    made, sold = cubes[m.PRODUCTION], cubes[m.CONSTRAINED]
    planned = {
        (product, site): float(units[0])
        for (product, site), units in zip(made.axis.keys.tolist(), made.to_float(), strict=True)
    }
    promised: dict[int, float] = defaultdict(float)
    for (product, _org), units in zip(sold.axis.keys.tolist(), sold.to_float(), strict=True):
        promised[product] += float(units[0])
    return planned, dict(promised)


def load_figures(month: int, scope: Scope, lines: list[Line] | None = None) -> MonthFigures:
    """The formulas of a month; what is undefined is ``None`` with its reason, never 0."""
    rows = load_lines(month, scope) if lines is None else lines
    version = plan_of(month)
    reasons: dict[str, str] = {}
    if version is None:
        reasons["plan"] = _("No approved plan covers this month.")
    made = [row for row in rows if row.produced is not None and row.planned is not None]
    names = sorted({row.family for row in made})
    attainment = measure_attainment(
        np.array([row.produced or 0.0 for row in made]),
        np.array([row.planned or 0.0 for row in made]),
        [names.index(row.family) for row in made],
    )
    sold = [row for row in rows if row.delivered is not None]
    promised = _promised_once(sold)
    due, in_time = _receipts(month)
    if not due:
        reasons["receipts"] = _("No material was due, or the sheet actuals does not say.")
    if not sold:
        reasons["delivered"] = _("The sheet actuals has no deliveries of this month.")
    use = load_resource_use(month, rows)
    hours, available = sum(row.hours for row in use), sum(row.available for row in use)
    on_time = [row for row in sold if row.on_time is not None]
    return MonthFigures(
        month=month,
        plan_of=format_month(version.cycle.month) if version and version.cycle else "",
        attainment=attainment,
        delivered=share(
            sum(min(row.delivered or 0.0, row.promised) for row in promised if row.promised is not None),
            sum(row.promised or 0.0 for row in promised),
        ),
        on_time_delivery=share(
            sum(row.on_time or 0.0 for row in on_time), sum(row.delivered or 0.0 for row in on_time)
        ),
        on_time_receipts=share(in_time, due),
        utilisation=share(hours, available),
        reasons=reasons,
    )


def _promised_once(rows: list[Line]) -> list[Line]:
    """Deliveries have no site in the plan: a product delivered from two sites stands once, with both deliveries."""
    found: dict[str, Line] = {}
    for row in rows:
        before = found.get(row.product)
        delivered = (row.delivered or 0.0) + (before.delivered or 0.0 if before else 0.0)
        found[row.product] = Line(
            row.product, row.label, row.family, "", "", None, None, row.promised, delivered, None, ()
        )
    return list(found.values())


def _receipts(month: int) -> tuple[float, float]:
    """(Receipts due, receipts on time) of all rows of the month."""
    rows = ActualRecord.objects.filter(month=month, purchase_receipts_due__isnull=False).values_list(
        "purchase_receipts_due", "purchase_receipts_on_time"
    )
    pairs = [(float(due or 0), float(done or 0)) for due, done in rows]
    return sum(due for due, _done in pairs), sum(done for _due, done in pairs)


def load_resource_use(month: int, lines: list[Line]) -> list[ResourceUse]:
    """Utilisation = load hours ÷ available hours, of the real production and of the plan.

    A row above the leaves takes the mean hours of the routings below it.
    """
    sheets = load_capacity_sheets(range(month, month + 1))
    sites = [row["code"] for row in sheets.of("sites")]
    codes, resources = build_resources(sheets, sites)
    people = np.where(resources.is_labour, resources.headcount * resources.hours_per_person[:, 0], 0.0)
    available = resources.regular_hours[:, 0] + people
    hours = _hours_by_resource()
    tree = load_hierarchy().products
    leaves = tree.ids[tree.is_leaf]
    load = {code: [0.0, 0.0] for code in codes}
    has_plan = any(line.planned is not None for line in lines)
    for line in lines:
        under = leaves[tree.is_under([line.product])[tree.is_leaf]].tolist()
        by_resource: dict[str, list[float]] = defaultdict(list)
        for leaf in under:
            for site, resource, each in hours.get(leaf, ()):
                if line.site in ("", site):
                    by_resource[resource].append(each)
        for resource, needs in by_resource.items():
            mean = sum(needs) / len(needs)
            load[resource][0] += mean * (line.produced or 0.0)
            load[resource][1] += mean * (line.planned or 0.0)
    labels = {row.code: row.label for row in Resource.objects.all()}
    return [
        ResourceUse(
            code=code,
            label=labels[code],
            planned=share(load[code][1], float(there)) if has_plan else None,
            used=share(load[code][0], float(there)),
            hours=load[code][0],
            available=float(there),
        )
        for code, there in zip(codes, available.tolist(), strict=True)
        if load[code][0] or load[code][1]
    ]


def _hours_by_resource() -> dict[int, list[tuple[str, str, float]]]:
    """Product → (site, resource, hours per unit)."""
    found: dict[int, list[tuple[str, str, float]]] = defaultdict(list)
    rows = Routing.objects.values_list("product_id", "site__code", "resource__code", "hours_per_unit")
    for product, site, resource, hours in rows:
        found[product].append((site, resource, hours))
    return found
