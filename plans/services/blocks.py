"""Storing blocks: idempotent, by content, outside of any lock."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from core.db import write_transaction
from core.errors import InvalidInput
from plans import cache, codec
from plans.cubes import MAX_CELL, MAX_CELLS, Axis, Cube
from plans.models import Block, StoredAxis


def put_block(*, cube: Cube) -> str:
    """Store a cube's numbers unless they are there already; the block's hash.

    Raises ``InvalidInput`` when a cell is beyond 10¹² smallest units or the cube has more than 9 million cells:
    inside both bounds no sum leaves int64.
    """
    if cube.values.size > MAX_CELLS:
        raise InvalidInput(_("A measure may have at most 9 million cells."), code="too_many_cells")
    if cube.values.size and max(int(cube.values.max()), -int(cube.values.min())) > MAX_CELL:
        raise InvalidInput(_("A figure is beyond 10¹² smallest units."), code="out_of_range")
    sha = codec.block_sha(cube)
    if Block.objects.filter(pk=sha).exists():
        return sha
    row = Block(
        sha=sha,
        codec=codec.DEFAULT_CODEC,
        axis_id=cube.axis.sha,
        first_month=cube.first_month,
        ncols=cube.ncols,
        nrows=len(cube.axis),
        unit=str(cube.unit),
        scale=cube.scale,
        nullable=cube.nullable,
        raw_bytes=cube.values.nbytes,
        data=codec.encode(cube),
    )
    with write_transaction():
        put_axis(axis=cube.axis)
        Block.objects.bulk_create([row], ignore_conflicts=True)
    # Whoever wrote it will read it next; the copy is nobody's to change.
    cache.CONTENT.get_or_make(("block", sha), lambda: replace(cube, values=cube.values.copy()))
    return sha


def put_axis(*, axis: Axis) -> str:
    """Store an axis unless it is there already; its hash."""
    if not StoredAxis.objects.filter(pk=axis.sha).exists():
        row = StoredAxis(sha=axis.sha, kind=axis.kind, nrows=len(axis), data=codec.compress_keys(axis.keys))
        StoredAxis.objects.bulk_create([row], ignore_conflicts=True)
    return axis.sha
