"""What the demo company wrote down last month and what it says about it now: assumptions, causes of deviations."""

from __future__ import annotations

from typing import Any

from accounts.choices import Role
from accounts.models import Scope, User
from cycles.models import Cycle
from demand.choices import DeviationCause, TriggerKind
from demand.selectors.deviations import load_deviations
from demand.selectors.place import find_place
from demand.services import add_assumption
from demand.services.deviations import explain_deviation
from masterdata.models import Product
from sop.demo.words import say

# product, sentence, owner, trigger, threshold, units a month, evidence
_ASSUMPTIONS = (
    ("NEV", "The trade-in subsidy ends with this year", Role.MARKETING, "", None, -2180, "Notice of 30 October"),
    ("E7", "CellNova delivers at least 3,200 B75 packs a month", Role.PURCHASING, "", None, -1100, "Supplier's letter"),
    ("M8", "M8 starts on time in four months", Role.MARKETING, "", None, -640, "Crash test booked"),
    ("E5", "E5 sells as forecast while its rival waits", Role.MARKETING, TriggerKind.SHARE_MAX, 105.0, 300, ""),
    ("C3", "C3 keeps its volume until the summer", Role.SALES, TriggerKind.SHARE_MIN, 102.0, -240, ""),
    ("FUEL", "Fuel cars sell 6,000 a month at least", Role.SALES, TriggerKind.UNITS_MIN, 6000.0, -500, ""),
)  # fmt: skip
_OVER_MONTHS: dict[str, dict[str, Any]] = {
    "C3": {"trigger_months": 3, "trigger_misses": 2},
    "FUEL": {"trigger_months": 3, "trigger_is_sum": True},
}
_CAUSES = (
    (DeviationCause.COMPETITOR, "A rival raised its price in the middle of the month"),
    (DeviationCause.PROMOTION, "Auto show leads came in three weeks early"),
    (DeviationCause.TIMING, "Fleet tender moved to next month"),
    (DeviationCause.STOCK, "Dealers sold from the yard first"),
)


def write_assumptions(cycle: Cycle, people: dict[str, User]) -> None:
    """What the forecast rests on; the next cycle holds what can be measured against what was sold."""
    products = {product.code: product for product in Product.objects.filter(code__in=[row[0] for row in _ASSUMPTIONS])}
    for code, text, owner, trigger, threshold, units, evidence in _ASSUMPTIONS:
        add_assumption(
            cycle=cycle,
            text=say(text),
            product=products[code],
            owner=people[owner],
            trigger=trigger,
            trigger_value=threshold,
            **_OVER_MONTHS.get(code, {}),
            impact_quantity=units,
            evidence=say(evidence),
            actor=people[Role.DEMAND_LEAD],
        )


def explain_deviations(cycle: Cycle, people: dict[str, User]) -> None:
    """The causes of the largest deviations of the month that closed; the last ones wait for the review."""
    place = find_place(scope=Scope(products=None, orgs=None), product=None, org=None)
    for deviation, (cause, note) in zip(load_deviations(cycle=cycle, place=place), _CAUSES, strict=False):
        explain_deviation(
            cycle=cycle,
            product=deviation.product,
            org=deviation.org,
            month=deviation.month,
            cause=cause,
            note=say(note),
            actor=people[Role.DEMAND_LEAD],
        )
