"""Editing above the leaves: the total is split by a rule, shown, and saved as the leaves' edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, InvalidInput
from plans.choices import SaveMode, Source, SpreadRule
from plans.cubes import Bools, Cube, Ints
from plans.hierarchy import Hierarchy, Node, load_hierarchy
from plans.measures import Measure, get_measure
from plans.models import Version
from plans.selectors.cells import find_locked
from plans.selectors.heads import HeadRef, get_heads, get_version
from plans.selectors.spreads import BASIS_MEASURES, list_spread_keys, load_weights
from plans.selectors.state import load_measure
from plans.services.batches import Note
from plans.services.cells import save_cells
from plans.services.edits import CellEdit, SaveResult
from plans.spreading import spread_total

_FALLBACKS = (SpreadRule.BASELINE, SpreadRule.HISTORY, SpreadRule.EQUAL)


@dataclass(frozen=True, eq=False)
class SpreadPreview:
    """How totals at a node would fall on its leaves; nothing is held or written.

    ``keys`` : int64 [leaves, 2]. ``months`` : from the first to the last month with a total. ``base`` : what the leaves
    read now. ``after`` : int64 [leaves, months]; ``cleared`` : bool [months], the months whose leaves are emptied;
    ``locked`` : bool [leaves, months], leaves that keep their value. ``rules`` : the rule used for each total, another
    than asked where that one gave no weight to any leaf.
    """

    version_id: int
    measure: str
    product: Node
    org: Node
    totals: Mapping[int, int | None]
    rule: str
    keys: Ints
    months: range
    base: Cube
    after: Ints
    cleared: Bools
    locked: Bools
    rules: tuple[str, ...]

    def edits(
        self, *, note: Note | None = None, group: int | None = None, months: Iterable[int] | None = None
    ) -> list[CellEdit]:
        """Every leaf as a cell, the unchanged and locked ones only to have their base checked."""
        note = note or Note()
        edits = []
        for month in self.totals if months is None else months:
            column = month - self.months.start
            for row, (a_id, b_id) in enumerate(self.keys.tolist()):
                base = self._base(row, column)
                keeps = self.locked[row, column]
                after = base if keeps else None if self.cleared[column] else int(self.after[row, column])
                edits.append(CellEdit(self.measure, a_id, b_id, month, after, base, group=group, note=note))
        return edits

    def base_total(self, month: int) -> int | None:
        """What the node reads now; ``None`` when every leaf is empty."""
        column = month - self.months.start
        if self.base.present is not None and not self.base.present[:, column].any():
            return None
        return int(self.base.values[:, column].sum())

    def _base(self, row: int, column: int) -> int | None:
        if self.base.present is not None and not self.base.present[row, column]:
            return None
        return int(self.base.values[row, column])


def preview_spread(
    *,
    version_id: int,
    measure: str,
    product: Node,
    org: Node,
    totals: Mapping[int, int | None],
    rule: str = SpreadRule.CURRENT,
    hierarchy: Hierarchy | None = None,
) -> SpreadPreview:
    """Split totals (absolute month → smallest units, ``None`` clears) over the leaves under two nodes.

    Raises ``InvalidInput`` when the measure does not add up, a total is negative where the measure cannot be, or
    locked cells leave too little.
    """
    definition, version = get_measure(measure), get_version(version_id)
    _check(definition, totals)
    hierarchy = hierarchy or load_hierarchy()
    heads = get_heads(version_id=version_id, measures=[measure, *BASIS_MEASURES])
    keys = list_spread_keys(measure=measure, product=product, org=org, hierarchy=hierarchy, heads=heads)
    if not len(keys):
        raise InvalidInput(_("There is no product and sales organisation below this cell."), code="no_leaves")
    months = range(min(totals), max(totals) + 1)
    current = load_measure(version_id=version_id, measure=measure, keys=keys, months=months, heads=heads)
    locked = _locked_mask(version_id, measure, keys, months)
    split = _Split(version, heads, keys, months, current, locked)
    after, cleared, rules = current.values.copy(), np.zeros(len(months), bool), []
    for month, total in totals.items():
        column = month - months.start
        cleared[column] = total is None
        used, values = (rule, after[:, column]) if total is None else split.column(column, total, rule)
        after[:, column] = values
        rules.append(used)
    return SpreadPreview(
        version_id,
        measure,
        product,
        org,
        dict(totals),
        rule,
        keys,
        months,
        current,
        after,
        cleared,
        locked,
        tuple(rules),
    )


def save_spread(
    *,
    preview: SpreadPreview,
    actor: User | None,
    note: Note | None = None,
    source: str = Source.SPREAD,
    idem_key: str | None = None,
    retries: int = 3,
) -> SaveResult:
    """Save a previewed spread with the base of every leaf, also of those it leaves alone.

    When somebody edited a leaf meanwhile the totals are split again from the new values, at most ``retries`` times;
    then ``Conflict``. Raises ``Frozen``. Audit verb ``plans.cells.saved``.
    """
    for attempt in range(retries + 1):
        try:
            return save_cells(
                version_id=preview.version_id,
                edits=preview.edits(note=note),
                actor=actor,
                mode=SaveMode.ALL_OR_NOTHING,
                source=source,
                idem_key=idem_key,
            )
        except Conflict:
            if attempt == retries:
                raise
        preview = preview_spread(
            version_id=preview.version_id,
            measure=preview.measure,
            product=preview.product,
            org=preview.org,
            totals=preview.totals,
            rule=preview.rule,
        )
    raise AssertionError("the loop returns or raises")


@dataclass(frozen=True, eq=False)
class _Split:
    """The leaves of one spread and what their weights come from."""

    version: Version
    heads: Mapping[str, HeadRef]
    keys: Ints
    months: range
    current: Cube
    locked: Bools

    def column(self, column: int, total: int, rule: str) -> tuple[str, Ints]:
        """The rule used and the new leaf values of one month."""
        locked = self.locked[:, column]
        for candidate in (rule, *_FALLBACKS):
            weights = self._weights(candidate)[:, column]
            if weights[~locked].any() or candidate == SpreadRule.EQUAL:
                break
        return candidate, spread_total(total, weights=weights, current=self.current.values[:, column], locked=locked)

    def _weights(self, rule: str) -> Ints:
        cycle = self.version.cycle
        return load_weights(
            rule=rule,
            keys=self.keys,
            months=self.months,
            current=self.current,
            heads=self.heads,
            history_end=cycle.month if cycle else self.months.start,
        )


def _check(measure: Measure, totals: Mapping[int, int | None]) -> None:
    if not totals:
        raise InvalidInput(_("Say which month gets which total."), code="no_total")
    if not measure.additive:
        raise InvalidInput(
            _("%(measure)s does not add up; edit it at the lowest level.") % {"measure": measure.label},
            code="not_additive",
        )
    if measure.minimum is not None and any(total is not None and total < measure.minimum for total in totals.values()):
        raise InvalidInput(_("%(measure)s cannot be negative.") % {"measure": measure.label}, code="below_minimum")


def _locked_mask(version_id: int, measure: str, keys: Ints, months: range) -> Bools:
    cells = {(a_id, b_id, month) for a_id, b_id in keys.tolist() for month in months}
    locked = find_locked(version_id, {measure: cells})
    mask = np.zeros((len(keys), len(months)), bool)
    if locked:
        row_of = {tuple(key): row for row, key in enumerate(keys.tolist())}
        for _code, (a_id, b_id, month) in locked:
            mask[row_of[a_id, b_id], month - months.start] = True
    return mask
