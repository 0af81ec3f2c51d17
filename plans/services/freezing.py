"""Freezing a step's figures, reopening a step, and the code printed under every frozen figure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from core.db import write_transaction
from core.errors import Frozen, InvalidInput
from core.months import format_month
from plans.choices import FreezeKind, MoveKind, PublishPolicy, VersionKind, VersionState
from plans.cubes import canonical_json
from plans.hierarchy import load_hierarchy
from plans.measures import catalogue_version, get_measure
from plans.models import CellLock, Head, Snapshot, SnapshotInvalidation, Version
from plans.selectors.heads import HeadRef, get_heads, get_version
from plans.selectors.state import load_state
from plans.services.batches import record_write
from plans.services.blocks import put_axis, put_block
from plans.services.compaction import compact_head, log_fold
from plans.services.head_rows import base_columns, hold_head, move_head, seal_head

ORDER = list(FreezeKind)
MANIFEST_VERSION = 1


def freeze_version(
    *,
    version_id: int,
    kind: str,
    actor: User | None,
    measures: Iterable[str] | None = None,
    price_set: str = "",
    calendar: str = "",
) -> str:
    """Seal a step's measures and store the snapshot of everything sealed so far; its code.

    ``kind`` D, S or P seals the measures that freeze at that step (or the given ones); A seals all that are left and
    freezes the plan as approved. ``price_set`` and ``calendar`` name what the figures were valued and dated by. Edits
    in flight end up in the snapshot, later ones are refused. Raises ``Frozen`` when nothing was left to seal, and
    ``InvalidInput`` for a version that is not a cycle's plan. Audit verb ``plans.version.frozen``.
    """
    kind, version = FreezeKind(kind), get_version(version_id)
    if version.kind not in {VersionKind.WORKING, VersionKind.APPROVED} or not version.current:
        raise InvalidInput(_("Only the plan of a cycle is frozen."), code="not_a_plan")
    targets = _targets(version_id, kind, measures)
    for ref in targets:
        compact_head(head=ref)  # before anything is locked
    hierarchy = load_hierarchy()
    with write_transaction():
        _seal(targets)
        sealed = {code: ref for code, ref in get_heads(version_id=version_id).items() if ref.sealed}
        trees = {"products": put_axis(axis=hierarchy.products.axis), "orgs": put_axis(axis=hierarchy.orgs.axis)}
        manifest = canonical_json(_manifest(version, kind, sealed, trees, price_set, calendar))
        code = hashlib.sha256(manifest.encode()).hexdigest()
        snapshot = Snapshot.objects.create(code=code, version=version, kind=kind, manifest=manifest, by=actor)
        if kind == FreezeKind.APPROVED:
            Version.objects.filter(pk=version_id).update(
                kind=VersionKind.APPROVED, state=VersionState.FROZEN, snapshot_code=code
            )
        detail = {"snapshot": snapshot.code, "kind": kind.value, "measures": len(sealed)}
        record_write(version=version, actor=actor, verb="plans.version.frozen", detail=detail)
    return code


def reopen_version(*, version_id: int, kind: str, actor: User | None, reason: str) -> Version:
    """Open a step's figures again, and all later ones, in a new plan that stands on the frozen ones.

    Sealed heads never open: the old plan stays as it was frozen and stops being the cycle's current one; its snapshots
    of this and later steps are marked invalid. Measures of earlier steps stay sealed. The new plan. Audit verb
    ``plans.version.reopened``.
    """
    kind, old = FreezeKind(kind), get_version(version_id)
    if old.kind not in {VersionKind.WORKING, VersionKind.APPROVED} or not old.current:
        raise InvalidInput(_("Only the current plan of a cycle can be reopened."), code="not_a_plan")
    for ref in get_heads(version_id=version_id).values():
        compact_head(head=ref)
    later = ORDER[ORDER.index(kind) :]
    with write_transaction():
        _seal([ref for ref in get_heads(version_id=version_id).values() if not ref.sealed])
        if not Version.objects.filter(pk=version_id, current=True).update(current=False):
            raise Frozen(_("The plan was reopened by somebody else."))
        new = Version.objects.create(
            cycle=old.cycle, kind=VersionKind.WORKING, parent=old, name=old.name, note=reason, created_by=actor
        )
        heads = get_heads(version_id=version_id)
        Head.objects.bulk_create([_reopened_head(new, ref, later) for ref in heads.values()])
        _copy_locks(old, new)
        snapshots = Snapshot.objects.filter(version__cycle=old.cycle, kind__in=later, invalidation__isnull=True)
        SnapshotInvalidation.objects.bulk_create(
            SnapshotInvalidation(snapshot=snapshot, by=actor, reason=reason) for snapshot in snapshots
        )
        detail = {"from": version_id, "kind": kind.value, "reason": reason}
        record_write(version=new, actor=actor, verb="plans.version.reopened", detail=detail)
    return new


def freeze_kind(measure: str) -> FreezeKind:
    """The step at which a measure is sealed; what freezes nowhere else freezes with the approval."""
    return FreezeKind(get_measure(measure).freeze_at or FreezeKind.APPROVED)


def _targets(version_id: int, kind: FreezeKind, measures: Iterable[str] | None) -> list[HeadRef]:
    heads = get_heads(version_id=version_id, measures=measures)
    open_heads = [ref for ref in heads.values() if not ref.sealed]
    if measures is None and kind != FreezeKind.APPROVED:
        open_heads = [ref for ref in open_heads if freeze_kind(ref.measure) == kind]
    is_approved = Version.objects.filter(pk=version_id, state=VersionState.FROZEN).exists()
    if is_approved or (not open_heads and kind != FreezeKind.APPROVED):
        raise Frozen(_("These figures are frozen already."), code="already_frozen", details={"version": version_id})
    return open_heads


def _seal(targets: Iterable[HeadRef]) -> None:
    """Lock in id order, waiting for edits in flight; fold what came in since the compaction; seal."""
    ordered = sorted(targets, key=lambda ref: ref.id)
    held = [ref for ref in (hold_head(target.id) for target in ordered) if ref is not None]
    if len(held) < len(ordered):
        raise Frozen(_("Somebody else froze these figures a moment ago."), code="already_frozen")
    for ref in held:
        if ref.is_dirty:
            _fold_held(ref)
        seal_head(ref.id)


def _fold_held(ref: HeadRef) -> None:
    block = put_block(cube=load_state(ref).cube())
    moved = move_head(ref, block, policy=PublishPolicy.STRICT)
    if moved is None:
        raise RuntimeError(f"head {ref.id} moved under its lock")
    log_fold(ref, moved, MoveKind.FREEZE)


def _manifest(
    version: Version,
    kind: FreezeKind,
    sealed: Mapping[str, HeadRef],
    trees: Mapping[str, str],
    price_set: str,
    calendar: str,
) -> dict[str, Any]:
    """Strings and integers only: a float's spelling would be part of the code."""
    issued = Snapshot.objects.filter(version__cycle=version.cycle, kind=kind).count()
    return {
        "v": MANIFEST_VERSION,
        "cycle": format_month(version.cycle.month) if version.cycle else "",
        "kind": kind.value,
        "issue": issued + 1,
        "measures": {code: ref.block_id for code, ref in sealed.items()},
        "hierarchy": dict(trees),
        "price_set": price_set,
        "calendar": calendar,
        "formulas": catalogue_version(),
    }


def _reopened_head(version: Version, ref: HeadRef, later: list[FreezeKind]) -> Head:
    head = Head(version=version, measure=ref.measure, **base_columns(ref))
    head.sealed = freeze_kind(ref.measure) not in later
    return head


def _copy_locks(old: Version, new: Version) -> None:
    locks = list(CellLock.objects.filter(version=old))
    for lock in locks:
        lock.pk, lock.version = None, new
    CellLock.objects.bulk_create(locks)
