"""Orders against the forecast as the pages show them: consumption, near zone, month roll of one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from django.db.models import Sum
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.formats import number, percent, week
from core.months import format_month
from cycles.models import Cycle
from demand.choices import Granularity, RollKind
from demand.models import RolledForecast
from demand.selectors.consumption import ConsumedPlan, keep_consumed, load_consumed_plan
from demand.selectors.excess_orders import ExcessOrders, find_excess_orders
from demand.selectors.near_zone import NEAR_MONTHS, NearZone, load_near_zone
from demand.selectors.place import Place
from masterdata.models import CalendarMonth, Org, Product
from masterdata.models.base import Revised
from masterdata.selectors import get_company

Ints = NDArray[np.int64]
_T = TypeVar("_T")

SHOWN_MONTHS = 6
ROLLED_LINES = 12
EXCESS_LINES = 40
_ROLLED = ("forecast", "ordered", "sold", "unconsumed", "over", "kept")


@dataclass(frozen=True)
class Part:
    """A node below the place and the rows of the plan's axis that are its."""

    code: str
    label: str
    side: str
    rows: Ints


@dataclass(frozen=True)
class RuleHere:
    """The consumption rule of a place, months; ``is_one``: the same for all of it. ``has_orders``: of the company."""

    is_one: bool
    back: int
    forward: int
    fence: int
    has_orders: bool


@dataclass(frozen=True)
class PlanBoard:
    """A place of a cycle's plan after consumption."""

    cycle: Cycle
    place: Place
    granularity: str

    # Consumption ----------------------------------------------------------------------------------------------------
    @cached_property
    def plan(self) -> ConsumedPlan:
        """Only made where its figures are not kept."""
        return load_consumed_plan(self.cycle)

    def _keep(self, what: str, make: Callable[[], _T], *more: Hashable, models: tuple[type[Revised], ...] = ()) -> _T:
        key = (what, self.cycle.month, len(self.months), *more)
        return keep_consumed(key, cycle=self.cycle, place=self.place, make=make, more=models)

    @cached_property
    def scale(self) -> int:
        return get_company().quantity_decimals

    @cached_property
    def rows(self) -> Ints:
        return self.place.rows(self.plan.frame.axis)

    @cached_property
    def excess(self) -> ExcessOrders:
        """Orders beyond the consensus under the place."""
        return find_excess_orders(self.cycle, self.place)

    @property
    def excess_message(self) -> str:
        return say_excess(self.excess)

    def excess_lines(self) -> list[dict[str, Any]]:
        """The largest of them: where, when, what is agreed, what is ordered beyond and what it would be raised to."""
        cells, scale = self.excess.cells[:EXCESS_LINES], 10**self.scale
        products = Product.objects.in_bulk({cell[0] for cell in cells})
        orgs = Org.objects.in_bulk({cell[1] for cell in cells})
        return [
            {
                "product": products[product],
                "org": orgs[org],
                "month": month,
                "consensus": consensus / scale,
                "over": over / scale,
                "raised": (consensus + over) / scale,
            }
            for product, org, month, consensus, over in cells
        ]

    @property
    def months(self) -> range:
        return range(self.cycle.month, self.cycle.month + min(SHOWN_MONTHS, self.cycle.horizon))

    @cached_property
    def parts(self) -> list[Part]:
        """The place's children: products one level down, below a single product its regions."""
        trees, side = self.place.hierarchy, "product"
        tree, here = trees.products, self.place.product
        if here is not None and tree.is_leaf[tree.position_of(here)]:
            tree, here, side = trees.orgs, self.place.org, "org"
            if here is not None and tree.is_leaf[tree.position_of(here)]:
                return []
        ids = [int(node) for node in tree.children_of(here)]
        model = Product if side == "product" else Org
        labels = {row.pk: row.label for row in model.objects.filter(pk__in=ids)}
        parts = []
        for node in ids:
            sides = (node, self.place.org) if side == "product" else (self.place.product, node)
            rows = Place(trees, self.place.scope, *sides).rows(self.plan.frame.axis)
            if len(rows):
                parts.append(Part(tree.code_of(node), labels[node], side, rows))
        return parts

    @property
    def here(self) -> str:
        """The name of the place's product."""
        crumbs = self.crumbs()
        return crumbs[-1]["label"] if crumbs else _("All products")

    def month_heads(self) -> list[dict[str, Any]]:
        """The months shown; fenced where only orders are planned for every product here."""
        fence = self.rule.fence
        return [{"month": month, "is_fenced": month - self.cycle.month < fence} for month in self.months]

    def month_lines(self) -> list[dict[str, Any]]:
        """The place's consumption, one line a month."""
        cells = self.total["cells"]
        return [{"month": m, "code": format_month(m), **cell} for m, cell in zip(self.months, cells, strict=True)]

    @cached_property
    def rule(self) -> RuleHere:
        return self._keep("rule", self._find_rule)

    def _find_rule(self) -> RuleHere:
        rules, rows = self.plan.rules, self.rows
        arrays = (rules.back, rules.forward, rules.fence, rules.linked)
        is_one = bool(len(rows)) and not any((array[rows] != array[rows[0]]).any() for array in arrays)
        back, forward = (int(array[rows[0]]) if is_one else 0 for array in arrays[:2])
        fence = int(rules.fence[rows].min(initial=0)) if not is_one else int(rules.fence[rows[0]])
        return RuleHere(is_one, back, forward, fence, self.plan.has_orders)

    def rule_words(self) -> str:
        """The consumption rule in a sentence, where one rule holds for everything here."""
        if not self.rule.is_one:
            return _("Several consumption rules hold here.")
        words = {name: number(getattr(self.rule, name)) for name in ("back", "forward", "fence")}
        return _("Months back %(back)s, ahead %(forward)s; demand fence %(fence)s") % words

    def consumption(self) -> list[dict[str, Any]]:
        """The place and its parts: per month what is forecast, ordered, consumed, left, over and planned for."""
        lines = self._keep("parts", self._sum_parts, get_language(), models=(Product, Org))
        return [{"label": "", "code": "", "side": "", **self.total}, *lines]

    def _sum_parts(self) -> list[dict[str, Any]]:
        return [
            {"label": part.label, "code": part.code, "side": part.side, **self._figures(part.rows)}
            for part in self.parts
        ]

    @cached_property
    def total(self) -> dict[str, Any]:
        """The place's figures by month, and what its sentences need."""
        return self._keep("total", self._sum_here)

    def _sum_here(self) -> dict[str, Any]:
        near, result, rows = slice(0, NEAR_MONTHS), self.plan.result, self.rows
        return self._figures(rows) | {
            "near_forecast": int(self.plan.forecast[rows, near].sum()),
            "near_consumed": int(result.consumed[rows, near].sum()),
            "over": int(result.over[rows].sum()),
            "fenced": int(result.fenced[rows].sum()),
            "unplaced": self.plan.orders.unplaced,
            "later": self.plan.orders.later,
        }

    def _figures(self, rows: Ints) -> dict[str, Any]:
        result, count = self.plan.result, len(self.months)
        overdue = np.zeros(count, dtype=np.int64)
        overdue[0] = self.plan.orders.overdue[rows].sum()
        sums = {
            "forecast": self.plan.forecast[rows],
            "ordered": self.plan.orders.values[rows],
            "consumed": result.consumed[rows],
            "unconsumed": result.unconsumed[rows],
            "over": result.over[rows],
            "fenced": result.fenced[rows],
            "demand": result.demand[rows],
        }
        columns = {name: values[:, :count].sum(axis=0) for name, values in sums.items()} | {"overdue": overdue}
        scale = 10**self.scale
        cells = [
            {name: int(values[i]) / scale for name, values in columns.items()} | {"share": _share(columns, i)}
            for i in range(count)
        ]
        return {"cells": cells, "total": {name: int(values.sum()) / scale for name, values in columns.items()}}

    def left_out(self) -> list[str]:
        """Sentences about quantities that the months shown do not hold: nothing disappears unsaid."""
        left, scale = self.total, 10**self.scale
        told = []
        if left["unplaced"]:
            text = _("%(n)s ordered of products or regions that are not planned.")
            told.append(text % {"n": number(left["unplaced"] / scale)})
        if left["later"]:
            told.append(_("%(n)s ordered for after the plan's last month.") % {"n": number(left["later"] / scale)})
        if left["fenced"]:
            told.append(
                _("%(n)s of the forecast lie inside the demand fence without an order and are not planned for.")
                % {"n": number(left["fenced"] / scale, self.scale)}
            )
        return told

    # Near zone ------------------------------------------------------------------------------------------------------
    @cached_property
    def near(self) -> NearZone:
        return load_near_zone(self.plan, self.granularity)

    @property
    def near_total(self) -> float:
        return float(self.near_lines[1]["total"])

    def granularities(self) -> list[tuple[str, str]]:
        return [(code, str(label)) for code, label in Granularity.choices]

    @cached_property
    def near_heads(self) -> list[dict[str, Any]]:
        """A head per bucket: its month, name and working days."""
        return self._keep_near("heads", self._near_heads)

    def _keep_near(self, what: str, make: Callable[[], _T]) -> _T:
        names = (Product, Org, CalendarMonth)
        return self._keep(f"near {what}", make, self.granularity, get_language(), models=names)

    def _near_heads(self) -> list[dict[str, Any]]:
        return [
            {
                "month": self.near.months.start + bucket.column,
                "name": week(bucket.first) if self.granularity == Granularity.WEEK else "",
                "first": bucket.first,
                "last": bucket.last,
                "days": round(bucket.days, 1),
                "days_counted": math.ceil(bucket.days),  # for the plural: half a day is said as one
                "is_first": i == 0 or self.near.buckets[i - 1].column != bucket.column,
            }
            for i, bucket in enumerate(self.near.buckets)
        ]

    @cached_property
    def near_lines(self) -> list[dict[str, Any]]:
        """Consensus and demand of the place, then the demand of each part; whole-month sums at the end."""
        return self._keep_near("lines", self._near_lines)

    def _near_lines(self) -> list[dict[str, Any]]:
        lines = [
            self._near_line(_("Consensus demand"), "", "", self.near.consensus, self.rows),
            self._near_line(_("Demand after consumption"), "", "", self.near.demand, self.rows, is_total=True),
        ]
        return lines + [
            self._near_line(part.label, part.code, part.side, self.near.demand, part.rows) for part in self.parts
        ]

    def _near_line(
        self, label: str, code: str, side: str, values: Ints, rows: Ints, *, is_total: bool = False
    ) -> dict[str, Any]:
        sums = values[rows].sum(axis=0)
        scale = 10**self.scale
        return {
            "label": label,
            "code": code,
            "side": side,
            "is_total": is_total,
            "cells": [
                {"value": int(value) / scale, "is_first": head["is_first"]}
                for value, head in zip(sums, self.near_heads, strict=True)
            ],
            "total": int(sums.sum()) / scale,
        }

    # Month roll -----------------------------------------------------------------------------------------------------
    @cached_property
    def roll(self) -> dict[str, Any]:
        """What became of the closed months' forecast when this cycle began, largest first."""
        rows = RolledForecast.objects.filter(cycle=self.cycle).order_by("pk")
        found = np.array(list(rows.values_list("pk", "product", "org")), dtype=np.int64).reshape(-1, 3)
        shown = found[self.place.covers(found[:, 1:])]
        mine = rows if len(shown) == len(found) else rows.filter(pk__in=shown[:, 0].tolist())
        scale = 10**self.scale
        sums = mine.order_by().aggregate(**{name: Sum(name) for name in _ROLLED})
        largest = mine.select_related("product", "org").order_by("-unconsumed", "product__code", "org__code")
        lines = [
            {
                "product": row.product.label,
                "org": row.org.label,
                "month": row.month,
                "rule": RollKind(row.rule).label,
                **{name: getattr(row, name) / scale for name in _ROLLED},
                "dropped": (row.unconsumed - row.kept) / scale,
            }
            for row in largest[:ROLLED_LINES]
        ]
        totals = {name: (value or 0) / scale for name, value in sums.items()}
        totals["dropped"] = totals["unconsumed"] - totals["kept"]
        return {"lines": lines, "totals": totals, "count": len(shown)}

    # Words ----------------------------------------------------------------------------------------------------------
    @property
    def decimals(self) -> int:
        return self.scale

    def consumption_message(self) -> str:
        """How much of the near forecast is ordered, and what is beyond it."""
        forecast, consumed, over = (self.total[name] for name in ("near_forecast", "near_consumed", "over"))
        if not forecast:
            return _("Nothing is forecast here")
        words = {"share": percent(consumed / forecast * 100, 0), "over": number(over / 10**self.scale, self.scale)}
        if over:
            return _("%(share)s of three months' forecast is ordered, %(over)s beyond the forecast") % words
        return _("%(share)s of three months' forecast is ordered") % words

    def crumbs(self) -> list[dict[str, str]]:
        """The products above the place, top first."""
        tree, here = self.place.hierarchy.products, self.place.product
        if here is None:
            return []
        path = [
            int(tree.ids[p]) for p in dict.fromkeys(tree.paths[tree.position_of(here)].tolist()) if p < len(tree.ids)
        ]
        labels = {row.pk: row.label for row in Product.objects.filter(pk__in=path)}
        allowed = tree.seen_by(self.place.scope.products)
        return [{"code": tree.code_of(node), "label": labels[node]} for node in path if allowed[tree.position_of(node)]]

    def regions(self) -> list[dict[str, Any]]:
        """Sales organisations to choose from: the two upper levels inside the person's scope, and the chosen one."""
        tree = self.place.hierarchy.orgs
        scope = self.place.scope.orgs
        inside = (
            tree.is_under(sorted(c for c in scope if c in tree.codes))
            if scope is not None
            else np.ones(len(tree.ids), bool)
        )
        top = int(tree.depths[:-1][inside].min()) if inside.any() else 0
        chosen = inside & ((tree.depths[:-1] <= top + 1) | (tree.ids == (self.place.org or 0)))
        ids = tree.ids[chosen].tolist()
        rows = {row.pk: row for row in Org.objects.filter(pk__in=ids)}
        order = sorted(ids, key=lambda pk: (int(tree.depths[tree.position_of(pk)]), rows[pk].code))
        return [{"code": rows[pk].code, "label": rows[pk].label, "on": pk == self.place.org} for pk in order]


def _share(columns: dict[str, Ints], i: int) -> float | None:
    """Per cent of a month's forecast that is consumed."""
    forecast = int(columns["forecast"][i])
    return int(columns["consumed"][i]) / forecast * 100 if forecast else None


def say_excess(found: ExcessOrders) -> str:
    """The finding in a sentence; empty where no order exceeds the consensus."""
    if not len(found):
        return ""
    text = ngettext(
        "Orders exceed the consensus in %(n)s place, by %(units)s units",
        "Orders exceed the consensus in %(n)s places, by %(units)s units",
        len(found),
    )
    return text % {"n": number(len(found)), "units": number(found.units, found.scale)}
