"""The waterfall from last cycle's agreed demand to this cycle's, by cause, exact to the unit.

Last month's overrides end; then each source is exchanged for this month's, one after the other, under today's rules;
then this month's overrides come, each under its reason. Every part is the difference of two sums that follow each
other, so the parts add up to the whole change and nothing is left over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cycles.models import Cycle
from demand.choices import Stream
from demand.measures import BASELINE, CARRIED, CONSENSUS, OVERRIDE, PROPOSAL
from demand.rules import Rule
from demand.selectors.overrides import list_standing_edits
from demand.selectors.place import Place
from demand.selectors.voices import list_rules, load_voices, propose_all
from plans.models import Version
from plans.selectors import get_last_approved, get_working_version, load_measure

Ints = NDArray[np.int64]

YEAR = 12
LAST_OVERRIDES, RULES, NOT_REBUILT, UNNAMED = "last_overrides", "rules", "not_rebuilt", ""
# In the order of a month's work; the fields of ``Voices`` that belong to each source.
_SOURCES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (BASELINE, ("baseline",)),
    (CARRIED, ("carried",)),
    (Stream.PRODUCT, ("product", "product_given")),
    (Stream.MARKETING, ("activities",)),
    (Stream.SALES, ("sales", "sales_given")),
    (Stream.ORDERS, ("orders", "channel")),
)


@dataclass(frozen=True)
class Part:
    """One cause: a source of demand, ``last_overrides``, ``rules``, ``not_rebuilt``, or ``override:<reason>``."""

    cause: str
    change: int


@dataclass(frozen=True)
class Bridge:
    """Units in the smallest unit over the months both plans share; ``start`` + the parts = ``end``."""

    months: range
    start: int
    parts: tuple[Part, ...]
    end: int


def load_demand_bridge(*, cycle: Cycle, place: Place, months: int = YEAR) -> Bridge | None:
    """From the last approved plan's consensus to this cycle's, under a place; ``None`` without a plan before."""
    before = get_last_approved(before_month=cycle.month)
    if before is None or before.cycle is None:
        return None
    shared = range(cycle.month, min(cycle.month + months, before.cycle.month + before.cycle.horizon))
    now = get_working_version(cycle)
    axis = load_measure(version_id=now.pk, measure=CONSENSUS).axis
    axis = axis.union(load_measure(version_id=before.pk, measure=CONSENSUS).axis.keys)
    rules = list_rules(place.hierarchy, axis)
    rows = place.rows(axis)
    steps = list(_walk(before, now, axis.keys, shared, rules))
    sums = [int(values[rows].sum()) for _cause, values in steps]
    parts = [Part(steps[i][0], sums[i] - sums[i - 1]) for i in range(1, len(steps))]
    parts += _overrides(now, axis.keys, rows, shared)
    end = sums[0] + sum(part.change for part in parts)
    return Bridge(shared, sums[0], tuple(part for part in parts if part.change), end)


def _walk(
    before: Version, now: Version, keys: Ints, months: range, rules: list[tuple[Rule, Ints]]
) -> Iterator[tuple[str, Ints]]:
    """(cause, consensus or proposal after it), from last cycle's consensus to this cycle's proposal."""

    def read(version: Version, measure: str) -> Ints:
        return load_measure(version_id=version.pk, measure=measure, keys=keys, months=months).values

    yield "", read(before, CONSENSUS)
    yield LAST_OVERRIDES, read(before, PROPOSAL)
    voices = load_voices(version_id=before.pk, keys=keys, months=months)
    yield RULES, propose_all(rules, voices)
    new = load_voices(version_id=now.pk, keys=keys, months=months)
    for source, names in _SOURCES:
        voices = replace(voices, **{name: getattr(new, name) for name in names})
        yield source, propose_all(rules, voices)
    yield NOT_REBUILT, read(now, PROPOSAL)


def _overrides(now: Version, keys: Ints, rows: Ints, months: range) -> list[Part]:
    """What this cycle's overrides change, by the reason they stand for; the largest first."""
    proposal = load_measure(version_id=now.pk, measure=PROPOSAL, keys=keys, months=months).values
    override = load_measure(version_id=now.pk, measure=OVERRIDE, keys=keys, months=months)
    change = np.where(np.asarray(override.present), override.values - proposal, 0)[rows]
    at = {(int(a), int(b)): row for row, (a, b) in enumerate(keys[rows].tolist())}
    by_reason: dict[str, int] = {}
    for standing in list_standing_edits(version_id=now.pk, measure=OVERRIDE):
        product, org, month = standing.cell
        if (row := at.get((product, org))) is not None and month in months:
            amount = int(change[row, month - months.start])
            change[row, month - months.start] = 0
            by_reason[standing.reason] = by_reason.get(standing.reason, 0) + amount
    rest = int(change.sum())  # written in bulk: no single cell, no reason of its own
    by_reason[UNNAMED] = by_reason.get(UNNAMED, 0) + rest
    found = [Part(f"override:{reason}", amount) for reason, amount in by_reason.items()]
    return sorted(found, key=lambda part: -abs(part.change))
