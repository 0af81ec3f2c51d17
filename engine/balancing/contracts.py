"""What goes into the balancing model and what comes out: plain arrays, no units of a database.

Every set is sparse: an entity (a stock point, a lane, a demand class …) is one row of parallel arrays, and
time is the last axis with ``T`` monthly columns. Indices point into the tuples of codes. Quantities are in
the product's unit, capacity in hours, money in company currency. ``inf`` means "no limit", ``nan`` "not
given". Codes are sorted, entities are sorted by their indices, so the same company gives the same bytes in
whatever order its rows came.

Symbols are those of ``docs/maths/balancing.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class StockPoints:
    """A product at a site (k, p): where it is made, held and shipped from. ``n`` rows.

    A made component is a stock point without demand. ``initial`` may sit at a point that makes nothing.
    """

    product: Ints  # [n] index into products
    site: Ints  # [n] index into sites
    initial: Floats  # [n] stock at the start, I0
    can_make: Bools  # [n]
    make_cost: Floats  # [n, T] per unit, without what the model charges apart (hours, purchases)
    make_min: Floats  # [n, T] fence: what the last release fixes, else 0; less where hours or parts are missing
    make_max: Floats  # [n, T] fence or routing limit, else inf
    outsource_cost: Floats  # [n, T] all-in per unit; nan: cannot be outsourced
    outsource_max: Floats  # [n, T]
    hold_cost: Floats  # [n, T] per unit held at the month's end
    safety_stock: Floats  # [n, T] soft lower level, SS
    safety_penalty: Floats  # [n, T] per unit and month below SS; a planning price, no cost of the company
    max_stock: Floats  # [n, T] upper level; above it the elastic column ``overstock`` is priced
    end_stock: Floats  # [n] least stock at the end of the last month; elastic
    setup_cost: Floats  # [n, T] per month in which something is made; used with ``set_ups``
    min_lot: Floats  # [n] least quantity when something is made; used with ``set_ups``
    reference: Floats  # [n, T] slushy months: what the last release makes; nan: free
    reference_band: Floats  # [n, T] units either way that cost nothing
    change_price: Floats  # [n, T] per unit made beyond the band; a planning price
    shelf_months: Floats  # [n] whole months a unit keeps after the month it was made; inf: for ever
    scrap_cost: Floats  # [n, T] per unit written off because it became too old
    opening_kept: Floats  # [n, T] of the opening stock, young enough to be there at the month's end; inf: all

    def __len__(self) -> int:
        return len(self.product)


@dataclass(frozen=True)
class DemandClasses:
    """Demand of one kind for a product in a sales organisation (k, r, c). ``n`` rows.

    Backorder classes wait (backlog, with a cost per month); the others are lost when not served in the month.
    ``must_serve`` marks demand with neither price nor shortage cost: leaving it out is priced as a slack.
    """

    product: Ints  # [n]
    org: Ints  # [n]
    kind: tuple[str, ...]  # [n] "firm" or "upside"
    priority: Ints  # [n] 1 is served first, whatever it earns
    quantity: Floats  # [n, T] d
    price: Floats  # [n, T] revenue per unit served
    lost_cost: Floats  # [n, T] per unit lost; nan: none given
    backorder: Bools  # [n]
    backorder_cost: Floats  # [n, T] per unit and month waiting
    backlog_end_allowed: Bools  # [n]
    must_serve: Bools  # [n]

    def __len__(self) -> int:
        return len(self.product)


@dataclass(frozen=True)
class Lanes:
    """A way from a stock point to a sales organisation (k, p, r). ``n`` rows."""

    point: Ints  # [n] index into stock points
    org: Ints  # [n]
    cost: Floats  # [n, T] freight per unit, by month shipped
    lag: Ints  # [n] months from shipping to arrival

    def __len__(self) -> int:
        return len(self.point)


@dataclass(frozen=True)
class Transfers:
    """A way of a product between two sites: components to where they are needed, goods to a store. ``n`` rows."""

    source: Ints  # [n] index into stock points
    target: Ints  # [n] index into stock points
    cost: Floats  # [n, T] per unit, by month sent
    lag: Ints  # [n] months from sending to arrival

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Resources:
    """Something with hours: a line, equipment, labour, warehouse handling, engineering. ``n`` rows.

    For labour (``is_labour``) regular hours are ``hours_per_person · headcount`` and headcount is a decision;
    ``regular_hours`` is then only the lost or given hours on top (≤ 0 for losses).
    """

    kind: tuple[str, ...]  # [n] labour, equipment, line, material, warehouse, engineering
    site: Ints  # [n]
    regular_hours: Floats  # [n, T] days · shifts · hours · efficiency − lost
    regular_cost: Floats  # [n, T] per regular hour used
    overtime_max: Floats  # [n, T] hours; for people on top of ``overtime_per_person``
    overtime_cost: Floats  # [n, T] per overtime hour, instead of the regular cost
    shift_hours: Floats  # [n, T] hours one more shift a day adds in the month
    shift_max: Floats  # [n, T] how many more shifts; 0 before the lead time
    shift_cost: Floats  # [n, T] per extra shift and month
    shift_lead: Ints  # [n] months from the decision to the first extra shift (or hired person)
    is_labour: Bools  # [n]
    headcount: Floats  # [n] persons at the start, W0
    can_hire: Bools  # [n]
    hours_per_person: Floats  # [n, T]
    overtime_per_person: Floats  # [n, T] hours
    wage: Floats  # [n, T] per person and month
    hire_cost: Floats  # [n] per person
    layoff_cost: Floats  # [n] per person

    def __len__(self) -> int:
        return len(self.site)

    @property
    def overtime_price(self) -> Floats:
        """[n, T] per overtime hour: at least a regular hour's, else people would come for overtime nobody works."""
        return np.maximum(self.overtime_cost, self.regular_cost)


@dataclass(frozen=True)
class Routings:
    """Hours of a resource that one unit made at a stock point takes. All rows of a point are needed."""

    point: Ints  # [m]
    resource: Ints  # [m]
    hours: Floats  # [m] per unit

    def __len__(self) -> int:
        return len(self.point)


@dataclass(frozen=True)
class MaterialPoints:
    """A purchased material at a site (i, p). ``n`` rows. Purchases are indexed by month of arrival."""

    material: Ints  # [n] index into materials
    site: Ints  # [n]
    initial: Floats  # [n] J0
    arrivals: Floats  # [n, T] open purchases on their way
    unit_cost: Floats  # [n, T]
    hold_cost: Floats  # [n, T]
    lag: Ints  # [n] lead time in months
    first_arrival: Ints  # [n] first month in which a purchase decided now can arrive (0 … T)
    buy_min: Floats  # [n, T] fence, else 0
    buy_max: Floats  # [n, T] fence, else inf
    safety_stock: Floats  # [n, T] soft: the outer flex band of core materials
    safety_penalty: Floats  # [n, T]
    shelf_months: Floats  # [n] whole months it keeps after the month of arrival; inf: for ever
    scrap_cost: Floats  # [n, T] per unit written off because it became too old
    opening_kept: Floats  # [n, T] as of stock points
    min_order: Floats  # [n] least quantity when something is bought; used with ``set_ups``

    def __len__(self) -> int:
        return len(self.material)


@dataclass(frozen=True)
class MaterialLines:
    """``quantity`` of a material point goes into one unit made at a stock point."""

    point: Ints  # [m]
    material_point: Ints  # [m]
    quantity: Floats  # [m]

    def __len__(self) -> int:
        return len(self.point)


@dataclass(frozen=True)
class ComponentLines:
    """``quantity`` of one stock point's product goes into one unit made at another (multi-level BOM)."""

    point: Ints  # [m] the parent
    component: Ints  # [m] the stock point used up
    quantity: Floats  # [m]

    def __len__(self) -> int:
        return len(self.point)


@dataclass(frozen=True)
class SupplierLimits:
    """What a supplier can deliver of a material in a month, over all sites and net of open purchases."""

    material: Ints  # [n]
    quantity: Floats  # [n, T]; inf where no limit is given

    def __len__(self) -> int:
        return len(self.material)


@dataclass(frozen=True)
class StorageLimits:
    """How many units of product a site can hold at a month's end."""

    site: Ints  # [n]
    quantity: Floats  # [n, T]

    def __len__(self) -> int:
        return len(self.site)


@dataclass(frozen=True)
class BalanceProblem:
    """One company's supply balancing over ``months`` months from ``first_month`` (absolute)."""

    first_month: int
    months: int  # T
    products: tuple[str, ...]
    sites: tuple[str, ...]
    orgs: tuple[str, ...]
    resources: tuple[str, ...]
    materials: tuple[str, ...]
    points: StockPoints
    demand: DemandClasses
    lanes: Lanes
    transfers: Transfers
    resource: Resources
    routings: Routings
    material: MaterialPoints
    material_lines: MaterialLines
    component_lines: ComponentLines
    supplier: SupplierLimits
    storage: StorageLimits

    def with_part(self, part: str, **arrays: Any) -> BalanceProblem:
        """A copy in which some arrays of one part are exchanged; the rest is shared."""
        return replace(self, **{part: replace(getattr(self, part), **arrays)})


@dataclass(frozen=True)
class SolveOptions:
    """How to solve. The defaults are those of a plan of record: exact, one thread, fixed seed.

    ``integer_months`` is the number of near months in which set-ups, shifts and people are whole; they are relaxed
    after. 0 means all.
    """

    integer_headcount: bool = False
    integer_shifts: bool = False
    set_ups: bool = False
    integer_months: int = 0
    solver: str = "auto"  # auto, highs, clp
    seed: int = 7
    tie_break: bool = True  # second phase: one plan among equally good ones, whatever the path to it
    mip_gap: float = 1e-9
    elastic_price: float | None = None  # of a broken rule; parts of a company take the whole one's
    last_priority: int | None = None  # served as it pays; parts of a company take the whole one's
    second_opinion: bool = False  # solve the final program in another solver, too, and keep its objective


@dataclass(frozen=True)
class Finding:
    """Something about the inputs a planner should know; ``code`` and ``values`` become a sentence above."""

    code: str
    severity: str  # error, warning, info
    part: str  # product, resource, material …
    key: str  # business code
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Slack:
    """A rule that had to be broken so that a plan exists, with how much."""

    family: str  # row family, e.g. "Resource-capacity-upper"
    key: tuple[str, ...]  # business key of the row
    month: int  # offset 0 … T−1
    quantity: float  # units or hours


@dataclass(frozen=True)
class SolverInfo:
    """Which solver made the plan and at what effort; part of what makes a plan reproducible.

    ``check_*`` is the second opinion: the name is empty when none was asked for or it gave no answer.
    """

    name: str
    version: str
    method: str
    seed: int
    build_seconds: float
    solve_seconds: float
    rows: int
    columns: int
    nonzeros: int
    iterations: int
    check_name: str = ""
    check_objective: float = float("nan")  # its optimum, as a profit less the price of soft rules
    check_gap: float = float("nan")  # how far the two optima are apart, relative
    left_out: tuple[str, ...] = ()  # what no way of solving coped with: priorities, whole_numbers


@dataclass(frozen=True)
class BalancePlan:
    """An optimal plan. Arrays are ``[entity, T]`` in the order of the problem's parts.

    ``profit = revenue − Σ cost.values()``; ``objective`` is the solver's, i.e. profit less ``penalty`` (the
    price of soft rules: safety stock, overstock, slack). ``duals[family]`` is what one more unit of what a row
    gives out (a unit in stock, an hour, a unit from the supplier) would add to the objective.
    """

    status: str  # optimal, or time_limit for a plan not of record
    objective: float
    profit: float
    revenue: float
    penalty: float
    cost: dict[str, float]
    production: Floats  # [points, T]
    outsourced: Floats  # [points, T]
    stock: Floats  # [points, T]
    shipments: Floats  # [lanes, T] by month shipped
    transfers: Floats  # [transfers, T]
    served: Floats  # [classes, T]
    backlog: Floats  # [classes, T]
    lost: Floats  # [classes, T]
    load: Floats  # [resources, T] hours used
    available: Floats  # [resources, T] regular hours (headcount · hours per person for labour)
    overtime: Floats  # [resources, T] hours
    extra_shifts: Floats  # [resources, T]
    headcount: Floats  # [resources, T]
    hired: Floats  # [resources, T]
    laid_off: Floats  # [resources, T]
    purchases: Floats  # [material points, T] by month of arrival
    material_stock: Floats  # [material points, T]
    set_ups: Floats  # [points, T] 0 or 1
    scrapped: Floats  # [points, T] written off because it became too old
    material_scrapped: Floats  # [material points, T]
    changed: Floats  # [points, T] units made beyond the band around the last release, either way
    slacks: tuple[Slack, ...]
    duals: dict[str, Floats]
    solver: SolverInfo

    def short(self) -> Floats:
        """[classes, T] what was asked in a month and not served by its end: newly waiting plus lost."""
        waiting = np.diff(self.backlog, axis=1, prepend=0.0)
        return np.maximum(waiting, 0.0) + self.lost


def array_fields(part: Any) -> dict[str, NDArray[Any]]:
    """The arrays of a problem's part by name, in declared order."""
    found = {f.name: getattr(part, f.name) for f in fields(part)}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
