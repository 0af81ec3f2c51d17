"""The month rolls on: what became of the closed months' forecast is kept or dropped by rule, and written down."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accounts.models import User
from core.audit import record
from core.db import write_transaction
from cycles.models import Cycle
from cycles.selectors import get_previous_cycle
from demand.choices import OrderStatus, RollKind
from demand.measures import CARRIED, CONSENSUS
from demand.models import RolledForecast
from demand.selectors.consumption import has_order_book, load_order_sums, load_rule_arrays
from demand.selectors.frame import Frame, load_frame
from plans.choices import PublishPolicy, Source, VersionKind
from plans.cubes import Cube
from plans.models import Version
from plans.selectors import load_measure
from plans.services import ensure_heads, publish_cubes

Ints = NDArray[np.int64]
SUMS = ("forecast", "ordered", "sold", "unconsumed", "over", "kept")
_WANTED = [status for status in OrderStatus.values if status != OrderStatus.CANCELLED]


def roll_forecast(*, cycle: Cycle, actor: User | None) -> dict[str, Any]:
    """Write down how the forecast of the months closed since the last cycle ended, and carry on what is kept.

    The forecast is the last plan's consensus. Taken of it is what was ordered for the month or sold in it, the larger:
    a delivered order is a sale. What nobody took is dropped, or kept as ``carried`` demand of the first month, by the
    family's consumption rule. Repeating it replaces the log of this cycle. Audit verb ``demand.forecast.rolled``.
    Returns the sums in smallest units; nothing happens without a plan of the cycle before.
    """
    previous = get_previous_cycle(cycle)
    plan = _plan_of(previous) if previous else None
    if previous is None or plan is None:
        return {}
    frame = load_frame(cycle)
    ensure_heads(version_id=frame.version_id, measures=[CARRIED])
    rows, kept = _list_rolled(cycle, frame, plan, range(previous.month, cycle.month))
    totals = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("forecast", "ordered", "sold", "unconsumed", "over", "kept")
    }
    with write_transaction():
        RolledForecast.objects.filter(cycle=cycle).delete()
        RolledForecast.objects.bulk_create(rows, batch_size=1000)
        _publish_carried(frame, kept, actor)
        chain = f"cycle:{cycle.pk}"
        record(chain=chain, actor=actor, verb="demand.forecast.rolled", obj=cycle, detail=totals)
    return totals


def _plan_of(cycle: Cycle) -> Version | None:
    kinds = [VersionKind.WORKING, VersionKind.APPROVED]
    return Version.objects.filter(cycle=cycle, kind__in=kinds, current=True).first()


def _list_rolled(cycle: Cycle, frame: Frame, plan: Version, months: range) -> tuple[list[RolledForecast], Ints]:
    """The log rows of leaves where forecast and orders differ, and what is kept, int64 [rows]."""
    axis = frame.axis
    has_orders = has_order_book()
    rules = load_rule_arrays(frame.hierarchy, axis, has_orders=has_orders)
    consensus = load_measure(version_id=plan.pk, measure=CONSENSUS, keys=axis.keys, months=months)
    forecast = np.maximum(consensus.values, 0)
    ordered = load_order_sums(frame, months, linked=rules.linked, statuses=_WANTED).values
    sold = np.maximum(frame.actual.align(axis).window(months.start, len(months)).values, 0)
    taken = np.maximum(ordered, sold)
    unconsumed, over = np.maximum(forecast - taken, 0), np.maximum(taken - forecast, 0)
    kept = np.where(rules.kept[:, None], unconsumed, 0)
    rows = [
        RolledForecast(
            cycle=cycle,
            month=months.start + int(column),
            product_id=int(axis.keys[row, 0]),
            org_id=int(axis.keys[row, 1]),
            forecast=int(forecast[row, column]),
            ordered=int(ordered[row, column]),
            sold=int(sold[row, column]),
            unconsumed=int(unconsumed[row, column]),
            over=int(over[row, column]),
            kept=int(kept[row, column]),
            rule=RollKind.KEEP if rules.kept[row] else RollKind.DROP,
        )
        for row, column in np.argwhere((forecast > 0) | (taken > 0)).tolist()
    ]
    return rows, kept.sum(axis=1)


def _publish_carried(frame: Frame, kept: Ints, actor: User | None) -> None:
    """The kept forecast in the plan's first month; nothing is published when none is and none was."""
    before = load_measure(version_id=frame.version_id, measure=CARRIED, keys=frame.axis.keys, months=frame.months)
    values = np.zeros((len(frame.axis), frame.horizon), dtype=np.int64)
    values[:, 0] = kept
    if np.array_equal(before.values, values):
        return
    cube = Cube(frame.axis, frame.first_month, values, before.unit, before.scale)
    publish_cubes(
        version_id=frame.version_id,
        cubes={CARRIED: cube},
        policy=PublishPolicy.KEEP_NEWER,
        actor=actor,
        source=Source.SYSTEM,
        cause="roll",
    )
