"""Planners' locks: a locked cell keeps its value in edits and spreads."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import User
from core.db import write_transaction
from plans.measures import get_measure
from plans.models import CellLock
from plans.selectors.heads import get_heads, get_writable_version
from plans.services.batches import record_write
from plans.services.head_rows import frozen_error, hold_head


def lock_cells(
    *,
    version_id: int,
    measure: str,
    keys: Iterable[tuple[int, int]],
    months: range,
    actor: User | None,
    reason: str = "",
) -> int:
    """Lock leaf keys over consecutive months; how many new locks. Audit verb ``plans.cells.locked``.

    The head is held meanwhile, so that no save is half before and half after the lock. Raises ``Frozen``.
    """
    version = get_writable_version(version_id)
    head = get_heads(version_id=version_id, measures=[measure])[get_measure(measure).written]
    rows = [
        CellLock(
            version_id=version_id,
            measure=measure,
            a_id=a_id,
            b_id=b_id,
            m_from=months.start,
            m_to=months.stop - 1,
            by=actor,
            reason=reason,
        )
        for a_id, b_id in keys
    ]
    with write_transaction():
        if hold_head(head.id) is None:
            raise frozen_error([head])
        held = CellLock.objects.filter(version_id=version_id, measure=measure)
        before = held.count()
        CellLock.objects.bulk_create(rows, ignore_conflicts=True)
        added = held.count() - before
        detail = {"measure": measure, "locks": added, "reason": reason, "months": [months.start, months.stop - 1]}
        record_write(version=version, actor=actor, verb="plans.cells.locked", detail=detail)
    return added


def unlock_cells(
    *, version_id: int, measure: str, keys: Iterable[tuple[int, int]], months: range, actor: User | None
) -> int:
    """Take off every lock on the keys that touches the months; how many. Audit verb ``plans.cells.unlocked``."""
    version = get_writable_version(version_id)
    head = get_heads(version_id=version_id, measures=[measure])[get_measure(measure).written]
    wanted = {tuple(key) for key in keys}
    with write_transaction():
        if hold_head(head.id) is None:
            raise frozen_error([head])
        locks = CellLock.objects.filter(
            version_id=version_id, measure=measure, m_from__lt=months.stop, m_to__gte=months.start
        )
        found = [pk for pk, a_id, b_id in locks.values_list("pk", "a_id", "b_id") if (a_id, b_id) in wanted]
        CellLock.objects.filter(pk__in=found).delete()
        detail = {"measure": measure, "locks": len(found)}
        record_write(version=version, actor=actor, verb="plans.cells.unlocked", detail=detail)
    return len(found)
