"""Orders, targets and departmental figures → leaf cells of the working plan."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from accounts.models import User
from core.errors import Frozen
from cycles.choices import CycleState
from cycles.models import Cycle
from cycles.selectors import get_current_cycle, get_input_window
from demand.choices import Stream
from demand.measures import BASELINE, BUDGET, BUSINESS_PLAN
from demand.models import Assumption, Order, StreamInput
from demand.selectors.frame import Frame, TotalRow, load_frame
from demand.selectors.sources import load_order_quantities
from demand.services.assumptions import enqueue_assumption_check
from demand.services.rolling import roll_forecast
from demand.splitting import split_totals
from demand.streams import STREAMS, StreamDefinition
from engine.money import allocate
from masterdata.choices import TargetKind
from masterdata.models import Target
from plans.choices import PublishPolicy, Source
from plans.cubes import Cube
from plans.selectors import get_last_approved, get_working_version, load_measure
from plans.services import ensure_heads, publish_cubes, refresh_actuals

Ints = NDArray[np.int64]


@dataclass
class RefreshSummary:
    """What a refresh published: measures, rows of the axis, and figures that reached no planned leaf or month."""

    measures: list[str] = field(default_factory=list)
    rows: int = 0
    inputs: int = 0
    unplaced: list[str] = field(default_factory=list)


def refresh_sources(*, cycle: Cycle, actor: User | None) -> RefreshSummary:
    """Rebuild the order streams, the budget and the annual plan from their rows, in one publication.

    Order streams start afresh from the order lines, with the departments' figures for them on top. The other
    streams keep what is in the plan; ``apply_inputs`` lays waiting figures over them.
    """
    frame = load_frame(cycle)
    ensure_heads(version_id=frame.version_id)
    summary = RefreshSummary(rows=len(frame.axis))
    figures = list(_inputs_of(cycle).order_by("pk"))
    cubes = build_target_cubes(frame)
    for stream in STREAMS:
        if stream.order_kind:
            cubes[stream.code] = _overlay_inputs(frame, _order_cube(frame, stream), figures, stream.code, summary)
    publish_cubes(
        version_id=frame.version_id,
        cubes=cubes,
        policy=PublishPolicy.KEEP_NEWER,
        actor=actor,
        source=Source.SYSTEM,
        cause="refresh",
    )
    summary.measures = sorted(cubes)
    return summary


def apply_inputs(*, cycle: Cycle, actor: User | None, departments: Collection[str] | None = None) -> RefreshSummary:
    """Lay waiting departmental figures over the working plan, split by the baseline to the leaves.

    ``departments`` limits it to those whose input window is open; None takes all.
    """
    frame = load_frame(cycle)
    ensure_heads(version_id=frame.version_id)
    streams = [s for s in STREAMS if departments is None or s.department in departments]
    waiting = list(_waiting_inputs(cycle).filter(stream__in=[s.code for s in streams]).order_by("pk"))
    summary = RefreshSummary(rows=len(frame.axis), inputs=len(waiting))
    spoken = {row.stream for row in waiting}
    if not spoken:
        return summary
    cubes = {
        stream.code: _overlay_inputs(frame, _current(frame, stream.code), waiting, stream.code, summary)
        for stream in streams
        if stream.code in spoken
    }
    publish_cubes(
        version_id=frame.version_id,
        cubes=cubes,
        policy=PublishPolicy.KEEP_NEWER,
        actor=actor,
        source=Source.IMPORT,
        cause="inputs",
    )
    StreamInput.objects.filter(pk__in=[row.pk for row in waiting]).update(applied_to=frame.version_id)
    summary.measures = sorted(cubes)
    return summary


def build_target_cubes(frame: Frame) -> dict[str, Cube]:
    """``budget`` and ``business_plan`` split to the leaves by the last twelve months sold.

    The annual plan of a month is its latest estimate where one was given at any level, else its budget.
    """
    budget = _target_rows(TargetKind.BUDGET, frame.months)
    estimate = _target_rows(TargetKind.LE, frame.months)
    estimated = {month for _product, _org, month, _quantity in estimate}
    plan = estimate + [row for row in budget if row[2] not in estimated]
    return {BUDGET: _split(frame, budget), BUSINESS_PLAN: _split(frame, plan)}


def _split(frame: Frame, rows: list[TotalRow]) -> Cube:
    nodes, _lost = frame.to_nodes(rows)
    split = split_totals(nodes, frame.history_weights(), frame.org_weights())
    return frame.cube(split.values, split.covered)


def _target_rows(kind: TargetKind, months: range) -> list[TotalRow]:
    """Targets in units; of several versions of a figure the one written last counts."""
    rows = Target.objects.filter(
        kind=kind, month__gte=months.start, month__lt=months.stop, quantity__isnull=False
    ).order_by("revision", "version", "pk")
    latest: dict[tuple[int | None, int | None, int], Decimal] = {}
    for product, org, month, quantity in rows.values_list("product", "org", "month", "quantity"):
        if quantity is not None:
            latest[product, org, month] = quantity
    return [(*node, quantity) for node, quantity in latest.items()]


def _waiting_inputs(cycle: Cycle) -> QuerySet[StreamInput]:
    """Figures not yet in this plan: never used, or used by a plan this one did not start from."""
    before = get_last_approved(before_month=cycle.month)
    carried = Q(applied_to__cycle__month=cycle.month)
    if before is not None and before.cycle is not None:
        carried |= Q(applied_to__cycle__month__lte=before.cycle.month)
    return _inputs_of(cycle).exclude(pk__in=StreamInput.objects.filter(carried))


def _inputs_of(cycle: Cycle) -> QuerySet[StreamInput]:
    return StreamInput.objects.filter(month__gte=cycle.month, month__lt=cycle.month + cycle.horizon)


def _current(frame: Frame, measure: str) -> Cube:
    """What the plan says now, over the frame widened by anything typed outside it."""
    cube = load_measure(version_id=frame.version_id, measure=measure, months=frame.months)
    return cube.align(frame.axis.union(cube.axis.keys))


def _order_cube(frame: Frame, stream: StreamDefinition) -> Cube:
    """Open order lines of a kind at the leaves. A company without lines of the kind keeps what people typed."""
    assert stream.order_kind is not None
    if not Order.objects.filter(kind=stream.order_kind).exists():
        return _current(frame, stream.code)
    given = load_order_quantities(
        kind=stream.order_kind, first_month=frame.first_month, ncols=frame.horizon, scale=frame.scale
    )
    values = np.zeros((len(frame.axis), frame.horizon), dtype=np.int64)
    weights = None
    for row, (product, org), quantities in zip(frame.find_leaves(given), given, given.values(), strict=True):
        if row >= 0:
            values[row] += quantities
            continue
        rows = frame.hierarchy.leaf_rows(frame.axis, product, org)
        if len(rows):
            weights = frame.history_weights() if weights is None else weights
            values[rows] += allocate(quantities[None, :], weights[rows], np.zeros(len(rows), dtype=np.int64))
    return frame.cube(values, np.ones(values.shape, dtype=bool))


def _overlay_inputs(
    frame: Frame, current: Cube, waiting: list[StreamInput], stream: str, summary: RefreshSummary
) -> Cube:
    rows = [(row.product_id, row.org_id, row.month, row.quantity) for row in waiting if row.stream == stream]
    if not rows:
        return current
    nodes, lost = frame.to_nodes(rows)
    summary.unplaced += [f"{stream} {product}/{org}@{month}" for product, org, month, _quantity in lost]
    split = split_totals(nodes, _input_weights(frame, stream), frame.org_weights())
    given = frame.cube(split.values, split.covered).align(current.axis)
    return Cube(
        current.axis,
        current.first_month,
        np.where(np.asarray(given.present), given.values, current.values),
        current.unit,
        current.scale,
        np.asarray(current.present) | np.asarray(given.present),
    )


def _input_weights(frame: Frame, stream: str) -> Ints:
    """By the statistical forecast of the month where there is one: it knows the season; else by history."""
    if stream == Stream.PRODUCT:
        return frame.history_weights()
    baseline = load_measure(version_id=frame.version_id, measure=BASELINE, keys=frame.axis.keys, months=frame.months)
    return baseline.values if baseline.values.any() else frame.history_weights()


def follow_new_actuals(actor: User | None) -> None:
    """After a history import: plan and assumptions of the open cycle look at the new actuals, unless it is frozen."""
    if (cycle := _collecting_cycle()) is not None:
        with suppress(Frozen):
            refresh_actuals(version_id=get_working_version(cycle).pk, actor=actor)
            roll_forecast(cycle=cycle, actor=actor)
            if Assumption.objects.filter(cycle=cycle).exclude(trigger="").exists():
                enqueue_assumption_check(cycle=cycle, actor=actor)


def follow_new_orders(actor: User | None) -> None:
    """After an order import: rebuild the streams and what the closed month took of its forecast.

    Frozen demand stays; the orders then count in the next cycle.
    """
    if (cycle := _collecting_cycle()) is not None:
        with suppress(Frozen):
            refresh_sources(cycle=cycle, actor=actor)
            roll_forecast(cycle=cycle, actor=actor)


def follow_new_inputs(actor: User | None) -> None:
    """After an import of departmental figures: departments in time are laid over the plan, late ones wait."""
    cycle = _collecting_cycle()
    if cycle is None:
        return
    in_time = [d for d in {stream.department for stream in STREAMS} if get_input_window(cycle, d).is_open]
    with suppress(Frozen):
        apply_inputs(cycle=cycle, actor=actor, departments=in_time)


def _collecting_cycle() -> Cycle | None:
    cycle = get_current_cycle()
    return cycle if cycle and cycle.state in (CycleState.COLLECTING, CycleState.DEMAND_REVIEW) else None
