"""Supply options behind the decisions: which ones an item offers, which approved ones are not in the plan yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cycles.models import Cycle
from meetings.choices import DecisionState
from meetings.models import Decision
from plans.hierarchy import load_hierarchy
from plans.models import Version
from plans.selectors import get_version, get_working_version
from plans.services import plan_merge
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


def option_rows(options: Iterable[OptionRow]) -> list[dict[str, Any]]:
    """Options as an item keeps them: A, B, C with their effects in smallest and minor units."""
    return [
        {
            "code": letter(position),
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


def letter(position: int) -> str:
    """0 → A."""
    return chr(ord("A") + position)


@dataclass(frozen=True)
class Waiting:
    """What an approved item still has to bring into the cycle's plan.

    ``scenario`` is the one whose changed figures are missing there; its levers stand in ``options``.
    """

    decision: Decision
    options: tuple[SupplyOption, ...]
    scenario: int | None


def list_waiting(cycle: Cycle) -> list[Waiting]:
    """Approved items whose chosen way is not wholly in the cycle's plan yet, in order of the list."""
    chosen = [
        (decision, option)
        for decision in cycle.decisions.filter(state=DecisionState.APPROVED).order_by("number")
        for option in decision.options
        if option["code"] == decision.chosen_option and (option.get("supply_option") or option.get("scenario"))
    ]
    if not chosen:
        return []
    version = get_working_version(cycle)
    applied = set(list_adopted(version).values_list("option_id", flat=True))
    waiting = [_waiting(decision, option, version, applied) for decision, option in chosen]
    return [one for one in waiting if one.options or one.scenario]


def _waiting(decision: Decision, option: Mapping[str, Any], version: Version, applied: set[int]) -> Waiting:
    scenario = get_version(option["scenario"]) if option.get("scenario") else None
    wanted = [option["supply_option"]] if option.get("supply_option") else []
    if scenario is not None:
        wanted += list_adopted(scenario).values_list("option_id", flat=True)
    known = SupplyOption.objects.in_bulk([pk for pk in wanted if pk not in applied])
    behind = None
    if scenario is not None:
        missing = plan_merge(source_id=scenario.pk, target_id=version.pk)
        behind = scenario.pk if missing.edits or missing.conflicts else None
    return Waiting(decision, tuple(known[pk] for pk in dict.fromkeys(wanted) if pk in known), behind)
