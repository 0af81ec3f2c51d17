"""The lines of the income statement, in its order. What each means stands in the measure catalogue."""

REVENUE_UNCONSTRAINED = "revenue_unconstrained"
REVENUE = "revenue"
PROFIT = "profit"

UNIT_COST_LINES = ("material_cost", "labour_cost", "overhead_cost")  # units sold × cost per unit
OPERATING_COST_LINES = ("outsourcing_cost", "freight_cost", "overtime_cost")  # what the balance decided
HOLDING_COST = "holding_cost"
COST_LINES = (*UNIT_COST_LINES, *OPERATING_COST_LINES, HOLDING_COST)

STATEMENT = (REVENUE, *COST_LINES, PROFIT)
VALUED = (REVENUE_UNCONSTRAINED, REVENUE, *UNIT_COST_LINES, HOLDING_COST, PROFIT)  # written by ``value_plan``
