"""Axis and Cube: the values the plan store takes and gives.

An axis is a sorted set of key pairs; a cube is one measure's int64 numbers over an axis and consecutive
months, in the measure's smallest unit. Both are immutable.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_CELL = 10**12  # with at most 9 million cells every sum stays inside int64
MAX_CELLS = 9_000_000
_MAX_ID = 2**31 - 1

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def pack_keys(keys: Ints) -> Ints:
    """Key pairs [n, 2] as one sortable int64 each."""
    return (keys[:, 0] << 32) | keys[:, 1]


def canonical_json(content: object) -> str:
    """JSON with one spelling: sorted keys, no spaces, no floats by convention. What hashes are taken of."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def covering(*months: range) -> range:
    """The shortest run of months that holds all the given ones; empty ones say nothing."""
    filled = [run for run in months if len(run)]
    if not filled:
        return months[0]
    return range(min(run.start for run in filled), max(run.stop for run in filled))


def _frozen(array: np.ndarray) -> np.ndarray:
    """A read-only view: one careless ``a[...] =`` would corrupt every user of a cached array."""
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Axis:
    """Sorted unique key pairs.

    Parameters
    ----------
    kind : an ``AxisKind`` value, says what the pairs are.
    keys : int64 [n, 2], rows sorted and unique, ids in 0 … 2³¹−1; second column 0 where there is one key.

    Raises ``ValueError`` when the keys are not of that form; ``Axis.of`` sorts and dedupes first.
    """

    kind: str
    keys: Ints

    def __post_init__(self) -> None:
        keys = np.ascontiguousarray(self.keys, dtype="<i8").reshape(-1, 2)
        if keys.size and not (keys.min() >= 0 and keys.max() <= _MAX_ID):
            raise ValueError("axis ids must lie in 0 … 2³¹−1")
        object.__setattr__(self, "keys", _frozen(keys))
        if np.any(self.packed[1:] <= self.packed[:-1]):
            raise ValueError("axis keys must be sorted and unique")

    @classmethod
    def of(cls, kind: str, keys: ArrayLike) -> Axis:
        """An axis from key pairs in any order, doubles allowed."""
        pairs = np.asarray(keys, dtype=np.int64).reshape(-1, 2)
        if len(pairs) and pairs.min() >= 0 and pairs.max() <= _MAX_ID:
            packed = np.unique(pack_keys(pairs))  # sorts integers instead of rows
            pairs = np.column_stack([packed >> 32, packed & _MAX_ID])
        return cls(kind, pairs)

    @cached_property
    def packed(self) -> Ints:
        """One sortable int64 per key pair."""
        return pack_keys(self.keys)

    @cached_property
    def sha(self) -> str:
        """SHA-256 of canonical header and little-endian key bytes."""
        digest = hashlib.sha256(canonical_json({"v": 1, "kind": str(self.kind), "rows": len(self)}).encode())
        digest.update(self.keys.data)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Axis) and (self is other or self.sha == other.sha)

    def __hash__(self) -> int:
        return hash(self.sha)

    def rows_of(self, keys: ArrayLike) -> Ints:
        """Row number of each key pair, −1 where the axis has no such row."""
        wanted = pack_keys(np.asarray(keys, dtype=np.int64).reshape(-1, 2))
        if not len(self):
            return np.full(len(wanted), -1, np.int64)
        rows = np.minimum(np.searchsorted(self.packed, wanted), len(self) - 1)
        return np.where(self.packed[rows] == wanted, rows, -1)

    def union(self, keys: ArrayLike) -> Axis:
        """This axis widened by key pairs; the same object when nothing is new."""
        pairs = np.asarray(keys, dtype=np.int64).reshape(-1, 2)
        new = pairs[self.rows_of(pairs) < 0]
        return Axis.of(self.kind, np.concatenate([self.keys, new])) if len(new) else self


@dataclass(frozen=True, eq=False)
class Cube:
    """One measure over an axis and consecutive months.

    Parameters
    ----------
    axis : rows. ``first_month`` : absolute month of column 0.
    values : int64 [rows, months] in units of ``10**-scale``; 0 where absent.
    unit : a ``Unit`` value. ``scale`` : decimals kept, 0 … 6.
    present : bool [rows, months] for measures whose empty cell differs from 0, else ``None``.
    """

    axis: Axis
    first_month: int
    values: Ints
    unit: str
    scale: int
    present: Bools | None = None

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype="<i8")
        if np.asarray(self.values).dtype.kind not in "iu":
            raise ValueError("a cube holds integers; floats enter through Cube.from_float")
        if values.ndim != 2 or values.shape[0] != len(self.axis):
            raise ValueError(f"{values.shape} values do not fit an axis of {len(self.axis)} rows")
        object.__setattr__(self, "values", _frozen(values))
        if self.present is not None:
            present = np.ascontiguousarray(self.present, dtype=bool)
            if present.shape != values.shape:
                raise ValueError("the mask has another shape than the values")
            object.__setattr__(self, "present", _frozen(present))

    @classmethod
    def empty(
        cls,
        axis: Axis,
        *,
        first_month: int,
        ncols: int,
        unit: str,
        scale: int = 0,
        nullable: bool = False,
    ) -> Cube:
        """Zeros, or nothing at all where the measure is nullable."""
        shape = (len(axis), ncols)
        mask = np.zeros(shape, bool) if nullable else None
        return cls(axis, first_month, np.zeros(shape, np.int64), unit, scale, mask)

    @classmethod
    def from_float(
        cls,
        axis: Axis,
        *,
        first_month: int,
        values: ArrayLike,
        unit: str,
        scale: int = 0,
        nullable: bool = False,
    ) -> Cube:
        """Engine floats rounded half to even into the store's integers.

        NaN means empty in a nullable cube. Raises ``ValueError`` on NaN elsewhere, infinity, or |cell| > 10¹².
        """
        floats = np.asarray(values, dtype=np.float64)
        absent = np.isnan(floats)
        if absent.any() and not nullable:
            raise ValueError("NaN in a measure that has no empty cells")
        scaled = np.rint(np.where(absent, 0.0, floats) * 10.0**scale)
        if not np.all(np.abs(scaled) <= MAX_CELL):
            raise ValueError("a cell is infinite or beyond 10¹² smallest units")
        return cls(axis, first_month, scaled.astype(np.int64), unit, scale, ~absent if nullable else None)

    @property
    def ncols(self) -> int:
        return self.values.shape[1]

    @property
    def nullable(self) -> bool:
        return self.present is not None

    @property
    def months(self) -> range:
        """Absolute months of the columns."""
        return range(self.first_month, self.first_month + self.ncols)

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + (self.present.nbytes if self.present is not None else 0)

    def take(self, rows: ArrayLike) -> Cube:
        """The given rows, in axis order."""
        index = np.unique(np.asarray(rows, dtype=np.int64))
        mask = None if self.present is None else self.present[index]
        axis = Axis(self.axis.kind, self.axis.keys[index])
        return replace(self, axis=axis, values=self.values[index], present=mask)

    def window(self, first_month: int, ncols: int) -> Cube:
        """The same rows over other months; months outside read 0 or absent."""
        if (first_month, ncols) == (self.first_month, self.ncols):
            return self
        offset = first_month - self.first_month
        start, stop = max(0, -offset), min(ncols, self.ncols - offset)
        out = Cube.empty(
            self.axis,
            first_month=first_month,
            ncols=ncols,
            unit=self.unit,
            scale=self.scale,
            nullable=self.nullable,
        )
        values, mask = out.values.copy(), None if out.present is None else out.present.copy()
        if start < stop:
            values[:, start:stop] = self.values[:, start + offset : stop + offset]
            if mask is not None and self.present is not None:
                mask[:, start:stop] = self.present[:, start + offset : stop + offset]
        return replace(out, values=values, present=mask)

    def align(self, axis: Axis) -> Cube:
        """The same months over another axis; keys this cube lacks read 0 or absent."""
        if axis is self.axis or axis == self.axis:
            return self
        rows = self.axis.rows_of(axis.keys)
        found = rows >= 0
        values = np.zeros((len(axis), self.ncols), np.int64)
        values[found] = self.values[rows[found]]
        mask = None
        if self.present is not None:
            mask = np.zeros(values.shape, bool)
            mask[found] = self.present[rows[found]]
        return replace(self, axis=axis, values=values, present=mask)

    def to_float(self) -> NDArray[np.float64]:
        """Values in whole units, NaN where absent."""
        floats = self.values / 10.0**self.scale
        return floats if self.present is None else np.where(self.present, floats, np.nan)

    def cell(self, key: tuple[int, int], month: int) -> int | None:
        """One cell; ``None`` when absent in a nullable cube."""
        row, column = int(self.axis.rows_of([key])[0]), month - self.first_month
        inside = row >= 0 and 0 <= column < self.ncols
        if self.present is not None:
            return int(self.values[row, column]) if inside and self.present[row, column] else None
        return int(self.values[row, column]) if inside else 0

    def same_numbers(self, other: Cube) -> bool:
        """Equal cell by cell over the union of both axes and windows."""
        axis = self.axis.union(other.axis.keys)
        months = covering(self.months, other.months)
        mine, theirs = (c.align(axis).window(months.start, len(months)) for c in (self, other))
        if not np.array_equal(mine.values, theirs.values):
            return False
        if mine.present is None or theirs.present is None:
            return True
        return np.array_equal(mine.present, theirs.present)
