"""Plans come into being: the actuals of the company, the working plan of a cycle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from core.db import write_transaction
from cycles.models import Cycle
from masterdata.models import Company
from plans.choices import MoveKind, Source, Unit, VersionKind
from plans.cubes import Axis, Cube
from plans.measures import Measure, get_measure, stored_measures
from plans.models import Head, Version
from plans.selectors.heads import HeadRef, get_heads, get_last_approved
from plans.selectors.state import load_state
from plans.services.batches import Note, Origin, insert_batches, record_write
from plans.services.blocks import put_block
from plans.services.publishing import Swap, log_swaps, swap_blocks

ACTUAL_MEASURES = ("actual", "actual_revenue")


def get_or_create_actuals(*, actor: User | None = None) -> Version:
    """The version of what was really sold, made empty on first use. Audit verb ``plans.version.created``."""
    found = Version.objects.filter(kind=VersionKind.ACTUALS).first()
    if found is not None:
        return found
    blocks = {code: _put_empty(get_measure(code), first_month=0, ncols=0) for code in ACTUAL_MEASURES}
    try:
        with write_transaction():
            version = Version.objects.create(kind=VersionKind.ACTUALS, name=_("Actuals"), created_by=actor)
            _insert_heads(version, blocks)
            record_write(version=version, actor=actor, verb="plans.version.created", detail={"kind": version.kind})
    except IntegrityError:  # another process was first
        return Version.objects.get(kind=VersionKind.ACTUALS)
    return version


def create_working_version(*, cycle: Cycle, actor: User | None) -> Version:
    """The one working plan of a cycle: a head per measure over the cycle's horizon, actuals as they stand.

    Heads start empty, except that measures which roll start from the last approved plan, one or more months further on;
    what falls out of the horizon is logged. Audit verb ``plans.version.created``. Returns the plan that is there
    already when the cycle has one.
    """
    plans = [VersionKind.WORKING, VersionKind.APPROVED]
    found = Version.objects.filter(cycle=cycle, kind__in=plans, current=True).first()
    if found is not None:
        return found
    blocks = {
        measure.code: _put_empty(measure, first_month=cycle.month, ncols=cycle.horizon) for measure in stored_measures()
    }
    rolled, detail = _roll_measures(cycle)
    blocks.update({**rolled, **_actual_blocks()})
    with write_transaction():
        version = Version.objects.create(cycle=cycle, kind=VersionKind.WORKING, name=str(cycle), created_by=actor)
        _insert_heads(version, blocks)
        detail = {"kind": version.kind, **detail}
        record_write(version=version, actor=actor, verb="plans.version.created", detail=detail)
    return version


def _roll_measures(cycle: Cycle) -> tuple[dict[str, str], dict[str, Any]]:
    """Measure → block of the last approved plan's inputs over this cycle's months, and what the audit says of it."""
    approved = get_last_approved(before_month=cycle.month)
    if approved is None:
        return {}, {}
    heads = get_heads(version_id=approved.pk)
    blocks, dropped = {}, {}
    for measure in stored_measures():
        if not measure.rolls or measure.code not in heads:
            continue
        cube = load_state(heads[measure.code]).cube()
        kept = cube.window(cycle.month, cycle.horizon)
        blocks[measure.code] = put_block(cube=kept)
        dropped[measure.code] = int(cube.values.sum()) - int(kept.values.sum())
    return blocks, {"rolled_from": approved.pk, "dropped_quantity": dropped}


def ensure_heads(*, version_id: int, measures: Iterable[str] | None = None) -> None:
    """Give a plan that is older than a measure an empty head for it."""
    wanted = list(stored_measures()) if measures is None else [get_measure(code) for code in measures]
    held = set(Head.objects.filter(version_id=version_id).values_list("measure", flat=True))
    absent = [measure for measure in wanted if measure.code not in held]
    if not absent:
        return
    version = Version.objects.select_related("cycle").get(pk=version_id)
    first, ncols = (version.cycle.month, version.cycle.horizon) if version.cycle else (0, 0)
    blocks = {measure.code: _put_empty(measure, first_month=first, ncols=ncols) for measure in absent}
    with write_transaction():
        _insert_heads(version, blocks)


def refresh_actuals(*, version_id: int, actor: User | None) -> list[str]:
    """Point a plan's actuals at the numbers loaded since; the measures that changed.

    Audit verb ``plans.measures.published``; nothing is written when nothing changed. Raises ``Frozen``.
    """
    blocks = _actual_blocks()
    heads = get_heads(version_id=version_id, measures=blocks)
    changed = {code: ref for code, ref in heads.items() if ref.is_dirty or ref.block_id != blocks[code]}
    if not changed:
        return []
    version = Version.objects.get(pk=version_id)
    with write_transaction():
        swaps = [Swap(ref, blocks[code], MoveKind.IMPORT) for code, ref in changed.items()]
        moved = swap_blocks(swaps)
        note, origin = Note(cause="actuals"), Origin(actor, Source.SYSTEM)
        log_swaps(swaps, moved, insert_batches(version_id=version_id, origin=origin, notes=[note])[0])
        detail = {"measures": {code: blocks[code] for code in sorted(changed)}, "source": Source.SYSTEM.value}
        record_write(version=version, actor=actor, verb="plans.measures.published", detail=detail)
    return sorted(changed)


def measure_scale(measure: Measure) -> int:
    """Decimals a new head of the measure is kept with: its own, or the company's."""
    if measure.scale is not None:
        return measure.scale
    company = Company.objects.first() or Company()
    return company.currency_decimals if measure.unit == Unit.MONEY else company.quantity_decimals


def _put_empty(measure: Measure, *, first_month: int, ncols: int) -> str:
    axis = Axis.of(measure.axis_kind, [])
    empty = Cube.empty(
        axis,
        first_month=first_month,
        ncols=ncols,
        unit=measure.unit,
        scale=measure_scale(measure),
        nullable=measure.nullable,
    )
    return put_block(cube=empty)


def _actual_blocks() -> dict[str, str]:
    """Measure → block of the actuals' whole state."""
    version = get_or_create_actuals()
    heads: dict[str, HeadRef] = get_heads(version_id=version.pk, measures=ACTUAL_MEASURES)
    return {
        code: put_block(cube=load_state(ref).cube()) if ref.is_dirty else ref.block_id for code, ref in heads.items()
    }


def _insert_heads(version: Version, blocks: dict[str, str]) -> None:
    rows = [Head(version=version, measure=code, block_id=block) for code, block in blocks.items()]
    Head.objects.bulk_create(rows, ignore_conflicts=True)
