"""What-if at the speed of thought: settings, options and rush orders tried on the warm plan; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import is_in_scope, require
from core.errors import InvalidInput, Missing
from demand.selectors.flex import load_flex_shares
from engine.balancing.compare import list_displaced, money_lines, service_share
from engine.balancing.contracts import BalancePlan, Floats
from engine.balancing.placing import with_demand
from engine.balancing.solve import SolveFailed
from engine.balancing.worth import Worth, worth_of_more
from masterdata.models import Org, Product, Resource
from masterdata.selectors import get_company
from plans.hierarchy import load_hierarchy
from supply.adapters.database import load_ids
from supply.adapters.patches import changes_from_json
from supply.adapters.settings import Setting, Translated, hours_of, pace_of, translate_settings
from supply.models import SupplyOption
from supply.services.sessions import WarmModel, get_warm_model

MOST_LISTED = 12
LEAST_SHOWN = 0.5  # units
REACH_SHARE = 0.4  # of what there is: how far the worth of more is looked at


@dataclass(frozen=True)
class Effect:
    """What some changes do to a plan as a whole: differences to its optimum. Smallest units and minor units.

    ``short`` is what stays short over the horizon, ``service`` the change of the share served in time.
    """

    units: int
    revenue: int
    gain: int
    cost: int
    short: int
    stock: int = 0
    service: float = 0.0


@dataclass(frozen=True)
class MoneyLine:
    """A line of the plan's money before and after, minor units."""

    code: str
    before: int
    after: int


@dataclass(frozen=True)
class ShortCell:
    """A product and month that is short before or after. Smallest units; revenue of the difference in minor units."""

    product: str
    label: str
    month: int
    before: int
    after: int


@dataclass(frozen=True)
class Loser:
    """Who gets less or later by the change: a product in an organisation, from ``month`` on."""

    product: str
    label: str
    org: str
    org_label: str
    month: int
    less: int
    later: int
    revenue: int


@dataclass(frozen=True)
class ResourceView:
    """The resource a trial is about, in its month. Hours, smallest units of what is made there.

    ``band`` are what the plan delivers of it, what capacity and what core materials are prepared for.
    """

    resource: str
    label: str
    month: int
    hours_before: float
    hours_after: float
    load_before: float
    load_after: float
    capacity_before: int
    capacity_after: int
    demand: int
    short_before: int
    short_after: int
    band: tuple[int, int, int]


@dataclass(frozen=True)
class OrderView:
    """An inserted order: what it asks for and what the plan can serve of it in its month."""

    product: str
    org: str
    month: int
    asked: int
    served: int


@dataclass(frozen=True)
class Trial:
    """The plan as it would be, against the plan as it is."""

    effect: Effect
    money: tuple[MoneyLine, ...]
    resource: ResourceView | None
    shortages: tuple[ShortCell, ...]
    losers: tuple[Loser, ...]
    losers_total: int
    orders: tuple[OrderView, ...]


def try_settings(*, version_id: int, settings: Sequence[Setting], option_ids: Sequence[int] = (), actor: User) -> Trial:
    """Solve a plan again with other settings and options; nothing is stored.

    Raises ``Denied``, ``Missing`` (also for products and organisations outside the actor's scope), ``InvalidInput``,
    and ``Conflict`` while there is nothing to compare with.
    """
    if not settings and not option_ids:
        raise InvalidInput(_("Change at least one setting."), code="nothing_changed")
    check_scope(actor, settings)
    model = get_warm_model(version_id)
    problem = model.prepared.problem
    translated = translate_settings(problem, settings, model.trials.base.served)
    patches = [change for option in find_options(option_ids) for change in option.changes]
    changes = [*translated.all, *changes_from_json(problem, patches)]
    plan = solve_trial(model, changes)
    asked = with_demand(problem, changes)
    base = model.trials.base
    losers = list_displaced(asked, base, plan, orders=translated.orders)
    view = _Writer(model, actor, version_id)
    return Trial(
        effect=effect_of(model, plan),
        money=view.money(base, plan),
        resource=view.resource(settings, plan, asked.demand.quantity),
        shortages=view.shortages(plan),
        losers=view.losers(losers),
        losers_total=len(losers),
        orders=view.orders(translated, plan),
    )


def find_worth(*, version_id: int, what: str, code: str, month: int) -> Worth:
    """What one more hour of a resource (or unit of ``material``, of ``storage``) is worth and for how many.

    Money in company currency per unit. Raises ``Missing`` for what the plan does not limit there.
    """
    model = get_warm_model(version_id)
    problem = model.prepared.problem
    offset = month - problem.first_month
    present = {
        "hour": (problem.resources, np.arange(len(problem.resources)), problem.resource.regular_hours),
        "material": (problem.materials, problem.supplier.material, problem.supplier.quantity),
        "storage": (problem.sites, problem.storage.site, problem.storage.quantity),
    }
    codes, owners, amounts = present[what]
    rows = np.flatnonzero(owners == codes.index(code)) if code in codes else np.zeros(0, dtype=np.int64)
    if not len(rows) or not 0 <= offset < problem.months or not np.isfinite(amounts[rows[0], offset]):
        raise Missing(_("There is no such limit in this plan."))
    reach = max(1.0, REACH_SHARE * float(amounts[rows[0], offset]))
    with model.lock:
        return worth_of_more(model.trials, what, code, offset, reach=reach)


def find_options(option_ids: Sequence[int]) -> list[SupplyOption]:
    """Options in the order asked for. Raises ``Missing`` when one is gone with the balance that found it."""
    known = SupplyOption.objects.in_bulk(option_ids)
    if len(known) < len(set(option_ids)):
        raise Missing(_("One of these options is no longer there; the plan was balanced again."))
    return [known[pk] for pk in dict.fromkeys(option_ids)]


def solve_trial(model: WarmModel, changes: Sequence) -> BalancePlan:
    """One trial at a time on a model. Raises ``InvalidInput`` when the solver finds no plan with it."""
    with model.lock:
        try:
            return model.trials.solve(changes)
        except SolveFailed as error:
            raise InvalidInput(
                _("There is no plan with these settings: released or fixed production needs more than they leave."),
                code="no_plan",
            ) from error


def effect_of(model: WarmModel, plan: BalancePlan) -> Effect:
    """A tried plan against the plan as it is."""
    company, base, problem = get_company(), model.trials.base, model.prepared.problem
    unit, cent = 10**company.quantity_decimals, 10**company.currency_decimals
    return Effect(
        units=round((plan.served.sum() - base.served.sum()) * unit),
        revenue=round((plan.revenue - base.revenue) * cent),
        gain=round((plan.objective - base.objective) * cent),
        cost=round(plan.cost.get("options", 0.0) * cent),
        short=round(plan.short().sum() * unit),
        stock=round((plan.stock[:, -1].sum() - base.stock[:, -1].sum()) * unit),
        service=round(service_share(problem, plan) - service_share(problem, base), 6),
    )


def check_scope(actor: User, settings: Sequence[Setting]) -> None:
    """Demand is changed inside the actor's scope only. Raises ``Denied``, ``Missing``."""
    require(actor, "scenario.write")
    hierarchy = load_hierarchy()
    for setting in settings:
        if setting["kind"] == "allocate":
            require(actor, "scenario.write", product=setting["product"])
            hierarchy.products.id_of(setting["product"])
            for org in setting.get("orgs") or ():
                hierarchy.orgs.id_of(org)
                require(actor, "scenario.write", org=org)
        elif setting["kind"] in ("demand", "order"):
            hierarchy.products.id_of(setting["product"])
            hierarchy.orgs.id_of(setting["org"])
            require(actor, "scenario.write", product=setting["product"], org=setting["org"])


class _Writer:
    """Engine figures → what a reader is shown, in smallest and minor units, inside the reader's scope."""

    def __init__(self, model: WarmModel, reader: User, version_id: int) -> None:
        company = get_company()
        self.version_id = version_id
        self.model, self.reader = model, reader
        self.problem = model.prepared.problem
        self.base = model.trials.base
        self.unit, self.cent = 10**company.quantity_decimals, 10**company.currency_decimals

    def money(self, before: BalancePlan, after: BalancePlan) -> tuple[MoneyLine, ...]:
        old, new = money_lines(before), money_lines(after)
        return tuple(MoneyLine(code, round(old[code] * self.cent), round(new[code] * self.cent)) for code in old)

    def shortages(self, plan: BalancePlan) -> tuple[ShortCell, ...]:
        """Product and month cells that change or stay short, the largest of both plans first."""
        products = self.problem.demand.product
        shape = (len(self.problem.products), self.problem.months)
        old, new = np.zeros(shape), np.zeros(shape)
        np.add.at(old, products, self.base.short())
        np.add.at(new, products, plan.short())
        cells = np.argwhere(np.maximum(old, new) > LEAST_SHOWN).tolist()
        cells.sort(key=lambda cell: (-abs(new[*cell] - old[*cell]), -max(new[*cell], old[*cell]), cell))
        labels = _labels(Product, {self.problem.products[k] for k, _t in cells})
        shown = [cell for cell in cells if is_in_scope(self.reader, product=self.problem.products[cell[0]])]
        return tuple(
            ShortCell(
                product=self.problem.products[k],
                label=labels.get(self.problem.products[k], self.problem.products[k]),
                month=self.problem.first_month + t,
                before=round(old[k, t] * self.unit),
                after=round(new[k, t] * self.unit),
            )
            for k, t in shown[:MOST_LISTED]
        )

    def losers(self, found: Sequence) -> tuple[Loser, ...]:
        demand = self.problem.demand
        rows = [
            (self.problem.products[demand.product[d.demand]], self.problem.orgs[demand.org[d.demand]], d) for d in found
        ]
        rows = [row for row in rows if is_in_scope(self.reader, product=row[0], org=row[1])][:MOST_LISTED]
        products, orgs = _labels(Product, {row[0] for row in rows}), _labels(Org, {row[1] for row in rows})
        return tuple(
            Loser(
                product=product,
                label=products.get(product, product),
                org=org,
                org_label=orgs.get(org, org),
                month=self.problem.first_month + lost.month,
                less=round(lost.less * self.unit),
                later=round(lost.later * self.unit),
                revenue=round(lost.revenue * self.cent),
            )
            for product, org, lost in rows
        )

    def orders(self, translated: Translated, plan: BalancePlan) -> tuple[OrderView, ...]:
        demand = self.problem.demand
        return tuple(
            OrderView(
                product=self.problem.products[demand.product[cls]],
                org=self.problem.orgs[demand.org[cls]],
                month=self.problem.first_month + month,
                asked=round(units * self.unit),
                served=round(min(units, float(plan.served[cls, month])) * self.unit),
            )
            for cls, month, units in translated.orders
        )

    def resource(self, settings: Sequence[Setting], plan: BalancePlan, asked: Floats) -> ResourceView | None:
        """The first resource that was set, in its month."""
        setting = next((s for s in settings if s["kind"] == "capacity"), None)
        if setting is None:
            return None
        machine = Resource.objects.get(code=setting["resource"])
        problem, offset = self.problem, setting["month"] - self.problem.first_month
        index = problem.resources.index(machine.code)
        before = float(problem.resource.regular_hours[index, offset])
        after = hours_of(problem, machine, setting, offset)
        more = after * pace_of(machine, setting) + float(setting.get("overtime_hours") or 0.0)
        made = problem.routings.resource == index
        products = {int(problem.points.product[point]) for point in problem.routings.point[made]}
        per_unit = self._hours_per_unit(made, offset)
        return ResourceView(
            resource=machine.code,
            label=machine.label,
            month=setting["month"],
            hours_before=round(before, 2),
            hours_after=round(after, 2),
            load_before=round(float(self.base.load[index, offset]), 2),
            load_after=round(float(plan.load[index, offset]) / pace_of(machine, setting), 2),
            capacity_before=int(before / per_unit * self.unit + 1e-6),
            capacity_after=int(more / per_unit * self.unit + 1e-6),
            demand=self._of(products, asked, offset),
            short_before=self._of(products, self.base.short(), offset),
            short_after=self._of(products, plan.short(), offset),
            band=self._band(products, plan.served, offset),
        )

    def _hours_per_unit(self, made: np.ndarray, offset: int) -> float:
        """Mean over what the plan makes there, else over what could be made."""
        hours, points = self.problem.routings.hours[made], self.problem.routings.point[made]
        units = self.base.production[points, offset]
        if units.sum() > 0:
            return float((hours * units).sum() / units.sum())
        return float(hours.mean()) if len(hours) and hours.mean() > 0 else 1.0

    def _of(self, products: set[int], values: Floats, offset: int) -> int:
        chosen = np.isin(self.problem.demand.product, list(products))
        return round(float(values[chosen, offset].sum()) * self.unit)

    def _band(self, products: set[int], served: Floats, offset: int) -> tuple[int, int, int]:
        """What is delivered and the two edges of its flex band."""
        ids = load_ids().products
        chosen = sorted(products)
        keys = np.array([ids[self.problem.products[k]] for k in chosen], dtype=np.int64)
        units = np.array([served[self.problem.demand.product == k, offset].sum() for k in chosen])
        if not len(chosen):
            return 0, 0, 0
        month = self.problem.first_month + offset
        shares = load_flex_shares(
            version_id=self.version_id, hierarchy=load_hierarchy(), products=keys, months=range(month, month + 1)
        )
        edges = (np.zeros(len(chosen)), shares.capacity[:, 0], shares.material[:, 0])
        low, middle, high = (round(float((units * (1 + share / 100)).sum()) * self.unit) for share in edges)
        return low, middle, high


def _labels(model: type[Product] | type[Org], codes: set[str]) -> dict[str, str]:
    return {row.code: row.label for row in model.objects.filter(code__in=codes).only("code", "name", "name_zh")}
