"""Why is it short? Walk the tight rows upstream of every short cell, rank them, prove the first by relaxing it.

The price of a unit that could not be served is spread by the duals over the rows that held it back: hours of
a resource on its routing, units of a material from its supplier, a lead time, a fence, room in a store. Each
gets ``dual · use`` as its score. Duals are not unique, so the best-ranked cause is confirmed by a trial:
relax it, solve again, count the units that come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats
from engine.balancing.placing import Change
from engine.balancing.solve import Session
from engine.balancing.trials import Trials

SHORT_TOLERANCE = 1e-4  # units
CONFIRMED_SHARE = 0.5  # of a bottleneck's shortage that must come back for it to be the cause
CAUSES_KEPT = 3
MOST_IN_LARGE_MODELS = 4  # a re-solve takes seconds there; the other causes stay ranked, not confirmed
_PRICE_TOLERANCE = 1e-7
_RELAXED_BY = {
    "resource": "hours",
    "supplier": "supply",
    "lead_time": "expedite",
    "storage": "storage",
    "fence": "unfence",
    "routing_limit": "unfence",
}
_DEPTH = 8

# kinds: resource, supplier, lead_time, transit, fence, routing_limit, storage, no_route, no_routing, margin


@dataclass(frozen=True)
class Bottleneck:
    """Something that holds supply back: ``code`` of a resource, material, site, product … by ``kind``."""

    kind: str
    code: str


@dataclass(frozen=True)
class Cause:
    """A bottleneck of one shortage. ``use`` is what one more unit takes of it (hours, pieces) in ``month``."""

    kind: str
    code: str
    month: int
    score: float
    use: float
    is_confirmed: bool = False

    @property
    def bottleneck(self) -> Bottleneck:
        return Bottleneck(self.kind, self.code)


@dataclass(frozen=True)
class Shortage:
    """Demand of a class in a month that its supply does not reach in time. Causes are ranked, best first."""

    demand: int
    product: str
    org: str
    month: int
    quantity: float
    revenue: float
    margin: float
    is_late: bool  # waits (backlog) rather than lost
    causes: tuple[Cause, ...]

    @property
    def cause(self) -> Cause:
        return self.causes[0]


@dataclass(frozen=True)
class Confirmation:
    """What relaxing one bottleneck alone brought back, of how much it was blamed for."""

    bottleneck: Bottleneck
    blamed: float
    removed: float
    is_confirmed: bool


def list_shortages(session: Session, plan: BalancePlan) -> list[Shortage]:
    """All shortages of a plan, dearest first, with ranked (not yet confirmed) causes."""
    tracer = _Tracer(session.problem, plan, session)
    short = plan.short()
    demand, problem = session.problem.demand, session.problem
    found = []
    for cls, month in np.argwhere(short > SHORT_TOLERANCE):
        quantity = float(short[cls, month])
        price = float(demand.price[cls, month])
        found.append(
            Shortage(
                demand=int(cls),
                product=problem.products[demand.product[cls]],
                org=problem.orgs[demand.org[cls]],
                month=int(month),
                quantity=quantity,
                revenue=quantity * price,
                margin=quantity * (price - tracer.plain_cost(int(cls), int(month))),
                is_late=bool(demand.backorder[cls] and plan.lost[cls, month] <= SHORT_TOLERANCE),
                causes=tracer.causes(int(cls), int(month)),
            )
        )
    return sorted(found, key=lambda s: (-s.margin, -s.quantity, s.product, s.org, s.month))


def confirm_causes(
    trials: Trials,
    shortages: list[Shortage],
    *,
    most: int = 12,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[list[Shortage], list[Confirmation]]:
    """Relax the leading bottlenecks one by one (the ``most`` dearest); a cause that frees too little steps back."""
    if trials.session.is_large:
        most = min(most, MOST_IN_LARGE_MODELS)
    confirmations: list[Confirmation] = []
    tried: set[Bottleneck] = set()
    current = list(shortages)
    for number in range(most):
        progress(number / most)
        bottleneck = _dearest(current, tried)
        if bottleneck is None:
            break
        tried.add(bottleneck)
        blamed = [s for s in current if s.cause.bottleneck == bottleneck]
        changes = relaxations(trials.session.problem, blamed)
        total = sum(s.quantity for s in blamed)
        removed = _removed(trials, changes, blamed) if changes else 0.0
        is_confirmed = removed >= CONFIRMED_SHARE * total or not changes
        confirmations.append(Confirmation(bottleneck, total, removed, is_confirmed))
        current = [
            _judged(s, bottleneck, is_confirmed, tried) if s.cause.bottleneck == bottleneck else s for s in current
        ]
    return current, confirmations


def relaxations(problem: BalanceProblem, shortages: Iterable[Shortage]) -> list[Change]:
    """Changes that take the first cause of the given shortages away, in the months where it binds."""
    need: dict[tuple[str, str, int], float] = defaultdict(float)
    for shortage in shortages:
        cause = shortage.cause
        need[cause.kind, cause.code, cause.month] += shortage.quantity * cause.use
    changes = []
    for (kind, code, month), amount in sorted(need.items()):
        if kind in _RELAXED_BY:
            more = np.inf if kind == "lead_time" else amount
            changes.append(Change(_RELAXED_BY[kind], tuple(code.split("|")), month, month + 1, amount=more))
    return changes


def _removed(trials: Trials, changes: list[Change], blamed: list[Shortage]) -> float:
    """Units of the blamed shortages that a relaxed plan serves."""
    after = trials.solve_or_base(changes).short()
    return sum(max(0.0, s.quantity - float(after[s.demand, s.month])) for s in blamed)


def _dearest(shortages: list[Shortage], tried: set[Bottleneck]) -> Bottleneck | None:
    """The untried leading bottleneck with the most margin behind it."""
    weight: dict[Bottleneck, float] = defaultdict(float)
    for shortage in shortages:
        if shortage.cause.bottleneck not in tried:
            weight[shortage.cause.bottleneck] += max(shortage.margin, 0.0) + shortage.quantity * 1e-6
    if not weight:
        return None
    return max(sorted(weight, key=lambda b: (b.kind, b.code)), key=weight.__getitem__)


def _judged(shortage: Shortage, bottleneck: Bottleneck, confirmed: bool, tried: set[Bottleneck]) -> Shortage:
    """Mark the leading cause, or let the next untried one lead."""
    lead, *rest = shortage.causes
    if confirmed:
        return replace(shortage, causes=(replace(lead, is_confirmed=True), *rest))
    fresh = [c for c in rest if c.bottleneck not in tried]
    if not fresh:
        return shortage
    others = [c for c in shortage.causes if c not in fresh]
    return replace(shortage, causes=(*fresh, *others))


class _Tracer:
    """Collects the priced rows upstream of a market in a month."""

    def __init__(self, problem: BalanceProblem, plan: BalancePlan, session: Session) -> None:
        self.problem = problem
        self.plan = plan
        self.session = session
        rows = session.program.rows
        self.duals = {
            name: _full(plan.duals[name], rows[name].members, entities)
            for name, entities in (
                ("Stock-balance", len(problem.points)),
                ("Material-balance", len(problem.material)),
                ("Resource-capacity-upper", len(problem.resource)),
                ("Supplier-limit", len(problem.supplier)),
                ("Storage-upper", len(problem.storage)),
            )
        }
        self.lanes_of = _group(session.derived.lane_market)
        self.routings_of = _group(problem.routings.point)
        self.materials_of = _group(problem.material_lines.point)
        self.components_of = _group(problem.component_lines.point)
        self.limit_of = {int(m): i for i, m in enumerate(problem.supplier.material)}
        self.storage_of = {int(s): i for i, s in enumerate(problem.storage.site)}
        self.sources_of = _group(problem.transfers.target)

    def causes(self, cls: int, month: int) -> tuple[Cause, ...]:
        """Ranked causes; the way that costs least scarcity counts most."""
        ways = self.lanes_of.get(int(self.session.derived.class_market[cls]), [])
        product = self.problem.products[self.problem.demand.product[cls]]
        if not ways:
            return (Cause("no_route", product, month, 0.0, 1.0),)
        by_way = []
        for lane in ways:
            leaving = month - int(self.problem.lanes.lag[lane])
            point = int(self.problem.lanes.point[lane])
            if leaving < 0:
                site = self.problem.sites[self.problem.points.site[point]]
                by_way.append([Cause("transit", site, month, np.inf, 1.0)])
            else:
                by_way.append(self._point(point, leaving, 1.0, _DEPTH))
        by_way.sort(key=lambda causes: sum(c.score for c in causes))
        ranked: dict[Bottleneck, Cause] = {}
        for causes in by_way:
            for cause in sorted(causes, key=lambda c: -c.score):
                ranked.setdefault(cause.bottleneck, cause)
        if not ranked:
            return (Cause("margin", product, month, 0.0, 1.0),)
        return tuple(ranked.values())[:CAUSES_KEPT]

    def plain_cost(self, cls: int, month: int) -> float:
        """Cheapest unit cost to serve a class without any scarcity: make, hours, materials, freight."""
        costs = []
        for lane in self.lanes_of.get(int(self.session.derived.class_market[cls]), []):
            leaving = max(0, month - int(self.problem.lanes.lag[lane]))
            point = int(self.problem.lanes.point[lane])
            costs.append(self._unit_cost(point, leaving, _DEPTH) + float(self.problem.lanes.cost[lane, leaving]))
        return min(costs, default=0.0)

    def _unit_cost(self, point: int, month: int, depth: int) -> float:
        problem = self.problem
        cost = float(problem.points.make_cost[point, month])
        for line in self.routings_of.get(point, []):
            rate = problem.resource.regular_cost[problem.routings.resource[line], month]
            cost += float(problem.routings.hours[line] * rate)
        for line in self.materials_of.get(point, []):
            price = problem.material.unit_cost[problem.material_lines.material_point[line], month]
            cost += float(problem.material_lines.quantity[line] * price)
        if depth:
            for line in self.components_of.get(point, []):
                part = int(problem.component_lines.component[line])
                cost += float(problem.component_lines.quantity[line]) * self._unit_cost(part, month, depth - 1)
        return cost

    def _point(self, point: int, month: int, use: float, depth: int) -> list[Cause]:
        """What holds back one more of a product at a site in a month."""
        problem = self.problem
        points = problem.points
        product, site = problem.products[points.product[point]], problem.sites[points.site[point]]
        if not points.can_make[point]:
            found = []
            for move in self.sources_of.get(point, []):
                if depth:
                    found += self._point(int(problem.transfers.source[move]), month, use, depth - 1)
            return found or [Cause("no_routing", product, month, 0.0, use)]
        value = float(self.duals["Stock-balance"][point, month]) * use
        fixed = float(points.make_max[point, month])
        kept = self.plan.production[point, month] >= fixed - SHORT_TOLERANCE  # else hours or parts hold it back
        if points.make_min[point, month] == fixed and kept:
            return [Cause("fence", f"{product}|{site}", month, max(value, 0.0), use)]
        found = []
        for line in self.routings_of.get(point, []):
            resource, hours = int(problem.routings.resource[line]), float(problem.routings.hours[line]) * use
            score = hours * float(self.duals["Resource-capacity-upper"][resource, month])
            if score > _PRICE_TOLERANCE:
                found.append(Cause("resource", problem.resources[resource], month, score, hours))
        for line in self.materials_of.get(point, []):
            found += self._material(line, month, use)
        if depth:
            for line in self.components_of.get(point, []):
                part = int(problem.component_lines.component[line])
                taken = float(problem.component_lines.quantity[line]) * use
                found += self._point(part, month, taken, depth - 1)
        limit = points.make_max[point, month]
        if np.isfinite(limit) and self.plan.production[point, month] >= limit - SHORT_TOLERANCE:
            found.append(Cause("routing_limit", f"{product}|{site}", month, max(value, 0.0), use))
        store = self.storage_of.get(int(points.site[point]))
        if store is not None:
            room = float(self.duals["Storage-upper"][store, : month + 1].sum()) * use
            if room > _PRICE_TOLERANCE:
                tight = int(np.flatnonzero(self.duals["Storage-upper"][store, : month + 1] > 0)[-1])
                found.append(Cause("storage", site, tight, room, use))
        return found

    def _material(self, line: int, month: int, use: float) -> list[Cause]:
        """A material is scarce when its price in the plan is above what it costs to buy."""
        problem = self.problem
        place = int(problem.material_lines.material_point[line])
        taken = float(problem.material_lines.quantity[line]) * use
        code = problem.materials[problem.material.material[place]]
        dual = float(self.duals["Material-balance"][place, month])
        scarcity = dual - float(problem.material.unit_cost[place, month])
        if scarcity <= _PRICE_TOLERANCE:
            return []
        if month < problem.material.first_arrival[place]:
            return [Cause("lead_time", code, month, scarcity * taken, taken)]
        limit = self.limit_of.get(int(problem.material.material[place]))
        if limit is not None:
            tight = np.flatnonzero(self.duals["Supplier-limit"][limit, : month + 1] > _PRICE_TOLERANCE)
            if len(tight):
                return [Cause("supplier", code, int(tight[-1]), scarcity * taken, taken)]
        return [Cause("lead_time", code, month, scarcity * taken, taken)]


def _full(values: Floats, members: np.ndarray, entities: int) -> Floats:
    full = np.zeros((entities, values.shape[1]))
    full[members] = values
    return full


def _group(keys: np.ndarray) -> dict[int, list[int]]:
    """Key → positions that hold it."""
    groups: dict[int, list[int]] = defaultdict(list)
    for position, key in enumerate(keys.tolist()):
        groups[key].append(position)
    return groups
