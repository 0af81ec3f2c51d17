"""The numbers of a measure at a point of its history: a block and the cells edited since."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plans import cache
from plans.cubes import Axis, Bools, Cube, Ints, covering
from plans.measures import Measure, get_measure
from plans.selectors.blocks import Tail, load_block, load_tail
from plans.selectors.heads import HeadRef, get_heads

Cell = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class State:
    """``block`` with ``tail`` on top. ``content_key`` names the block part for caches."""

    block: Cube
    tail: Tail
    content_key: Hashable

    @property
    def months(self) -> range:
        """The months of the block and of what was edited since."""
        edited = self.tail.months
        return covering(self.block.months, range(int(edited.min()), int(edited.max()) + 1) if len(edited) else range(0))

    def with_tail(self, tail: Tail) -> State:
        """The same with further cells changed."""
        return replace(self, tail=self.tail.then(tail))

    def cube(self, *, keys: Ints | None = None, months: range | None = None) -> Cube:
        """The numbers over the given keys and months, or over everything known.

        Cells edited outside the block's axis or months widen the answer: a product younger than the block shows.
        """
        base = self._base(keys, months)
        if not len(self.tail):
            return base
        rows = base.axis.rows_of(self.tail.keys)
        columns = self.tail.months - base.first_month
        hit = (rows >= 0) & (columns >= 0) & (columns < base.ncols)
        if not hit.any():
            return base
        at = (rows[hit], columns[hit])
        values = base.values.copy()
        values[at] = self.tail.after[hit]
        if base.present is None:
            return replace(base, values=values)
        present = base.present.copy()
        present[at] = self.tail.present[hit]
        return replace(base, values=values, present=present)

    def _base(self, keys: Ints | None, months: range | None) -> Cube:
        block = self.block
        if keys is None:
            block = block.align(block.axis.union(self.tail.keys))
        else:
            block = block.align(Axis.of(block.axis.kind, keys))
        if months is not None:
            return block.window(months.start, len(months))
        return block.window(self.months.start, len(self.months))

    def read(self, cells: Ints) -> tuple[Ints, Bools]:
        """Values and presence of single cells [n, 3]."""
        values, present = read_cells(self.block, cells)
        if len(self.tail):
            at = self.tail.find(cells)
            hit = at >= 0
            values[hit] = self.tail.after[at[hit]]
            present[hit] = self.tail.present[at[hit]] | (not self.block.nullable)
        return values, present

    def at(self, cells: Sequence[Cell]) -> list[int | None]:
        """Current value of each cell; ``None`` where a nullable measure is empty."""
        values, present = self.read(np.asarray(cells, np.int64).reshape(-1, 3))
        return [value if there else None for value, there in zip(values.tolist(), present.tolist(), strict=True)]


def read_cells(cube: Cube, cells: Ints) -> tuple[Ints, Bools]:
    """Values and presence of single cells [n, 3]; a cell outside a cube reads 0 or absent."""
    rows, columns = cube.axis.rows_of(cells[:, :2]), cells[:, 2] - cube.first_month
    hit = (rows >= 0) & (columns >= 0) & (columns < cube.ncols)
    values = np.zeros(len(cells), np.int64)
    values[hit] = cube.values[rows[hit], columns[hit]]
    if cube.present is None:
        return values, np.ones(len(cells), bool)
    present = np.zeros(len(cells), bool)
    present[hit] = cube.present[rows[hit], columns[hit]]
    return values, present


def load_state(head: HeadRef) -> State:
    """The state a head reference names."""
    return State(load_block(head.block_id), load_tail(head), head.block_id)


Derive = Callable[[str, Mapping[str, HeadRef]], State]
_derivations: dict[str, Derive] = {}


def register_derivation(code: str, derive: Derive) -> None:
    """Say how the numbers of an open measure follow from those it ``follows``; the room that fills it does."""
    _derivations[code] = derive


def load_measure_state(measure: Measure | str, heads: Mapping[str, HeadRef]) -> State:
    """The state of a measure, composed of two where it is an overlay, derived where it follows others and is open."""
    measure = get_measure(measure) if isinstance(measure, str) else measure
    if measure.code in _derivations and not heads[measure.code].sealed:
        return _derivations[measure.code](measure.code, heads)
    states = [load_state(heads[code]) for code in measure.stored]
    return states[0] if len(states) == 1 else overlay_states(*states)


def load_states(*, version_id: int, measures: Iterable[str]) -> dict[str, State]:
    """Measure → state, all from one picture of the heads."""
    wanted = list(measures)
    heads = get_heads(version_id=version_id, measures=wanted)
    return {code: load_measure_state(code, heads) for code in wanted}


def overlay_states(lower: State, upper: State) -> State:
    """``upper`` where it is present, else ``lower``; never absent."""
    key: Hashable = ("overlay", lower.content_key, upper.content_key)
    if not len(upper.block.axis) or upper.block.present is None or not upper.block.present.any():
        block, key = lower.block, ("lower", lower.content_key)
    else:
        block = cache.CONTENT.get_or_make(key, lambda: overlay_cubes(lower.block, upper.block))
    cells = np.unique(np.concatenate([lower.tail.cells, upper.tail.cells]), axis=0)
    if not len(cells):
        return State(block, lower.tail, key)
    at = [tuple(cell) for cell in cells.tolist()]
    pairs = zip(lower.at(at), upper.at(at), strict=True)
    values = np.array([up if up is not None else (low or 0) for low, up in pairs], np.int64)
    return State(block, Tail(cells, values, np.ones(len(cells), bool)), key)


def overlay_cubes(lower: Cube, upper: Cube) -> Cube:
    """Cell by cell ``upper`` where present, else ``lower``, over both axes and windows."""
    axis = lower.axis.union(upper.axis.keys)
    months = covering(lower.months, upper.months)
    low, up = (cube.align(axis).window(months.start, len(months)) for cube in (lower, upper))
    present = np.ones(up.values.shape, bool) if up.present is None else up.present
    return replace(low, values=np.where(present, up.values, low.values), present=None)


def load_cube(*, head: HeadRef, keys: Ints | None = None, months: range | None = None) -> Cube:
    """The numbers of a head over keys int64 [n, 2] and absolute months; everything known by default."""
    return load_state(head).cube(keys=keys, months=months)


def load_measure(
    *,
    version_id: int,
    measure: str,
    keys: Ints | None = None,
    months: range | None = None,
    heads: Mapping[str, HeadRef] | None = None,
) -> Cube:
    """The numbers of a measure, overlays composed. Pass ``heads`` to read several from one picture."""
    heads = heads or get_heads(version_id=version_id, measures=[measure])
    return load_measure_state(measure, heads).cube(keys=keys, months=months)


def load_measures(
    *, version_id: int, measures: Iterable[str], keys: Ints | None = None, months: range | None = None
) -> dict[str, Cube]:
    """Several measures of one version from one picture of the heads."""
    states = load_states(version_id=version_id, measures=measures)
    return {code: state.cube(keys=keys, months=months) for code, state in states.items()}
