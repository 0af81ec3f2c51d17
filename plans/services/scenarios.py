"""Scenarios: a version that stands on a pinned picture of its parent and stores only what differs."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.db import write_transaction
from core.errors import Conflict, InvalidInput
from plans.choices import MoveKind, Source, VersionKind, VersionState
from plans.measures import get_measure
from plans.models import Head, Version
from plans.selectors.heads import HeadRef, get_heads, get_version
from plans.selectors.scenarios import diff_states, get_parent, list_stale_measures, load_pin_state
from plans.selectors.state import load_state
from plans.services.batches import Note, Origin, insert_batches, record_write
from plans.services.blocks import put_block
from plans.services.compaction import compact_head
from plans.services.head_rows import base_columns, repin_head
from plans.services.publishing import Swap, log_swaps

SCENARIO_DAYS = 14  # a scenario lives at least so long, also when its cycle ends sooner


def fork_version(*, parent_id: int, name: str, actor: User | None, note: str = "") -> int:
    """A scenario of a plan, at any size in a few milliseconds; its id.

    It is pinned: whatever happens to the parent later, the scenario reads as the parent did now. It closes by itself
    when its cycle's last step is due, and not before ``SCENARIO_DAYS``. Audit verb ``plans.scenario.created``.
    """
    parent = get_version(parent_id)
    if parent.kind == VersionKind.ACTUALS:
        raise InvalidInput(_("Actuals have no scenarios."), code="not_a_plan")
    heads = _heads_to_stand_on(parent_id)
    with write_transaction():
        version = Version.objects.create(
            cycle_id=parent.cycle_id,
            kind=VersionKind.SCENARIO,
            parent=parent,
            name=name,
            note=note,
            created_by=actor,
            expires_at=_end_of_life(parent),
        )
        rows = [Head(version=version, measure=code, **base_columns(ref)) for code, ref in heads.items()]
        Head.objects.bulk_create(rows)
        detail = {"name": name, "parent": parent_id}
        record_write(version=version, actor=actor, verb="plans.scenario.created", detail=detail)
    return version.pk


def _end_of_life(parent: Version) -> dt.datetime:
    soonest = timezone.now() + dt.timedelta(days=SCENARIO_DAYS)
    last_due = parent.cycle.steps.aggregate(last=Max("due_at"))["last"] if parent.cycle else None
    return max(soonest, last_due) if last_due else soonest


def refresh_scenario(*, version_id: int, actor: User | None) -> list[str]:
    """Put a scenario on its parent's present figures and its own edits back on top; the measures that moved.

    Edited measures keep every cell the scenario changed (where the parent changed it too, the scenario's value stays).
    Calculated measures take the parent's numbers: they were made from inputs that no longer hold. Raises ``Conflict``
    when somebody edits the scenario meanwhile. Audit verb ``plans.scenario.refreshed``.
    """
    version = _open_scenario(version_id)
    stale, parent = list_stale_measures(version_id=version_id), get_parent(version)
    if not stale or parent is None:
        return []
    heads, parents = get_heads(version_id=version_id), _heads_to_stand_on(parent.pk)
    swaps = sorted((_plan_refresh(heads[code], parents[code]) for code in stale), key=lambda swap: swap.seen.id)
    with write_transaction():
        moved = {swap.seen.measure: _repin(swap, parents[swap.seen.measure]) for swap in swaps}
        Version.objects.filter(pk=version_id).update(parent=parent)
        origin = Origin(actor, Source.SYSTEM)
        batch = insert_batches(version_id=version_id, origin=origin, notes=[Note(cause="refresh")])[0]
        log_swaps(swaps, moved, batch)
        record_write(version=version, actor=actor, verb="plans.scenario.refreshed", detail={"measures": stale})
    return stale


def _heads_to_stand_on(version_id: int) -> dict[str, HeadRef]:
    """A plan's heads, those folded first that have own edits over a base: a base never stands on a base."""
    heads = get_heads(version_id=version_id)
    stacked = [ref for ref in heads.values() if ref.has_base_tail and ref.rev > ref.fold]
    for ref in stacked:
        compact_head(head=ref)
    return get_heads(version_id=version_id) if stacked else heads


def _plan_refresh(mine: HeadRef, parent: HeadRef) -> Swap:
    """The block a scenario's measure moves to: the parent's numbers with the scenario's changed cells on top."""
    state = load_state(parent)
    if get_measure(mine.measure).editable:
        state = state.with_tail(diff_states(load_pin_state(mine), load_state(mine)))
    block = put_block(cube=state.cube()) if len(state.tail) else parent.block_id
    return Swap(mine, block, MoveKind.REFRESH)


def _repin(swap: Swap, parent: HeadRef) -> HeadRef:
    ref = repin_head(swap.seen, parent, swap.block_id)
    if ref is None:
        raise Conflict(_("The scenario is being edited. Nothing was changed; try again."), code="busy")
    return ref


def expire_scenario(*, version_id: int, actor: User | None) -> None:
    """Close a scenario for good; its numbers stay readable. Audit verb ``plans.scenario.expired``."""
    version = _open_scenario(version_id)
    with write_transaction():
        closed = Version.objects.filter(pk=version_id, state=VersionState.OPEN)
        if not closed.update(state=VersionState.EXPIRED):
            raise Conflict(_("The scenario was closed by somebody else."))
        record_write(version=version, actor=actor, verb="plans.scenario.expired", detail={"name": version.name})


def expire_overdue_scenarios() -> int:
    """Close every scenario whose time is over; how many. A closed one stays readable and can be forked again."""
    overdue = Version.objects.filter(
        kind=VersionKind.SCENARIO, state=VersionState.OPEN, expires_at__lt=timezone.now()
    ).values_list("pk", flat=True)
    closed = 0
    for version_id in list(overdue):
        try:
            expire_scenario(version_id=version_id, actor=None)
        except Conflict:  # somebody was faster
            continue
        closed += 1
    return closed


def _open_scenario(version_id: int) -> Version:
    version = get_version(version_id)
    if version.kind != VersionKind.SCENARIO:
        raise InvalidInput(_("Only a scenario can do this."), code="not_a_scenario")
    if version.state != VersionState.OPEN:
        raise Conflict(_("The scenario is closed."), code="expired")
    return version
