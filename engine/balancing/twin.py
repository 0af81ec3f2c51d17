"""The readable twin: the same model written row by row with PuLP.

Slow and plain on purpose. It takes the same contracts as the matrix builder and must give the same optimum
to 1e-6; it also writes the ``.lp`` file an analyst can open. Sales are explicit columns here, where the
builder folds single lost-sale classes into ranged rows, so the two are different on the way and equal at
the end. For cases up to a few thousand columns.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pulp

from engine.balancing.contracts import BalanceProblem, SolveOptions
from engine.balancing.derived import derive, lot_cap, order_cap
from engine.balancing.solve import frozen_limit


class Twin:
    """One problem as a PuLP model. ``x[p, t]`` and the like are PuLP variables."""

    def __init__(self, problem: BalanceProblem, options: SolveOptions | None = None) -> None:
        self.problem = problem
        self.options = options or SolveOptions()
        self.derived = derive(problem)
        self.months = range(problem.months)
        self.model = pulp.LpProblem("balance", pulp.LpMaximize)
        self.money: list[Any] = []
        self.less_than_frozen: list[Any] = []
        self._decisions()
        self._stock_balance()
        self._sales()
        self._materials()
        self._hours()
        self._storage()
        self._release()
        if self.options.set_ups:
            self._set_ups()
        self.model.setObjective(pulp.lpSum(self.money))

    def solve(self, solver: Any = None) -> float:
        """The optimal objective (profit less the price of soft rules), frozen months kept as far as they can be."""
        chosen = solver or pulp.HiGHS(msg=False, threads=1, gapRel=self.options.mip_gap)
        if self.less_than_frozen:
            missed = pulp.lpSum(self.less_than_frozen)
            self.model.setObjective(-missed)
            least = -self._optimum(chosen)
            self.model += missed <= frozen_limit(least), "Frozen"
            self.model.setObjective(pulp.lpSum(self.money))
        return self._optimum(chosen)

    def _optimum(self, solver: Any) -> float:
        status = self.model.solve(solver)
        if pulp.LpStatus[status] != "Optimal":
            raise RuntimeError(pulp.LpStatus[status])
        return float(pulp.value(self.model.objective))

    def _var(self, name: str, *key: int, upper: float = np.inf, lower: float = 0.0, whole: bool = False) -> Any:
        kind = pulp.LpInteger if whole else pulp.LpContinuous
        top = None if np.isinf(upper) else float(upper)
        return self.model.add_variable("_".join([name, *map(str, key)]), float(lower), top, cat=kind)

    def _decisions(self) -> None:
        points, price = self.problem.points, self.derived.elastic_price
        self.make: dict[tuple[int, int], Any] = {}
        self.outsource: dict[tuple[int, int], Any] = {}
        self.stock: dict[tuple[int, int], Any] = {}
        self.scrap: dict[tuple[int, int], Any] = {}
        for p in range(len(points)):
            for t in self.months:
                if points.can_make[p]:
                    self.make[p, t] = self._var("make", p, t, upper=points.make_max[p, t])
                    self.money.append(-points.make_cost[p, t] * self.make[p, t])
                if not np.isnan(points.outsource_cost[p, t]):
                    self.outsource[p, t] = self._var("outsource", p, t, upper=points.outsource_max[p, t])
                    self.money.append(-points.outsource_cost[p, t] * self.outsource[p, t])
                self.stock[p, t] = self._var("stock", p, t)
                self.money.append(-points.hold_cost[p, t] * self.stock[p, t])
                below = self._var("below", p, t)
                self.model += self.stock[p, t] + below >= self.derived.soft_level[p, t]
                self.money.append(-self.derived.below_price[p, t] * below)
                if np.isfinite(points.max_stock[p, t]):
                    over = self._var("over", p, t)
                    room = max(self.derived.stock_limit[p, t], self.derived.soft_level[p, t])
                    self.model += self.stock[p, t] - over <= room
                    self.money.append(-price * over)
                if np.isfinite(points.shelf_months[p]):
                    self.scrap[p, t] = self._var("scrap", p, t)
                    self.money.append(-points.scrap_cost[p, t] * self.scrap[p, t])
        lanes = self.problem.lanes
        self.ship = {
            (i, t): self._var("ship", i, t)
            for i in range(len(lanes))
            for t in self.months
            if t + lanes.lag[i] < self.problem.months and self.derived.lane_market[i] in self.derived.markets
        }
        self.money += [-self.problem.lanes.cost[i, t] * v for (i, t), v in self.ship.items()]
        moves = self.problem.transfers
        self.move = {
            (i, t): self._var("move", i, t)
            for i in range(len(moves))
            for t in self.months
            if t + moves.lag[i] < self.problem.months
        }
        self.money += [-moves.cost[i, t] * v for (i, t), v in self.move.items()]

    def _stock_balance(self) -> None:
        points, lines, transfers = self.problem.points, self.problem.component_lines, self.problem.transfers
        for p in range(len(points)):
            incoming: list[Any] = []
            for t in self.months:
                before = self.stock[p, t - 1] if t else points.initial[p]
                gained = self.make.get((p, t), 0) + self.outsource.get((p, t), 0)
                shipped = pulp.lpSum(self.ship.get((i, t), 0) for i in _where(self.problem.lanes.point == p))
                used = pulp.lpSum(
                    lines.quantity[m] * self.make.get((lines.point[m], t), 0) for m in _where(lines.component == p)
                )
                sent = pulp.lpSum(self.move.get((i, t), 0) for i in _where(transfers.source == p))
                gained += pulp.lpSum(
                    self.move[i, t - int(transfers.lag[i])]
                    for i in _where(transfers.target == p)
                    if t >= transfers.lag[i]
                )
                change = before + gained - sent - shipped - used - self.scrap.get((p, t), 0)
                self.model += change == self.stock[p, t], f"Stock-balance_{p}_{t}"
                incoming.append(gained)
                self._keep(f"Shelf-life_{p}_{t}", points, p, incoming, self.stock[p, t])

    def _keep(self, name: str, part: Any, row: int, incoming: list[Any], stock: Any) -> None:
        """First in, first out: what is left at a month's end came in during the last months, or is still good."""
        shelf_months, month = part.shelf_months[row], len(incoming) - 1
        if np.isinf(shelf_months):
            return
        reach = max(1, int(shelf_months))
        kept = part.opening_kept[row, month] if month < reach - 1 else 0.0
        if month >= reach - 1 or kept < part.initial[row]:
            self.model += stock <= pulp.lpSum(incoming[-reach:]) + kept, name

    def _release(self) -> None:
        points = self.problem.points
        for (p, t), made in self.make.items():
            release, band, fixed = points.reference[p, t], points.reference_band[p, t], points.make_min[p, t]
            if fixed > 0:
                less = self._var("less", p, t, upper=fixed)
                self.less_than_frozen.append(less)
                self.money.append(-self.derived.elastic_price * less)
                self.model += made + less >= fixed, f"Release-lower_{p}_{t}"
            elif not np.isnan(release):
                more, less = self._var("more", p, t), self._var("less", p, t)
                self.money.append(-points.change_price[p, t] * (more + less))
                self.model += made - more + less <= release + band, f"Release-upper_{p}_{t}"
                self.model += made - more + less >= release - band, f"Release-lower_{p}_{t}"

    def is_whole(self, month: int) -> bool:
        """Whether decisions of whole numbers are whole in a month."""
        return month < (self.options.integer_months or len(self.months))

    def _sales(self) -> None:
        demand, lanes, derived = self.problem.demand, self.problem.lanes, self.derived
        sold: dict[tuple[int, int], list[Any]] = defaultdict(list)
        for c in range(len(demand)):
            waiting: Any = 0.0
            for t in self.months:
                asked = demand.quantity[c, t]
                served = self._var("serve", c, t)
                sold[derived.class_market[c], t].append(served)
                lost = self._var("lost", c, t)
                self.money.append(demand.price[c, t] * served)
                if demand.backorder[c]:
                    top = np.inf if t < self.months[-1] or demand.backlog_end_allowed[c] else 0.0
                    backlog = self._var("backlog", c, t, upper=top)
                    rise = max(0.0, demand.price[c, t + 1] - demand.price[c, t]) if t < self.months[-1] else 0.0
                    self.money.append(-(demand.backorder_cost[c, t] + rise) * backlog)
                    self.model += served + backlog - waiting + lost == asked, f"Demand_{c}_{t}"
                    waiting = backlog
                    given = demand.lost_cost[c, t]
                    self.money.append(-(derived.elastic_price if np.isnan(given) else given) * lost)
                else:
                    self.model += served + lost == asked, f"Demand_{c}_{t}"
                    self.money.append(-(derived.unit_value[c, t] - demand.price[c, t]) * lost)
        for market in derived.markets:
            ways = _where(derived.lane_market == market)
            for t in self.months:
                arrived = [self.ship[i, t - int(lanes.lag[i])] for i in ways if t >= lanes.lag[i]]
                self.model += pulp.lpSum(arrived) == pulp.lpSum(sold[market, t]), f"Pool_{market}_{t}"

    def _materials(self) -> None:
        material, lines = self.problem.material, self.problem.material_lines
        bought: dict[tuple[int, int], list[Any]] = defaultdict(list)
        largest = order_cap(self.problem, self.derived.make_cap)
        for m in range(len(material)):
            before: Any = material.initial[m]
            incoming: list[Any] = []
            for t in self.months:
                open_month = t >= material.first_arrival[m]
                buy = self._var(
                    "buy",
                    m,
                    t,
                    lower=material.buy_min[m, t] if open_month else 0.0,
                    upper=material.buy_max[m, t] if open_month else 0.0,
                )
                bought[int(material.material[m]), t].append(buy)
                if self.options.set_ups and material.min_order[m] > 0:
                    ordered = self._var("order", m, t, upper=1.0, whole=self.is_whole(t))
                    self.model += buy <= largest[m, t] * ordered, f"Order-upper_{m}_{t}"
                    self.model += buy >= material.min_order[m] * ordered, f"Min-order-lower_{m}_{t}"
                stock, below = self._var("material", m, t), self._var("below_band", m, t)
                used = pulp.lpSum(
                    lines.quantity[j] * self.make.get((lines.point[j], t), 0) for j in _where(lines.material_point == m)
                )
                gained = buy + material.arrivals[m, t]
                flow = before + gained - used
                if np.isfinite(material.shelf_months[m]):
                    scrap = self._var("scrap_material", m, t)
                    self.money.append(-material.scrap_cost[m, t] * scrap)
                    flow -= scrap
                self.model += flow == stock, f"Material-balance_{m}_{t}"
                incoming.append(gained)
                self._keep(f"Material-shelf-life_{m}_{t}", material, m, incoming, stock)
                self.model += stock + below >= material.safety_stock[m, t]
                self.money.append(-material.unit_cost[m, t] * buy - material.hold_cost[m, t] * stock)
                self.money.append(-material.safety_penalty[m, t] * below)
                before = stock
        supplier = self.problem.supplier
        for i in range(len(supplier)):
            for t in self.months:
                if np.isfinite(supplier.quantity[i, t]):
                    total = pulp.lpSum(bought[int(supplier.material[i]), t])
                    self.model += total <= supplier.quantity[i, t], f"Supplier-limit_{i}_{t}"

    def _hours(self) -> None:
        resource, lines = self.problem.resource, self.problem.routings
        for g in range(len(resource)):
            uses = _where(lines.resource == g)
            heads: Any = resource.headcount[g]
            for t in self.months:
                load = pulp.lpSum(lines.hours[m] * self.make.get((lines.point[m], t), 0) for m in uses)
                per_person = resource.is_labour[g] and (resource.overtime_per_person[g] > 0).any()
                overtime = self._var("overtime", g, t, upper=np.inf if per_person else resource.overtime_max[g, t])
                whole = self.options.integer_headcount and self.is_whole(t)
                whole_shift = self.options.integer_shifts and self.is_whole(t)
                shifts = self._var("shifts", g, t, upper=resource.shift_max[g, t], whole=whole_shift)
                room = resource.regular_hours[g, t] + overtime + resource.shift_hours[g, t] * shifts
                self.money.append(-resource.regular_cost[g, t] * (load - overtime))
                self.money.append(-resource.overtime_price[g, t] * overtime)
                self.money.append(-resource.shift_cost[g, t] * shifts)
                if resource.is_labour[g]:
                    allowed = resource.can_hire[g]
                    can_start = allowed and t >= resource.shift_lead[g]
                    hired = self._var("hire", g, t, upper=np.inf if can_start else 0.0, whole=whole)
                    left = self._var("leave", g, t, upper=np.inf if allowed else 0.0, whole=whole)
                    now = self._var("heads", g, t)
                    self.model += now == heads + hired - left, f"Labour_{g}_{t}"
                    room += resource.hours_per_person[g, t] * now
                    if per_person:
                        limit = resource.overtime_per_person[g, t] * now + resource.overtime_max[g, t]
                        self.model += overtime <= limit, f"Labour-overtime-upper_{g}_{t}"
                    self.money.append(-resource.wage[g, t] * now - resource.hire_cost[g] * hired)
                    self.money.append(-resource.layoff_cost[g] * left)
                    heads = now
                self.model += load <= room, f"Resource-capacity-upper_{g}_{t}"

    def _storage(self) -> None:
        storage, points = self.problem.storage, self.problem.points
        for i in range(len(storage)):
            here = _where(points.site == storage.site[i])
            for t in self.months:
                slack = self._var("storage_slack", i, t)
                self.money.append(-self.derived.elastic_price * slack)
                held = pulp.lpSum(self.stock[p, t] for p in here)
                self.model += held <= self.derived.storage_limit[i, t] + slack, f"Storage-upper_{i}_{t}"

    def _set_ups(self) -> None:
        points = self.problem.points
        most = np.minimum(points.make_max, lot_cap(self.problem, self.derived.make_cap))
        for (p, t), made in self.make.items():
            if (points.setup_cost[p] > 0).any() or points.min_lot[p] > 0:
                running = self._var("set_up", p, t, upper=1.0, whole=self.is_whole(t))
                self.money.append(-points.setup_cost[p, t] * running)
                self.model += made <= most[p, t] * running, f"Setup-upper_{p}_{t}"
                lot = min(points.min_lot[p], points.make_max[p, t])
                self.model += made >= lot * running, f"Min-lot-lower_{p}_{t}"


def _where(mask: np.ndarray) -> list[int]:
    """Positions at which a mask holds."""
    found: list[int] = np.flatnonzero(mask).tolist()
    return found
