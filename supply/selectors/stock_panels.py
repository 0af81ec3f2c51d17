"""The second row of the supply workbench: finished stock in days, core material cover, policies to review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import get_scope
from core import formats
from cycles.models import Cycle
from plans.models import Version
from supply.selectors.flow import load_flow
from supply.selectors.marks import keep_plan_figures
from supply.selectors.material_cover import CoverRow, list_material_cover
from supply.selectors.outlook import list_outlook
from supply.selectors.policies import MATERIAL_DIFFERENCE, PolicyRow, list_policies
from supply.selectors.values import load_unit_values

SHOWN_MONTHS = 8
MOST_MATERIALS = 5
MOST_POLICIES = 3


@dataclass(frozen=True)
class StockPanels:
    """``chart`` is what the charts vocabulary takes; ``is_balanced`` false: rolled forward, no balance yet."""

    chart: dict[str, Any]
    materials: list[CoverRow]
    policies: list[PolicyRow]
    policies_due: int
    is_balanced: bool


def load_stock_panels(version: Version, *, user: User, cycle: Cycle | None = None) -> StockPanels:
    """The three panels of a plan. ``cycle`` is the plan's own by default."""
    about = cycle or version.cycle
    assert about is not None  # load_flow refuses plans without a cycle
    return keep_plan_figures(
        ("stock panels", about.pk), version=version, user=user, make=lambda: _load_panels(version, user, about)
    )


def _load_panels(version: Version, user: User, about: Cycle) -> StockPanels:
    flow = load_flow(version.pk, get_scope(user))
    values = load_unit_values(flow.consensus)
    cover = list_material_cover(flow, values)
    policies = list_policies(flow, values, version_id=version.pk, cycle=about)
    due = [row for row in policies if row.is_due]
    total = next(iter(list_outlook(flow, values, level="total")), None)
    days = list(total.days[:SHOWN_MONTHS]) if total else []
    return StockPanels(
        chart={
            "title": _("Finished stock"),
            "labels": [formats.month(month, year=False) for month in flow.months[: len(days)]],
            "values": [0 if value is None else round(value, 1) for value in days],
            "actuals": 0,
            **target_of(policies),
            "decimals": 0,
        },
        materials=[row for row in cover if row.is_core or row.state == "short"][:MOST_MATERIALS],
        policies=[row for row in due if abs((row.proposal or 0) - row.policy.safety_stock_days) >= MATERIAL_DIFFERENCE][
            :MOST_POLICIES
        ]
        or due[:MOST_POLICIES],
        policies_due=len(due),
        is_balanced=flow.is_balanced,
    )


def target_of(policies: list[PolicyRow]) -> dict[str, Any]:
    """The target line of a chart in days: the safety stock of all products together."""
    days = target_days(policies)
    if days is None:
        return {"target": None}
    return {"target": days, "targetLabel": _("target %(days)s") % {"days": formats.number(days)}}


def target_days(policies: list[PolicyRow]) -> float | None:
    """Safety stock in days over all products, by their demand; ``None`` without demand."""
    daily = sum(row.daily_demand for row in policies)
    return round(sum(row.current_units for row in policies) / daily, 1) if daily else None
