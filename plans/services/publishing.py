"""Bulk writes: a job's result becomes a measure's new block by one compare-and-swap of its head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from core.db import write_transaction
from core.errors import Conflict, Frozen, InvalidInput
from plans.choices import FOLDINGS, MoveKind, Source
from plans.cubes import Cube
from plans.measures import get_measure
from plans.models import Batch, Block, Move
from plans.selectors.heads import HeadRef, get_heads, get_writable_version, has_moved
from plans.services.batches import Note, Origin, find_replay, insert_batches, record_write
from plans.services.blocks import put_block
from plans.services.head_rows import frozen_error, hold_head, move_head

Fence = Callable[[], object]


@dataclass(frozen=True)
class PublishResult:
    """``heads`` : where the measures stand now. ``stale_inputs`` : inputs that changed while the job ran."""

    batch_id: int
    heads: dict[str, HeadRef]
    stale_inputs: tuple[str, ...] = ()


class StaleInputs(Conflict):
    """Somebody edited or published the target while the result was computed; nothing was written."""

    code = "stale_inputs"


def publish_cubes(
    *,
    version_id: int,
    cubes: Mapping[str, Cube],
    actor: User | None,
    source: str = Source.JOB,
    cause: str = "",
    reason: str = "",
    comment: str = "",
    seen: Mapping[str, HeadRef] | None = None,
    inputs: Mapping[str, HeadRef] | None = None,
    fence: Fence | None = None,
    policy: str | None = None,
    job_id: int | None = None,
    idem_key: str | None = None,
) -> PublishResult:
    """Make cubes the numbers of their measures.

    ``seen`` are the target heads as they stood when the work began (default: now); ``inputs`` the heads the work
    read. ``policy`` defaults to each measure's own: strict stops on any edit since, keep_newer leaves such edits on
    top. ``fence`` runs first inside the transaction and raises when the job lost its lease. Raises ``StaleInputs``,
    ``Frozen``; audit verb ``plans.measures.published``.
    """
    if seen is None:
        seen = get_heads(version_id=version_id, measures=cubes)
    _check_units(seen, cubes)
    blocks = {code: put_block(cube=cube) for code, cube in cubes.items()}
    return publish_blocks(
        seen={code: seen[code] for code in cubes},
        blocks=blocks,
        actor=actor,
        source=source,
        cause=cause,
        reason=reason,
        comment=comment,
        inputs=inputs,
        fence=fence,
        policy=policy,
        job_id=job_id,
        idem_key=idem_key,
    )


def publish_blocks(
    *,
    seen: Mapping[str, HeadRef],
    blocks: Mapping[str, str],
    actor: User | None,
    source: str = Source.JOB,
    cause: str = "",
    reason: str = "",
    comment: str = "",
    inputs: Mapping[str, HeadRef] | None = None,
    fence: Fence | None = None,
    policy: str | None = None,
    job_id: int | None = None,
    idem_key: str | None = None,
) -> PublishResult:
    """As ``publish_cubes``, for blocks that are stored already. All heads of one version."""
    version = get_writable_version(next(iter(seen.values())).version_id)
    origin = Origin(actor, source, idem_key, job_id=job_id)
    seen = {code: _past_compactions(ref) for code, ref in seen.items()}
    kind = MoveKind.IMPORT if source == Source.IMPORT else MoveKind.PUBLISH
    try:
        with write_transaction():
            if fence is not None:
                fence()
            swaps = [Swap(ref, blocks[code], kind, policy) for code, ref in seen.items()]
            heads = swap_blocks(swaps)
            batch = insert_batches(version_id=version.pk, origin=origin, notes=[Note(reason, cause, comment)])[0]
            log_swaps(swaps, heads, batch)
            stale = _stale_inputs(inputs or {}, skip=heads)
            detail = {
                "measures": {code: blocks[code] for code in sorted(blocks)},
                "source": source,
                "cause": cause,
                "batch": batch.pk,
                "job": job_id,
                "stale_inputs": list(stale),
            }
            record_write(version=version, actor=actor, verb="plans.measures.published", detail=detail)
    except (StaleInputs, Frozen, IntegrityError):
        stored = find_replay(origin)
        if stored is None:
            raise
        return PublishResult(stored.pk, get_heads(version_id=version.pk, measures=seen))
    return PublishResult(batch.pk, heads, stale)


@dataclass(frozen=True)
class Swap:
    """A head's move to another block. ``policy`` defaults to the measure's own."""

    seen: HeadRef
    block_id: str
    kind: str
    policy: str | None = None
    before_block: str | None = None
    after_block: str | None = None


def swap_blocks(swaps: Sequence[Swap]) -> dict[str, HeadRef]:
    """Move heads in id order inside the caller's transaction. Raises ``Frozen`` or ``StaleInputs``."""
    moved = {}
    for swap in sorted(swaps, key=lambda swap: swap.seen.id):
        seen = swap.seen
        ref = move_head(seen, swap.block_id, policy=swap.policy or get_measure(seen.measure).publish_policy)
        if ref is None:
            if hold_head(seen.id) is None:
                raise frozen_error([seen])
            raise StaleInputs(
                _("%(measure)s was changed while the result was computed. Nothing was written; run it again.")
                % {"measure": get_measure(seen.measure).label},
                details={"measure": seen.measure, "version": seen.version_id},
            )
        moved[seen.measure] = ref
    return moved


def log_swaps(swaps: Sequence[Swap], moved: Mapping[str, HeadRef], batch: Batch | None) -> None:
    """Write the moves' rows, in the same transaction."""
    rows = [
        Move(
            head_id=swap.seen.id,
            epoch=moved[swap.seen.measure].epoch,
            kind=swap.kind,
            from_block_id=swap.seen.block_id,
            to_block_id=swap.block_id,
            fold=moved[swap.seen.measure].fold,
            rev=moved[swap.seen.measure].rev,
            before_block_id=swap.before_block,
            after_block_id=swap.after_block,
            batch=batch,
        )
        for swap in swaps
    ]
    Move.objects.bulk_create(rows)


def _past_compactions(seen: HeadRef) -> HeadRef:
    """The same picture under the head's present epoch, when nothing but compactions moved it since."""
    now = get_heads(version_id=seen.version_id, measures=[seen.measure])[seen.measure]
    if now.epoch == seen.epoch:
        return seen
    kinds = Move.objects.filter(head_id=seen.id, epoch__gt=seen.epoch, epoch__lte=now.epoch)
    if kinds.exclude(kind__in=FOLDINGS).exists():
        return seen
    return replace(seen, epoch=now.epoch, block_id=now.block_id)


def _stale_inputs(inputs: Mapping[str, HeadRef], *, skip: Mapping[str, HeadRef]) -> tuple[str, ...]:
    """Input measures whose head no longer stands where the job read it."""
    watched = {code: ref for code, ref in inputs.items() if code not in skip}
    if not watched:
        return ()
    now = get_heads(version_id=next(iter(watched.values())).version_id, measures=watched)
    return tuple(
        sorted(
            code
            for code, ref in watched.items()
            if has_moved(head_id=ref.id, since_rev=ref.rev, since_epoch=ref.epoch, now=now[code])
        )
    )


def _check_units(seen: Mapping[str, HeadRef], cubes: Mapping[str, Cube]) -> None:
    """A head keeps its unit, scale and kind of axis for life: its edits are counted in them."""
    shas = {seen[code].block_id for code in cubes}
    columns = ("sha", "unit", "scale", "nullable", "axis__kind")
    stored = {row[0]: row[1:] for row in Block.objects.filter(pk__in=shas).values_list(*columns)}
    for code, cube in cubes.items():
        given = (str(cube.unit), cube.scale, cube.nullable, str(cube.axis.kind))
        if given != stored[seen[code].block_id]:
            raise InvalidInput(
                _("%(measure)s is kept as %(kept)s and cannot take %(given)s.")
                % {"measure": code, "kept": stored[seen[code].block_id], "given": given},
                code="wrong_unit",
            )
