"""Supply options behind the decisions: which ones an item offers, which approved ones are not in the plan yet."""

from __future__ import annotations

from typing import Any

from cycles.models import Cycle
from meetings.choices import DecisionState
from meetings.models import Decision
from plans.hierarchy import load_hierarchy
from plans.selectors import get_working_version
from supply.models import Shortage, SupplyOption
from supply.selectors.adopted import list_adopted
from supply.selectors.options import OptionRow, list_options
from supply.selectors.runs import get_latest_run

MOST_OFFERED = 3


def offer_options(cycle: Cycle, product: int) -> list[OptionRow]:
    """The dearest ways out of what holds a product node's demand back, by gain."""
    version = get_working_version(cycle)
    run = get_latest_run(version.pk)
    if run is None:
        return []
    leaves = load_hierarchy().products.leaves_under(product).tolist()
    causes = set(Shortage.objects.filter(run=run, product__in=leaves).values_list("code", flat=True))
    ways = [row for row in list_options(version.pk) if not row.in_plan and row.gain > 0 and row.code in causes]
    return ways[:MOST_OFFERED]


def option_rows(options: list[OptionRow]) -> list[dict[str, Any]]:
    """Options as an item keeps them: A, B, C with their effects in smallest and minor units."""
    return [
        {
            "code": chr(ord("A") + position),
            "title": option.text,
            "effects": {
                "units": option.units,
                "revenue": option.revenue,
                "gain": option.gain,
                "cost": option.cost,
            },
            "supply_option": option.pk,
        }
        for position, option in enumerate(options)
    ]


def list_unapplied_options(cycle: Cycle) -> list[SupplyOption]:
    """Options of approved items that the cycle's plan does not take as given yet."""
    chosen = [_chosen(decision) for decision in cycle.decisions.filter(state=DecisionState.APPROVED).order_by("number")]
    wanted = list(dict.fromkeys(pk for pk in chosen if pk is not None))
    if not wanted:
        return []
    applied = set(list_adopted(get_working_version(cycle)).values_list("option_id", flat=True))
    known = SupplyOption.objects.in_bulk([pk for pk in wanted if pk not in applied])
    return [known[pk] for pk in wanted if pk in known]


def _chosen(decision: Decision) -> int | None:
    return next(
        (option.get("supply_option") for option in decision.options if option["code"] == decision.chosen_option), None
    )
