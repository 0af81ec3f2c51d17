"""Ways out of a bottleneck, each priced by solving the whole plan again with it.

For every bottleneck a ladder of levers is written down from ``LeverTerms`` (what a lever adds, what it costs
where the company's data say nothing, how long it takes). Each rung is a list of ``Change``s, i.e. a patch of
the plan's inputs, solved warm from the base. What an option promises is the difference of two optimal plans,
never a dual price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from engine.balancing.allocation import allocation, fair_allocation
from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats
from engine.balancing.explain import Bottleneck, Shortage
from engine.balancing.placing import Change
from engine.balancing.solve import Session
from engine.balancing.trials import Trials

LEAST_UNITS = 0.5  # an option that frees less than half a unit is no option
LEAST_HOURS = 0.005  # a lever the plan uses less of in a month is not used
DAYS_PER_MONTH = 30
MOST_IN_LARGE_MODELS = 3
MOST_LEVERS = 6
# Levers that move bounds near the bottleneck: solved in a fraction of a second even in a large model.
LOCAL = frozenset(
    {"overtime", "extra_shift", "raise_supply", "expedite", "defer", "rent_storage", "break_fence", "allocate"}
)
PEOPLE = ("labour", "engineering")  # kinds of resources that grow by people, not by machines or pace


@dataclass(frozen=True)
class LeverTerms:
    """What levers add and take where the company's data do not say. Shares are of the base figure."""

    overtime_share: float = 0.15  # more overtime hours, of regular hours
    overtime_markup: float = 1.5  # on the regular hour, where no overtime cost is given
    most_shifts: float = 3.0  # a day
    jph_share: float = 0.05
    jph_lead_days: int = 30
    hire_share: float = 0.10
    hire_lead_days: int = 60
    outsource_markup: float = 1.25  # on the unit cost, where no outsourcing cost is given
    outsource_lead_days: int = 30
    move_markup: float = 1.03
    move_lead_days: int = 90
    equipment_share: float = 0.50
    equipment_lead_days: int = 270
    supplier_share: float = 0.10
    supplier_lead_days: int = 30
    second_source_share: float = 0.25
    second_source_markup: float = 1.08
    second_source_lead_days: int = 75
    expedite_markup: float = 0.15
    storage_share: float = 0.20
    storage_lead_days: int = 30
    defer_months: int = 1


@dataclass(frozen=True)
class Option:
    """One priced way out. Money and units are differences to the base plan over the whole horizon.

    ``gain`` is the change of profit, less that of soft rules' price (safety stock filled is worth something), with
    the lever's own cost inside it; ``cost`` is that cost alone.
    ``start`` is the first month it works in; it must be decided ``lead_days`` before that month begins.
    ``is_cost_known`` is false where an assumption of ``LeverTerms`` stands for a missing price.
    ``is_in_plan`` marks a lever the base plan relies on already: its figures are what not having it loses.
    """

    kind: str
    bottleneck: Bottleneck
    target: str
    changes: tuple[Change, ...]
    start: int
    lead_days: int
    units: float
    revenue: float
    gain: float
    cost: float
    stock: float
    service: float
    amount: float
    is_cost_known: bool = True
    is_in_plan: bool = False

    @property
    def is_useful(self) -> bool:
        """Whether it serves anybody; a lever in the plan, whether it earns anything. Shares serve others, not more."""
        return self.gain > 0 if self.is_in_plan else self.units > LEAST_UNITS or self.kind == "allocate"


@dataclass(frozen=True)
class Rung:
    """A lever before it is priced; one ``is_in_plan`` is priced by its ``changes`` taking it away."""

    kind: str
    target: str
    changes: tuple[Change, ...]
    lead_days: int
    amount: float
    is_cost_known: bool = True
    is_in_plan: bool = False

    @property
    def is_local(self) -> bool:
        """Whether it is priced in a fraction of a second even in a large model; the others may take seconds."""
        return self.kind in LOCAL and not self.is_in_plan


Candidate = tuple[Bottleneck, Rung]


def list_candidates(
    session: Session, plan: BalancePlan, shortages: Sequence[Shortage], terms: LeverTerms | None = None
) -> list[Candidate]:
    """All that is to be priced: local rungs of the leading bottlenecks, the other rungs, what the plan counts on."""
    ways = list_ways(session, shortages, terms)
    return [*sorted(ways, key=lambda way: not way[1].is_local), *list_levers(session.problem, plan)]


def list_ways(
    session: Session, shortages: Sequence[Shortage], terms: LeverTerms | None = None, *, most_bottlenecks: int = 8
) -> list[Candidate]:
    """The rungs of every leading bottleneck (dearest first).

    A large model, where a re-solve takes seconds, is asked about its three leading bottlenecks only.
    """
    if session.is_large:
        most_bottlenecks = min(most_bottlenecks, MOST_IN_LARGE_MODELS)
    return [
        (bottleneck, rung)
        for bottleneck, blamed in leading_bottlenecks(shortages)[:most_bottlenecks]
        for rung in (
            *ladder(session, bottleneck, blamed, terms or LeverTerms()),
            *_share_rungs(session.problem, blamed, shortages),
        )
    ]


def list_levers(problem: BalanceProblem, plan: BalancePlan, *, most: int = MOST_LEVERS) -> list[Candidate]:
    """Overtime, extra shifts and hired people a plan counts on, those used most of each kind."""
    found = []
    for kind, used, without in (
        ("extra_shift", plan.extra_shifts, "no_shift"),
        ("overtime", plan.overtime, "no_overtime"),
        ("hire", plan.hired, "no_hire"),
    ):
        for resource in np.argsort(-used.sum(axis=1), kind="stable")[:most]:
            if used[resource].max(initial=0.0) > LEAST_HOURS:
                code = problem.resources[resource]
                lead = 0 if kind == "overtime" else int(problem.resource.shift_lead[resource]) * DAYS_PER_MONTH
                change = Change(without, (code,), 0, problem.months)
                amount = float(used[resource].sum())
                rung = Rung(kind, code, (change,), lead, amount, is_in_plan=True)
                found.append((Bottleneck("resource", code), rung))
    return found


def price_options(
    trials: Trials, shortages: Sequence[Shortage], terms: LeverTerms | None = None, *, most_bottlenecks: int = 8
) -> list[Option]:
    """The useful rungs of every leading bottleneck (dearest first), best gain first in each."""
    ways = list_ways(trials.session, shortages, terms, most_bottlenecks=most_bottlenecks)
    options: list[Option] = []
    for _bottleneck, rungs in groupby(ways, key=lambda way: way[0]):
        priced = [price_rung(trials, bottleneck, rung) for bottleneck, rung in rungs]
        options += sorted((o for o in priced if o.is_useful), key=lambda o: (-o.gain, o.kind, o.target))
    return options


def leading_bottlenecks(shortages: Sequence[Shortage]) -> list[tuple[Bottleneck, list[Shortage]]]:
    """First causes with the shortages they stand for, by margin lost."""
    groups: dict[Bottleneck, list[Shortage]] = defaultdict(list)
    for shortage in shortages:
        groups[shortage.cause.bottleneck].append(shortage)
    return sorted(groups.items(), key=lambda g: (-sum(s.margin for s in g[1]), g[0].kind, g[0].code))


def price_rung(trials: Trials, bottleneck: Bottleneck, rung: Rung) -> Option:
    """Solve with the rung's changes and compare with the base; the other way round for a lever in the plan."""
    plan, base = trials.solve_or_base(rung.changes), trials.base
    if rung.is_in_plan:
        plan, base = base, plan
    asked = float(trials.session.problem.demand.quantity.sum())
    units = float(plan.served.sum() - base.served.sum())
    start, lever_cost = min((c.start for c in rung.changes), default=0), plan.cost.get("options", 0.0)
    if rung.is_in_plan:
        start, lever_cost = _used_from(trials, rung), _cost_in_plan(trials, rung)
    return Option(
        kind=rung.kind,
        bottleneck=bottleneck,
        target=rung.target,
        changes=() if rung.is_in_plan else rung.changes,
        start=start,
        lead_days=rung.lead_days,
        units=units,
        revenue=plan.revenue - base.revenue,
        gain=plan.objective - base.objective,
        cost=lever_cost,
        stock=float(plan.stock[:, -1].sum() - base.stock[:, -1].sum()),
        service=units / asked if asked else 0.0,
        amount=rung.amount,
        is_cost_known=rung.is_cost_known,
        is_in_plan=rung.is_in_plan,
    )


def price_levers_in_plan(trials: Trials, *, most: int = MOST_LEVERS) -> list[Option]:
    """Overtime, extra shifts and people the base plan counts on, priced by taking them away, dearest first."""
    levers = list_levers(trials.session.problem, trials.base, most=most)
    useful = [option for option in (price_rung(trials, *lever) for lever in levers) if option.is_useful]
    return sorted(useful, key=lambda o: (-o.gain, o.kind, o.target))[:most]


def _used(trials: Trials, rung: Rung) -> tuple[int, Floats]:
    """A lever's resource and how much of it the base plan uses a month."""
    resource = trials.session.problem.resources.index(rung.target)
    base = trials.base
    used = {"extra_shift": base.extra_shifts, "overtime": base.overtime, "hire": base.hired}[rung.kind]
    return resource, used[resource]


def _used_from(trials: Trials, rung: Rung) -> int:
    months = np.flatnonzero(_used(trials, rung)[1] > LEAST_HOURS)
    return int(months[0]) if len(months) else 0


def _cost_in_plan(trials: Trials, rung: Rung) -> float:
    resource, used = _used(trials, rung)
    part = trials.session.problem.resource
    price = {
        "extra_shift": part.shift_cost,
        "overtime": part.overtime_cost,
        "hire": part.hire_cost[:, None] + np.cumsum(part.wage[:, ::-1], axis=1)[:, ::-1],  # wages until the end
    }[rung.kind]
    return float((used * price[resource]).sum())


def ladder(session: Session, bottleneck: Bottleneck, blamed: Sequence[Shortage], terms: LeverTerms) -> Iterator[Rung]:
    """The levers that may help a bottleneck, cheapest kind first."""
    problem = session.problem
    if bottleneck.kind == "resource":
        yield from _resource_rungs(problem, problem.resources.index(bottleneck.code), blamed, terms)
        yield from _pre_build_rungs(problem, bottleneck, blamed, terms)
        yield from _outsource_rungs(problem, blamed, terms)
        yield from _move_rungs(problem, bottleneck.code, blamed, terms)
    elif bottleneck.kind in ("supplier", "lead_time"):
        yield from _material_rungs(problem, bottleneck, blamed, terms)
        yield from _pre_build_rungs(problem, bottleneck, blamed, terms)
        yield from _outsource_rungs(problem, blamed, terms)
    elif bottleneck.kind == "storage":
        site = problem.sites.index(bottleneck.code)
        limit = problem.storage.quantity[problem.storage.site == site].max(initial=0.0)
        yield _rung(problem, "rent_storage", bottleneck.code, "storage", (bottleneck.code,), terms.storage_lead_days,
                    amount=terms.storage_share * limit, is_cost_known=False)  # fmt: skip
    elif bottleneck.kind == "fence":
        product, plant = bottleneck.code.split("|")
        months = {s.cause.month for s in blamed}
        change = Change("unfence", (product, plant), min(months), max(months) + 1)
        yield Rung("break_fence", bottleneck.code, (change,), 0, 0.0, is_cost_known=False)
    elif bottleneck.kind in ("no_routing", "routing_limit"):
        yield from _outsource_rungs(problem, blamed, terms)
    if bottleneck.kind not in ("margin", "no_route"):
        yield from _defer_rungs(problem, blamed, terms)


def _resource_rungs(
    problem: BalanceProblem, index: int, blamed: Sequence[Shortage], terms: LeverTerms
) -> Iterator[Rung]:
    resource, code = problem.resource, problem.resources[index]
    hours = float(resource.regular_hours[index].mean())
    if resource.is_labour[index]:
        hours = float((resource.headcount[index] * resource.hours_per_person[index]).mean())
    regular = float(resource.regular_cost[index].mean())
    given = float(resource.overtime_cost[index].mean())
    rate = given or terms.overtime_markup * regular
    until = _until(blamed)
    yield _rung(problem, "overtime", code, "overtime", (code,), 0, amount=terms.overtime_share * hours,
                price=rate - regular, until=until, is_cost_known=given > 0)  # fmt: skip
    one_shift = float(resource.shift_hours[index].mean())
    shifts = hours / one_shift if one_shift else terms.most_shifts
    room = min(1.0, terms.most_shifts - shifts - float(resource.shift_max[index].max()))
    if not resource.is_labour[index] and room > 0:
        price = float(resource.shift_cost[index].mean())
        lead = int(resource.shift_lead[index]) * DAYS_PER_MONTH
        yield _rung(problem, "extra_shift", code, "extra_shift", (code,), lead, amount=room, price=price,
                    until=until, is_cost_known=price > 0)  # fmt: skip
    if resource.kind[index] in PEOPLE:
        if not resource.can_hire[index]:  # else the plan hires by itself, as early as people can come
            yield _rung(problem, "hire", code, "hours", (code,), terms.hire_lead_days, amount=terms.hire_share * hours,
                        is_cost_known=False)  # fmt: skip
        return
    yield _rung(problem, "jph", code, "hours", (code,), terms.jph_lead_days, amount=terms.jph_share * hours,
                is_cost_known=False)  # fmt: skip
    yield _rung(problem, "new_equipment", code, "hours", (code,), terms.equipment_lead_days,
                amount=terms.equipment_share * hours, is_cost_known=False)  # fmt: skip


def _pre_build_rungs(
    problem: BalanceProblem, bottleneck: Bottleneck, blamed: Sequence[Shortage], terms: LeverTerms
) -> Iterator[Rung]:
    """More than usual in the months before the first tight one, carried as stock into it."""
    first, code = min(s.cause.month for s in blamed), bottleneck.code
    if bottleneck.kind == "resource":
        index, resource = problem.resources.index(code), problem.resource
        hours = resource.regular_hours[index] + resource.headcount[index] * resource.hours_per_person[index]
        regular = float(resource.regular_cost[index].mean())
        given = float(resource.overtime_cost[index].mean())
        price = (given or terms.overtime_markup * regular) - regular
        amount, start, lead = terms.overtime_share * float(hours.mean()), 0, 0
        change = Change("overtime", (code,), start, first, amount=amount, price=price)
        known = given > 0
    elif bottleneck.kind == "supplier":
        limits = problem.supplier.quantity[problem.supplier.material == problem.materials.index(code)]
        amount = terms.supplier_share * float(limits[np.isfinite(limits)].mean())
        start, lead, known = _lead_months(terms.supplier_lead_days), terms.supplier_lead_days, False
        change = Change("supply", (code,), start, first, amount=amount)
    else:
        return
    if start < first:
        yield Rung("pre_build", code, (change,), lead, amount, known)


def _material_rungs(
    problem: BalanceProblem, bottleneck: Bottleneck, blamed: Sequence[Shortage], terms: LeverTerms
) -> Iterator[Rung]:
    code = bottleneck.code
    material = problem.materials.index(code)
    price = float(problem.material.unit_cost[problem.material.material == material].mean())
    need = max(s.quantity * s.cause.use for s in blamed)
    usual = problem.supplier.quantity[problem.supplier.material == material]
    finite = usual[np.isfinite(usual)]
    scale = float(finite.mean()) if finite.size else need
    if bottleneck.kind == "lead_time":
        reach = max(s.cause.month for s in blamed) + 1
        change = Change("expedite", (code,), 0, reach, amount=np.inf, price=terms.expedite_markup * price)
        yield Rung("expedite", code, (change,), 0, float(need), is_cost_known=False)
        return
    yield _rung(problem, "raise_supply", code, "supply", (code,), terms.supplier_lead_days,
                amount=terms.supplier_share * scale, until=_until(blamed), is_cost_known=False)  # fmt: skip
    yield _rung(problem, "second_source", code, "second_source", (code,), terms.second_source_lead_days,
                amount=terms.second_source_share * scale, price=terms.second_source_markup * price,
                is_cost_known=False)  # fmt: skip


def _outsource_rungs(problem: BalanceProblem, blamed: Sequence[Shortage], terms: LeverTerms) -> Iterator[Rung]:
    """Buy the products that are short ready-made, each up to its largest monthly shortage."""
    start = _lead_months(terms.outsource_lead_days)
    if start >= problem.months:
        return
    changes, known = [], True
    for product, most in sorted(_worst_month(blamed).items()):
        points = np.flatnonzero(problem.points.product == problem.products.index(product))
        if not len(points) or not np.isnan(problem.points.outsource_cost[points]).all():
            continue  # nowhere to put it, or the plan may buy it already
        known = False
        price = terms.outsource_markup * _unit_cost(problem, int(points[0]))
        changes.append(Change("outsource", (product,), start, problem.months, amount=most, price=price))
    if changes:
        amount = sum(change.amount for change in changes)
        yield Rung("outsource", "", tuple(changes), terms.outsource_lead_days, amount, known)


def _move_rungs(problem: BalanceProblem, code: str, blamed: Sequence[Shortage], terms: LeverTerms) -> Iterator[Rung]:
    """Make the short products on the resource of the same kind, at another site, that has most hours to spare."""
    start = _lead_months(terms.move_lead_days)
    here = problem.resources.index(code)
    resource = problem.resource
    others = [
        g for g in range(len(resource))
        if resource.kind[g] == resource.kind[here] and resource.site[g] != resource.site[here]
    ]  # fmt: skip
    if not others or start >= problem.months:
        return
    spare = {g: float(resource.regular_hours[g].sum()) for g in others}
    target = problem.resources[max(others, key=lambda g: (spare[g], -g))]
    changes = []
    for product, most in sorted(_worst_month(blamed).items()):
        points = np.flatnonzero((problem.points.product == problem.products.index(product)) & problem.points.can_make)
        if len(points):
            price = (terms.move_markup - 1.0) * _unit_cost(problem, int(points[0])) + float(
                problem.points.make_cost[points[0]].mean()
            )
            changes.append(Change("move", (product, target), start, problem.months, amount=most, price=price))
    if changes:
        yield Rung("move", target, tuple(changes), terms.move_lead_days, sum(c.amount for c in changes), False)


def _defer_rungs(problem: BalanceProblem, blamed: Sequence[Shortage], terms: LeverTerms) -> Iterator[Rung]:
    """Ask the customers to take the short units later."""
    cells = tuple((s.demand, s.month, s.quantity) for s in blamed if s.month + terms.defer_months < problem.months)
    if cells:
        start = min(month for _cls, month, _units in cells)
        change = Change("defer", (), start, problem.months, amount=float(terms.defer_months), cells=cells)
        yield Rung("defer", "", (change,), 0, sum(units for _c, _m, units in cells))


def _share_rungs(problem: BalanceProblem, blamed: Sequence[Shortage], shortages: Sequence[Shortage]) -> Iterator[Rung]:
    """Give every market the same share of what there is, instead of what earns most."""
    cells = fair_allocation(problem, blamed, shortages)
    if cells:
        yield Rung("allocate", "", (allocation(cells),), 0, sum(units for _c, _m, units in cells))


def _rung(
    problem: BalanceProblem,
    kind: str,
    target: str,
    change: str,
    key: tuple[str, ...],
    lead_days: int,
    *,
    amount: float,
    price: float = 0.0,
    until: int | None = None,
    is_cost_known: bool = True,
) -> Rung:
    """One change from the first month the lever can work in; temporary ones end with ``until``."""
    start = min(_lead_months(lead_days), problem.months - 1)
    end = problem.months if until is None else max(start + 1, until)
    changes = (Change(change, key, start, end, amount=amount, price=price),)
    return Rung(kind, target, changes, lead_days, amount, is_cost_known)


def _until(blamed: Sequence[Shortage]) -> int:
    """A temporary lever is needed until the last month that is short."""
    return max(shortage.month for shortage in blamed) + 1


def _lead_months(days: int) -> int:
    """First month offset a lever decided now can work in."""
    return -(-days // DAYS_PER_MONTH)


def _worst_month(blamed: Sequence[Shortage]) -> dict[str, float]:
    """Product → largest monthly shortage over all its markets."""
    by_month: dict[tuple[str, int], float] = defaultdict(float)
    for shortage in blamed:
        by_month[shortage.product, shortage.month] += shortage.quantity
    worst: dict[str, float] = defaultdict(float)
    for (product, _month), units in by_month.items():
        worst[product] = max(worst[product], units)
    return worst


def _unit_cost(problem: BalanceProblem, point: int) -> float:
    """Mean cost of a unit made at a point: making and materials."""
    cost = float(problem.points.make_cost[point].mean())
    lines = np.flatnonzero(problem.material_lines.point == point)
    places = problem.material_lines.material_point[lines]
    return cost + float(
        (problem.material_lines.quantity[lines] * problem.material.unit_cost[places].mean(axis=1)).sum()
    )
