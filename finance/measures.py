"""The money lines of a plan, in the order of the income statement."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plans.measures import Measure, register_measure

REVENUE_UNCONSTRAINED = "revenue_unconstrained"
REVENUE = "revenue"
PROFIT = "profit"


@dataclass(frozen=True)
class CostLine:
    """One line between revenue and profit."""

    code: str
    label: str | Promise
    formula: str | Promise


COST_LINES = (
    CostLine("material_cost", _("Material"), _("constrained demand × material cost per unit")),
    CostLine("labour_cost", _("Labour"), _("constrained demand × labour cost per unit")),
    CostLine("overhead_cost", _("Overhead"), _("constrained demand × overhead cost per unit")),
    CostLine(
        "outsourcing_cost",
        _("Outsourcing"),
        _("outsourced units × (outsourcing cost − own cost per unit), shared over what the product sells"),
    ),
    CostLine("freight_cost", _("Freight"), _("shipments × freight per unit of the lane")),
    CostLine(
        "holding_cost",
        _("Stock holding"),
        _("stock at month end × cost per unit × holding rate ÷ 12, shared over what the product sells"),
    ),
    CostLine(
        "overtime_cost",
        _("Overtime and extra shifts"),
        _("overtime and extra shifts of each resource, shared over the hours the products use"),
    ),
)
LINES = (REVENUE, *(line.code for line in COST_LINES), PROFIT)


def register() -> None:
    """Put the money lines into the measure catalogue."""
    lines = [
        (REVENUE_UNCONSTRAINED, _("Revenue, unconstrained"), _("consensus demand × price")),
        (REVENUE, _("Revenue"), _("constrained demand × price")),
        *((line.code, line.label, line.formula) for line in COST_LINES),
        (PROFIT, _("Profit"), _("revenue − all cost lines")),
    ]
    for code, label, formula in lines:
        register_measure(
            Measure(
                code=code,
                label=label,
                axis_kind="product_org",
                unit="money",
                nullable=False,
                additive=True,
                editable=False,
                edit_action=None,
                freeze_at="P",
                formula=formula,
                overlay=None,
                publish_policy="strict",
            )
        )
