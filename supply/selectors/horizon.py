"""The months of a plan."""

from __future__ import annotations

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from plans.models import Version


def plan_months(version: Version) -> range:
    """Absolute months of the plan's cycle. Raises ``InvalidInput`` for what is no cycle's plan (actuals)."""
    if version.cycle is None:
        raise InvalidInput(_("Only the plan of a cycle has supply figures."), code="not_a_plan")
    return range(version.cycle.month, version.cycle.month + version.cycle.horizon)
