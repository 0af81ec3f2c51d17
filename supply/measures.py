"""Measures the balance adds to the catalogue: what the plan does beyond regular production."""

from django.utils.translation import gettext_lazy as _

from plans.choices import AxisKind, FreezeKind, Unit
from plans.measures import Measure, register_measure

CONSENSUS = "consensus"
CONSTRAINED, SHORT = "constrained", "short"
PRODUCTION, OUTSOURCED, STOCK_END = "production", "outsourced", "stock_end"
LOAD_HOURS, AVAILABLE_HOURS = "load_hours", "available_hours"
OVERTIME_HOURS, EXTRA_SHIFT_HOURS = "overtime_hours", "extra_shift_hours"
PURCHASE, MATERIAL_STOCK = "purchase", "material_stock"
SHIPPED, TRANSFERRED = "shipped", "transferred"
OUTSOURCING_COST, FREIGHT_COST, OVERTIME_COST = "outsourcing_cost", "freight_cost", "overtime_cost"

MOVES = (SHIPPED, TRANSFERRED)
QUANTITIES = (CONSTRAINED, SHORT, PRODUCTION, OUTSOURCED, STOCK_END, PURCHASE, MATERIAL_STOCK, *MOVES)
HOURS = (LOAD_HOURS, AVAILABLE_HOURS, OVERTIME_HOURS, EXTRA_SHIFT_HOURS)
COSTS = (OUTSOURCING_COST, FREIGHT_COST, OVERTIME_COST)  # finance adds them to its own lines
BALANCED = (*QUANTITIES, *HOURS, *COSTS)  # what a run publishes
HOURS_SCALE = 2


def register_measures() -> None:
    """Called once at start-up."""
    register_measure(
        Measure(
            OUTSOURCED,
            _("Outsourced"),
            axis_kind=AxisKind.PRODUCT_SITE,
            freeze_at=FreezeKind.SUPPLY,
            formula=_("Units bought in ready-made instead of made at the site."),
        )
    )
    for code, label, formula in (
        (SHIPPED, _("Shipped"), _("Units leaving a site for a sales organisation, by month of leaving.")),
        (TRANSFERRED, _("Moved between sites"), _("Units leaving a site for another site, by month of leaving.")),
    ):
        register_measure(
            Measure(code, label, axis_kind=AxisKind.PRODUCT_WAY, freeze_at=FreezeKind.SUPPLY, formula=formula)
        )
    for code, label, formula in (
        (OVERTIME_HOURS, _("Overtime"), _("Hours beyond the regular ones.")),
        (EXTRA_SHIFT_HOURS, _("Extra shifts"), _("Hours of shifts beyond the usual ones.")),
    ):
        register_measure(
            Measure(
                code,
                label,
                axis_kind=AxisKind.RESOURCE,
                unit=Unit.HOURS,
                scale=HOURS_SCALE,
                freeze_at=FreezeKind.SUPPLY,
                formula=formula,
            )
        )
