"""Blocks and tails from the database, through the process's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import psycopg
from django.db import connection
from django.utils.translation import gettext as _

from core.errors import Missing
from plans import cache, codec
from plans.cubes import Axis, Bools, Cube, Ints, pack_keys
from plans.models import Block, Edit, StoredAxis
from plans.selectors.heads import HeadRef

_MONTH_SPAN = 1 << 20  # more than any absolute month


class BrokenLedger(RuntimeError):
    """A head's revisions are not dense: somebody wrote round the services."""


@dataclass(frozen=True, eq=False)
class Tail:
    """The newest value of each edited cell.

    ``cells`` : int64 [n, 3] (a, b, month), sorted. ``after`` : int64 [n], 0 where cleared. ``present`` : bool [n].
    """

    cells: Ints
    after: Ints
    present: Bools

    @classmethod
    def empty(cls) -> Tail:
        return cls(np.empty((0, 3), np.int64), np.empty(0, np.int64), np.empty(0, bool))

    @classmethod
    def of(cls, cells: Ints, after: Ints, present: Bools) -> Tail:
        """From changes in time order: the last of each cell stays."""
        order = np.lexsort((np.arange(len(cells)), cells[:, 2], cells[:, 1], cells[:, 0]))
        ordered = cells[order]
        last = np.ones(len(order), bool)
        last[:-1] = np.any(ordered[1:] != ordered[:-1], axis=1)
        kept = order[last]
        return cls(cells[kept], after[kept], present[kept])

    def then(self, later: Tail) -> Tail:
        """Both, the later one winning."""
        if not len(later):
            return self
        if not len(self):
            return later
        return Tail.of(
            np.concatenate([self.cells, later.cells]),
            np.concatenate([self.after, later.after]),
            np.concatenate([self.present, later.present]),
        )

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def keys(self) -> Ints:
        return self.cells[:, :2]

    @property
    def months(self) -> Ints:
        return self.cells[:, 2]

    def find(self, cells: Ints) -> Ints:
        """Position of each cell [n, 3]; −1 where it was not edited."""
        keys, codes = self._codes
        if not len(keys):
            return np.full(len(cells), -1, np.int64)
        wanted = pack_keys(cells)
        rows = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        at = np.minimum(np.searchsorted(codes, rows * _MONTH_SPAN + cells[:, 2]), len(codes) - 1)
        return np.where((keys[rows] == wanted) & (self.cells[at] == cells).all(axis=1), at, -1)

    @cached_property
    def _codes(self) -> tuple[Ints, Ints]:
        """The distinct keys, and one rising integer per cell."""
        keys, rows = np.unique(pack_keys(self.cells), return_inverse=True)
        return keys, rows.ravel() * _MONTH_SPAN + self.months


def load_block(sha: str) -> Cube:
    """The numbers of a block, read-only and shared. Raises ``Missing`` when there is no such block."""
    return cache.CONTENT.get_or_make(("block", sha), lambda: fetch_block(sha))


def fetch_block(sha: str) -> Cube:
    """The numbers of a block straight from the database, decoded anew."""
    row = _select_block(sha)
    if row is None:
        raise Missing(_("A block of the plan is missing."), code="block_missing", details={"block": sha})
    codec_name, axis_id, first_month, ncols, nrows, unit, scale, nullable, data = row
    values, present = codec.decode(data, shape=(nrows, ncols), nullable=nullable, codec=codec_name)
    return Cube(load_axis(axis_id), first_month, values, unit, scale, present)


_BLOCK_COLUMNS = ("codec", "axis_id", "first_month", "ncols", "nrows", "unit", "scale", "nullable", "data")


def _select_block(sha: str) -> tuple[Any, ...] | None:
    if connection.vendor != "postgresql":
        return Block.objects.filter(pk=sha).values_list(*_BLOCK_COLUMNS).first()
    # The text protocol would send five megabytes as ten of hexadecimal digits.
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        statement = f"SELECT {', '.join(_BLOCK_COLUMNS)} FROM plan_block WHERE sha = %s"
        return cursor.execute(statement, [sha], binary=True).fetchone()


def load_axis(sha: str) -> Axis:
    """An axis by its hash."""

    def fetch() -> Axis:
        kind, data = StoredAxis.objects.values_list("kind", "data").get(pk=sha)
        return Axis(kind, codec.expand_keys(data))

    return cache.CONTENT.get_or_make(("axis", sha), fetch)


def load_tail(head: HeadRef) -> Tail:
    """Everything edited on top of a head's block: the parent's pinned edits, then its own."""
    tail = Tail.empty()
    for head_id, fold, rev in head.ranges:
        tail = tail.then(_load_range(head_id, fold, rev))
    return tail


def _load_range(head_id: int, fold: int, rev: int) -> Tail:
    """The edits in (fold, rev] of one head, fetching only what this process has not seen."""
    reached, tail = cache.TAILS.get(head_id, fold, rev) or (fold, Tail.empty())
    if reached == rev:
        return tail
    rows = list(
        Edit.objects.filter(head_id=head_id, rev__gt=reached, rev__lte=rev)
        .order_by("rev")
        .values_list("a_id", "b_id", "m", "after")
    )
    if len(rows) != rev - reached:
        raise BrokenLedger(f"head {head_id}: {len(rows)} edits in ({reached}, {rev}]")
    tail = tail.then(tail_of_rows(rows))
    if is_settled():
        cache.TAILS.put(head_id, fold, rev, tail)
    return tail


def is_settled() -> bool:
    """Whether everything this connection sees is committed: only then may a process remember it."""
    return not connection.in_atomic_block


def tail_of_rows(rows: Sequence[tuple[int, int, int, int | None]]) -> Tail:
    """A tail from (a, b, month, after) rows in revision order."""
    cells = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    after = np.array([row[3] or 0 for row in rows], np.int64)
    present = np.array([row[3] is not None for row in rows], bool)
    return Tail.of(cells, after, present)
