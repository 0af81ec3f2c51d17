"""The money of a plan, computed from its quantities and today's prices and costs. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from engine.money import allocate, value
from finance.lines import (
    COST_LINES,
    HOLDING_COST,
    OPERATING_COST_LINES,
    PROFIT,
    REVENUE,
    REVENUE_UNCONSTRAINED,
    UNIT_COST_LINES,
    VALUED,
)
from finance.rates import load_cost_rates
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company
from plans.choices import Unit
from plans.cubes import Cube, Ints
from plans.selectors import get_version, load_measures

INPUTS = ("consensus", "constrained", "stock_end", *OPERATING_COST_LINES)


def compute_money(*, version_id: int, report: Callable[[float], None] = lambda _share: None) -> dict[str, Cube]:
    """The money cubes of a version over its horizon, from its quantities and today's prices and costs."""
    company = get_company()
    months = plan_months(version_id)
    plan = load_measures(version_id=version_id, measures=INPUTS, months=months)
    axis = plan["consensus"].axis
    for code in ("constrained", *OPERATING_COST_LINES):
        axis = axis.union(plan[code].axis.keys)
    empty = Cube.empty(
        axis, first_month=months.start, ncols=len(months), unit=Unit.MONEY, scale=company.currency_decimals
    )
    report(0.2)
    sold, wanted = (plan[code].align(axis) for code in ("constrained", "consensus"))
    prices = load_price_rates(axis.keys, months, company=company)
    rates = load_cost_rates(axis.keys, months, UNIT_COST_LINES)
    report(0.6)

    def amount(quantity: Cube, rate: Ints) -> Ints:
        return value(quantity.values, rate, quantity_scale=quantity.scale, money_scale=company.currency_decimals)

    money = {
        REVENUE_UNCONSTRAINED: amount(wanted, prices),
        REVENUE: amount(sold, prices),
        **{code: amount(sold, rates[code]) for code in UNIT_COST_LINES},
        **{code: plan[code].align(axis).values for code in OPERATING_COST_LINES},
        HOLDING_COST: _holding(plan["stock_end"], sold, months, company.currency_decimals),
    }
    money[PROFIT] = money[REVENUE] - sum(money[code] for code in COST_LINES)
    return {code: replace(empty, values=money[code]) for code in VALUED}


def _holding(stock: Cube, sold: Cube, months: range, money_scale: int) -> Ints:
    """Cost of the stock at month end, carried by what the product sells; equally where it sells nothing."""
    rate = load_cost_rates(stock.axis.keys, months, ["holding_per_month"])["holding_per_month"]
    cost = value(stock.values, rate, quantity_scale=stock.scale, money_scale=money_scale)
    products = np.unique(np.concatenate([stock.axis.keys[:, 0], sold.axis.keys[:, 0]]))
    totals = np.zeros((len(products), len(months)), np.int64)
    np.add.at(totals, np.searchsorted(products, stock.axis.keys[:, 0]), cost)
    carriers = np.isin(products, sold.axis.keys[:, 0])
    totals[~carriers] = 0  # a product nobody is planned to sell has no row to carry its stock
    return allocate(totals, sold.values, np.searchsorted(products, sold.axis.keys[:, 0]))


def plan_months(version_id: int) -> range:
    """The months of a plan's horizon. Raises ``InvalidInput`` for a version outside the cycles."""
    cycle = get_version(version_id).cycle
    if cycle is None:
        raise InvalidInput(_("Only the plan of a cycle has a horizon."), code="not_a_plan")
    return range(cycle.month, cycle.month + cycle.horizon)
