"""Resources in the far months: rough-cut load by family, need of all six kinds, investments (R-079)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core import formats
from cycles.models import Cycle
from engine.roughcut import InvestmentCase, extend_demand, extend_stock, judge_investment, load_of
from masterdata.choices import ResourceKind
from masterdata.models import BomLine, Material, MaterialSupply, Product, Resource, Routing, Site
from masterdata.selectors import get_company
from plans.models import Version
from supply.adapters.capacity import build_resources
from supply.adapters.database import load_capacity_sheets
from supply.choices import InvestmentKind
from supply.models import Investment
from supply.selectors.flow import StockFlow, families_of, load_flow
from supply.selectors.values import UnitValues, load_unit_values

Floats = NDArray[np.float64]
MONTHS = 24
NEAR = 6  # months of the workbench; the long range begins after them
MIDDLE = 12  # months 7 … 12 are the medium term, 13 … 24 the long term
_STEPS = (60, 80, 90, 97, 100, 110)  # per cent of available: the heat classes of the workbench
_SHORT_KINDS = {
    ResourceKind.LINE: gettext_lazy("Lines"),
    ResourceKind.EQUIPMENT: gettext_lazy("Equipment"),
    ResourceKind.LABOUR: gettext_lazy("Labour"),
    ResourceKind.MATERIAL: gettext_lazy("Material"),
    ResourceKind.WAREHOUSE: gettext_lazy("Warehouse"),
    ResourceKind.ENGINEERING: gettext_lazy("Engineering"),
}
_KINDS = (
    ResourceKind.LINE,
    ResourceKind.EQUIPMENT,
    ResourceKind.LABOUR,
    ResourceKind.MATERIAL,
    ResourceKind.WAREHOUSE,
    ResourceKind.ENGINEERING,
)


@dataclass(frozen=True, eq=False)
class ResourceNeed:
    """What a resource has to give over 24 months. ``load`` and ``available`` [24] in ``unit`` (nan: no limit stated).

    ``families`` share the load: family label → [24]. ``step`` is what one more shift or person brings a month, in the
    same unit, ``step_name`` what it is called.
    """

    kind: str
    kind_label: str
    code: str
    label: str
    unit: str
    load: Floats
    available: Floats
    families: dict[str, Floats]
    step: float
    step_name: str

    @property
    def overload(self) -> Floats:
        """[24] what is missing."""
        return np.nan_to_num(np.maximum(self.load - self.available, 0.0))

    @property
    def peak(self) -> int:
        """The tightest far month, as a column."""
        share = np.divide(self.load, self.available, out=np.zeros(MONTHS), where=self.available > 0)
        return NEAR + int(np.argmax(share[NEAR:]))

    def mean(self, start: int, stop: int) -> float:
        return float(self.load[start:stop].mean())


@dataclass(frozen=True)
class HeatCell:
    """Per cent of available with its heat class, and the figures behind."""

    share: int | None
    heat: int
    is_over: bool
    title: str


@dataclass(frozen=True)
class NeedLine:
    """A resource on the page: cells of months 7 … 24, medium and long term need, the peak and what would close it."""

    need: ResourceNeed
    kind: str
    is_first: bool
    cells: list[HeatCell]
    middle: float
    far: float
    available: float | None
    peak_month: int
    peak_load: float
    gap: float
    steps: float | None
    families: list[tuple[str, float]]


@dataclass(frozen=True)
class OptionLine:
    """An investment with its case; money in minor units, ``latest_start`` a month or ``None`` when nothing is short."""

    row: Investment
    case: InvestmentCase
    latest_start: int | None
    is_late: bool
    invest: int
    gain_per_month: int
    margin_per_unit: int


@dataclass(frozen=True)
class LongRangeBoard:
    """The page."""

    cycle: Cycle
    version: Version
    message: str
    months: list[str]
    extended_from: int | None
    lines: list[NeedLine]
    options: list[OptionLine]
    resources: list[Resource]
    kinds: list[tuple[str, str]]
    may_edit: bool
    sees_costs: bool


def load_long_range_board(cycle: Cycle, version: Version, *, user: User) -> LongRangeBoard:
    """Months 7 … 24 of a plan for what the user may see."""
    flow = load_flow(version.pk, get_scope(user))
    values = load_unit_values(flow.consensus)
    needs = list_needs(flow)
    lines = [_line(need, flow.months.start, is_first) for need, is_first in _firsts(needs)]
    known = len(flow.months)
    return LongRangeBoard(
        cycle=cycle,
        version=version,
        message=_message(needs, flow.months.start),
        months=formats.month_heads([flow.months.start + month for month in range(NEAR, MONTHS)]),
        extended_from=flow.months.stop if known < MONTHS else None,
        lines=lines,
        options=list_investments(flow, values, needs),
        resources=list(Resource.objects.all()),
        kinds=[(value, str(label)) for value, label in InvestmentKind.choices],
        may_edit=can(user, "capacity.edit"),
        sees_costs=can(user, "finance.view_costs"),
    )


def _firsts(needs: list[ResourceNeed]) -> list[tuple[ResourceNeed, bool]]:
    seen: set[str] = set()
    marked = []
    for need in needs:
        marked.append((need, need.kind not in seen))
        seen.add(need.kind)
    return marked


def _message(needs: list[ResourceNeed], first: int) -> str:
    over = [(need, int(np.flatnonzero(need.overload[NEAR:] > 0)[0])) for need in needs if need.overload[NEAR:].any()]
    if not needs:
        return _("No resources are known yet")
    if not over:
        return _("No resource runs out within 24 months")
    need, month = min(over, key=lambda item: (item[1], -float(item[0].overload[NEAR:].sum())))
    return _("%(resource)s runs out in %(month)s; %(count)s resources are short within 24 months") % {
        "resource": need.label,
        "month": formats.month_long(first + NEAR + month),
        "count": len(over),
    }


def _line(need: ResourceNeed, first: int, is_first: bool) -> NeedLine:
    peak = need.peak
    there = need.available[peak]
    gap = float(need.overload[peak])
    sums = {name: float(load[NEAR:].sum()) for name, load in need.families.items()}
    whole = sum(sums.values())
    shares = [(name, 100 * part / whole) for name, part in sums.items() if part > 0] if whole else []
    return NeedLine(
        need=need,
        kind=str(_SHORT_KINDS[ResourceKind(need.kind)]),
        is_first=is_first,
        cells=[_cell(need, month) for month in range(NEAR, MONTHS)],
        middle=need.mean(NEAR, MIDDLE),
        far=need.mean(MIDDLE, MONTHS),
        available=None if np.isnan(there) else float(there),
        peak_month=first + peak,
        peak_load=float(need.load[peak]),
        gap=gap,
        steps=gap / need.step if gap and need.step else None,
        families=sorted(shares, key=lambda item: (-item[1], item[0])),
    )


def _cell(need: ResourceNeed, month: int) -> HeatCell:
    load, there = float(need.load[month]), float(need.available[month])
    share = round(100 * load / there) if there > 0 else None
    title = _("%(load)s of %(available)s") % {"load": formats.number(load), "available": formats.number(there)}
    return HeatCell(
        share=share,
        heat=0 if share is None else sum(share > step for step in _STEPS),
        is_over=share is not None and share > 100,
        title=title,
    )


def list_needs(flow: StockFlow) -> list[ResourceNeed]:
    """All six kinds of resources over 24 months, in the order of the workbench."""
    demand = extend_demand(flow.demand, MONTHS)
    families = families_of(flow.products)
    labels = {row.pk: row.label for row in Product.objects.filter(pk__in=set(families.values()))}
    family_of = np.array([families[product] for product in flow.products.tolist()], dtype=np.int64)
    needs = [
        *_hours(flow, demand, family_of, labels),
        *_materials(flow, demand, family_of, labels),
        *_stores(flow, family_of, labels),
    ]
    order = {str(kind): position for position, kind in enumerate(_KINDS)}
    return sorted(needs, key=lambda need: (order[need.kind], need.code))


def _hours(flow: StockFlow, demand: Floats, family_of: NDArray[np.int64], labels: dict[int, str]) -> list[ResourceNeed]:
    """Resources with hours: demand by product × its share of each site × hours per unit, summed by family."""
    months = range(flow.months.start, flow.months.start + MONTHS)
    sheets = load_capacity_sheets(months)
    codes, resources = build_resources(sheets, [row["code"] for row in sheets.of("sites")])
    rows = {row.code: row for row in Resource.objects.all()}
    hours = hours_per_unit(flow, codes)
    people = np.where(resources.is_labour[:, None], resources.headcount[:, None] * resources.hours_per_person, 0.0)
    available = resources.regular_hours + people
    loads = load_of(demand, hours)
    needs = []
    for position, code in enumerate(codes):
        own = loads[:, position, :]
        if not own.any() and not hours[:, position].any():
            continue
        is_people = bool(resources.is_labour[position])
        step = resources.hours_per_person[position] if is_people else resources.shift_hours[position]
        needs.append(
            ResourceNeed(
                kind=rows[code].kind,
                kind_label=rows[code].get_kind_display(),
                code=code,
                label=rows[code].label,
                unit=_("hours"),
                load=own.sum(axis=0),
                available=available[position],
                families={labels[f]: own[family_of == f].sum(axis=0) for f in sorted(set(family_of.tolist()))},
                step=float(step[NEAR:].mean()),
                step_name=_("people") if is_people else _("shifts a day"),
            )
        )
    return needs


def hours_per_unit(flow: StockFlow, codes: list[str]) -> Floats:
    """[p, resources] hours one unit of a product takes, its sites weighted by what the plan makes there.

    Products the plan does not make are shared equally by the sites that could.
    """
    made = flow.inflow.sum(axis=1)
    planned = {(product, site): float(units) for (product, site), units in zip(flow.keys.tolist(), made, strict=True)}
    place = {code: position for position, code in enumerate(codes)}
    row_of = {product: row for row, product in enumerate(flow.products.tolist())}
    lines: dict[int, list[tuple[int, str, float]]] = defaultdict(list)
    for product, site, resource, hours in Routing.objects.values_list(
        "product_id", "site_id", "resource__code", "hours_per_unit"
    ):
        if product in row_of:
            lines[product].append((site, resource, hours))
    found = np.zeros((len(flow.products), len(codes)))
    for product, routes in lines.items():
        sites = sorted({site for site, _resource, _hours in routes})
        weight = {site: planned.get((product, site), 0.0) for site in sites}
        total = sum(weight.values())
        for site, resource, hours in routes:
            if resource not in place:
                continue
            part = weight[site] / total if total > 0 else 1 / len(sites)
            found[row_of[product], place[resource]] += part * hours
    return found


def _materials(
    flow: StockFlow, demand: Floats, family_of: NDArray[np.int64], labels: dict[int, str]
) -> list[ResourceNeed]:
    """Materials whose supplier states a limit; the last limit stated goes on."""
    first = flow.months.start
    limits: dict[int, dict[int, float]] = defaultdict(dict)
    for pk, month, quantity in MaterialSupply.objects.values_list("material_id", "month", "max_quantity"):
        limits[pk][month] = float(quantity)
    rows = {product: row for row, product in enumerate(flow.products.tolist())}
    use: dict[int, Floats] = {pk: np.zeros((len(flow.products), MONTHS)) for pk in limits}
    for product, component, each, rate in BomLine.objects.filter(material__in=limits).values_list(
        "product_id", "material_id", "quantity_per", "take_rate"
    ):
        if product in rows and component is not None:
            use[component][rows[product]] += demand[rows[product]] * each * rate
    needs = []
    for material in Material.objects.filter(pk__in=limits).select_related("supplier"):
        own = use[material.pk]
        needs.append(
            ResourceNeed(
                kind=ResourceKind.MATERIAL,
                kind_label=str(ResourceKind.MATERIAL.label),
                code=material.code,
                label=material.label,
                unit=material.uom,
                load=own.sum(axis=0),
                available=_carried(limits[material.pk], first),
                families={labels[f]: own[family_of == f].sum(axis=0) for f in sorted(set(family_of.tolist()))},
                step=0.0,
                step_name="",
            )
        )
    return needs


def _carried(stated: dict[int, float], first: int) -> Floats:
    """[24] the limit of each month, the latest one before where none is stated; nan before the first."""
    values = np.full(MONTHS, np.nan)
    last = np.nan
    for month in sorted(set(stated) | set(range(first, first + MONTHS))):
        last = stated.get(month, last)
        if first <= month < first + MONTHS:
            values[month - first] = last
    return values


def _stores(flow: StockFlow, family_of: NDArray[np.int64], labels: dict[int, str]) -> list[ResourceNeed]:
    """Sites with a storage limit: the plan's stock, then for each family the cover of a year earlier at its demand."""
    families = sorted(labels)
    demand = np.array([flow.demand[family_of == family].sum(axis=0) for family in families])
    coming = extend_demand(demand.reshape(len(families), len(flow.months)), MONTHS + 1)
    needs = []
    for site in Site.objects.filter(storage_units__gt=0):
        here = flow.keys[:, 1] == site.pk
        held = np.array([flow.end[here & (family_of[flow.place] == family)].sum(axis=0) for family in families])
        stock = extend_stock(held.reshape(len(families), len(flow.months)), coming, MONTHS)
        needs.append(
            ResourceNeed(
                kind=ResourceKind.WAREHOUSE,
                kind_label=str(ResourceKind.WAREHOUSE.label),
                code=site.code,
                label=site.label,
                unit=_("units"),
                load=stock.sum(axis=0),
                available=np.full(MONTHS, float(site.storage_units or 0)),
                families={labels[family]: stock[row] for row, family in enumerate(families)},
                step=0.0,
                step_name="",
            )
        )
    return needs


def list_investments(flow: StockFlow, values: UnitValues, needs: list[ResourceNeed]) -> list[OptionLine]:
    """Planners' options with what each would relieve and earn; those that must start first stand first.

    Hours and margin of one unit are means over the resource's load of 24 months.
    """
    by_code = {need.code: need for need in needs}
    demand = extend_demand(flow.demand, MONTHS).sum(axis=1)
    margins = np.array([values.margin(product) for product in flow.products.tolist()])
    codes = [need.code for need in needs if need.unit == _("hours")]
    hours = dict(zip(codes, hours_per_unit(flow, codes).T, strict=True))
    lines = []
    for row in Investment.objects.select_related("resource", "updated_by"):
        need = by_code.get(row.resource.code)
        each = hours.get(row.resource.code, np.zeros(len(demand)))
        units = float(demand[each > 0].sum())
        load = float(each @ demand)
        margin = float(margins[each > 0] @ demand[each > 0]) / units if units else 0.0
        case = judge_investment(
            overload=need.overload if need is not None else np.zeros(MONTHS),
            hours_per_month=row.hours_per_month,
            lead_months=row.lead_time_months,
            hours_per_unit=load / units if units else 0.0,
            margin_per_unit=margin,
            invest=_minor(row.invest),
            fixed_cost=_minor(row.fixed_cost),
        )
        start = None if case.latest_start is None else flow.months.start + case.latest_start
        lines.append(
            OptionLine(
                row=row,
                case=case,
                latest_start=start,
                is_late=start is not None and start < flow.months.start,
                invest=round(_minor(row.invest)),
                gain_per_month=round(case.gain_per_month),
                margin_per_unit=round(margin),
            )
        )
    return sorted(lines, key=lambda line: (line.latest_start is None, line.latest_start or 0, line.row.pk))


def _minor(amount: Decimal) -> float:
    """Money of the tables in minor currency units."""
    return float(amount) * 10 ** get_company().currency_decimals
