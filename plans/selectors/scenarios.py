"""What sets a scenario apart: from the picture it was pinned to, from its parent now, from other scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from django.db.models import QuerySet

from accounts.models import Scope
from plans.choices import VersionKind, VersionState
from plans.cubes import covering
from plans.hierarchy import Hierarchy, load_hierarchy
from plans.models import Version
from plans.selectors.blocks import Tail
from plans.selectors.heads import HeadRef, get_heads, get_version, has_moved
from plans.selectors.rollups import NodePair, NodeTotals, load_nodes
from plans.selectors.state import State, load_state


def list_scenarios(*, cycle_id: int | None = None, parent_id: int | None = None) -> QuerySet[Version]:
    """Open scenarios, newest first."""
    found = Version.objects.filter(kind=VersionKind.SCENARIO, state=VersionState.OPEN).order_by("-id")
    if cycle_id is not None:
        found = found.filter(cycle_id=cycle_id)
    return found if parent_id is None else found.filter(parent_id=parent_id)


def get_parent(version: Version) -> Version | None:
    """The plan a scenario belongs to today: the one that took its parent's place when a step was reopened."""
    parent = version.parent
    if parent is None or parent.current or parent.cycle is None:
        return parent
    plans = [VersionKind.WORKING, VersionKind.APPROVED]
    return Version.objects.filter(cycle=parent.cycle, kind__in=plans, current=True).first() or parent


def list_stale_measures(*, version_id: int) -> list[str]:
    """Measures whose numbers in the parent changed since the scenario was pinned."""
    version = get_version(version_id)
    parent = get_parent(version)
    if parent is None:
        return []
    mine, theirs = get_heads(version_id=version_id), get_heads(version_id=parent.pk)
    shared = [code for code, ref in mine.items() if ref.pin is not None and code in theirs]
    if parent.pk != version.parent_id:
        return shared
    return [code for code in shared if _has_parent_moved(mine[code], theirs[code])]


def _has_parent_moved(mine: HeadRef, theirs: HeadRef) -> bool:
    return has_moved(head_id=theirs.id, since_rev=mine.pin_rev, since_epoch=mine.pin_epoch, now=theirs)


def load_pin_state(head: HeadRef) -> State:
    """The picture a scenario's measure was forked from, or last refreshed to. ``ValueError`` when there is none."""
    pin = head.pin
    if pin is None:
        raise ValueError(f"{head.measure} of version {head.version_id} is pinned to nothing")
    return load_state(pin)


def diff_states(base: State, mine: State) -> Tail:
    """The cells of ``mine`` that differ from ``base``, with their values in ``mine``."""
    if base.content_key == mine.content_key:
        cells = np.unique(np.concatenate([base.tail.cells, mine.tail.cells]), axis=0)
    else:
        cells = _differing_cells(base, mine)
    if not len(cells):
        return Tail.empty()
    (old, had), (new, has) = base.read(cells), mine.read(cells)
    changed = (had != has) | (has & (old != new))
    return Tail(cells[changed], new[changed], has[changed])


def _differing_cells(base: State, mine: State) -> np.ndarray:
    old, new = base.cube(), mine.cube()
    axis, months = old.axis.union(new.axis.keys), covering(old.months, new.months)
    old, new = (cube.align(axis).window(months.start, len(months)) for cube in (old, new))
    differs = old.values != new.values
    if old.present is not None and new.present is not None:
        differs = differs | (old.present != new.present)
    rows, columns = np.nonzero(differs)
    return np.column_stack([axis.keys[rows], columns + months.start])


def load_comparison(
    *,
    version_ids: Sequence[int],
    measures: Iterable[str],
    nodes: Sequence[NodePair] = ((None, None),),
    months: range | None = None,
    scope: Scope | None = None,
    hierarchy: Hierarchy | None = None,
) -> dict[int, dict[str, NodeTotals]]:
    """Version → measure → numbers of the nodes, for plans side by side."""
    hierarchy, wanted = hierarchy or load_hierarchy(), list(measures)
    return {
        version_id: load_nodes(
            version_id=version_id, measures=wanted, nodes=nodes, months=months, scope=scope, hierarchy=hierarchy
        )
        for version_id in version_ids
    }
