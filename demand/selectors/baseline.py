"""The published baseline of a place."""

from __future__ import annotations

from cycles.models import Cycle
from demand.measures import BASELINE
from demand.models import ForecastRun
from demand.selectors.place import Place
from plans.selectors import get_working_version, load_nodes


def load_baseline(*, cycle: Cycle, place: Place, version_id: int | None = None) -> list[float | None]:
    """Units by month of the horizon, of the scenario named, if one is; None in all before the cycle has a forecast."""
    months = range(cycle.month, cycle.month + cycle.horizon)
    if not ForecastRun.objects.filter(version__cycle=cycle).exists():
        return [None] * len(months)
    totals = load_nodes(
        version_id=version_id or get_working_version(cycle).pk,
        measures=[BASELINE],
        nodes=[place.node],
        months=months,
        scope=place.scope,
        hierarchy=place.hierarchy,
    )[BASELINE]
    return [value / 10**totals.scale for value in totals.values[0].tolist()]
