"""The number passport: what a figure is, where it comes from, who froze it, and what adds up to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Scope
from core.errors import InvalidInput
from plans.choices import FOLDINGS, AxisKind
from plans.cubes import Bools
from plans.hierarchy import Hierarchy, Node, Tree
from plans.measures import Measure, get_measure
from plans.models import Edit, Move, Snapshot, Version
from plans.selectors.heads import HeadRef, get_heads
from plans.selectors.rollups import NodePair, NodeTotals, sum_nodes
from plans.selectors.slices import NodeQuery, list_nodes
from plans.selectors.snapshots import load_manifest
from plans.selectors.state import State, load_measure_state

MOST_EDITS = 12
_SCANNED = 5_000  # edits looked through, newest first, for those under the node
_CHUNK = 500


@dataclass(frozen=True)
class Part:
    """One of the figures that add up to it: a product, a region or a month.

    ``quantity`` : what a money figure is made from, smallest units; ``None`` for other measures.
    """

    side: str  # product, org, month
    node: int
    value: int
    quantity: int | None


@dataclass(frozen=True)
class Origin:
    """What gave a stored measure its block: a calculation, an import, a bulk write."""

    measure: str
    kind: str
    source: str
    cause: str
    by: str
    at: dt.datetime
    job_id: int | None


@dataclass(frozen=True)
class LedgerLine:
    """One edit under the figure; values in smallest units."""

    measure: str
    product: int
    org: int
    month: int
    before: int | None
    after: int | None
    by: str
    at: dt.datetime
    reason: str
    comment: str


@dataclass(frozen=True)
class Passport:
    """A figure and its past. ``value`` is ``None`` where nothing is planned or the measure does not add up.

    ``quantity_scale`` : decimals of the parts' quantities. ``more_edits`` : there are older ones than those listed.
    """

    version: Version
    measure: Measure
    node: NodePair
    months: range
    value: int | None
    unit: str
    scale: int
    parts: list[Part]
    quantity_scale: int
    origins: list[Origin]
    snapshot: Snapshot | None
    edits: list[LedgerLine]
    more_edits: bool


def load_passport(
    *, version: Version, measure: Measure, query: NodeQuery, months: range, hierarchy: Hierarchy, scope: Scope
) -> Passport:
    """The passport of a measure at a node over months, for the eyes of a scope.

    Raises ``Missing`` for a node outside the scope, ``InvalidInput`` for a measure that has no products and regions.
    """
    if measure.axis_kind != AxisKind.PRODUCT_ORG:
        raise InvalidInput(
            _("“%(measure)s” is not planned by product and region; it has no passport.") % {"measure": measure.label},
            code="no_passport",
        )
    [node] = list_nodes(NodeQuery(query.product, query.org), hierarchy=hierarchy, scope=scope)
    codes = [measure.code, *([measure.valued_from] if measure.valued_from else [])]
    heads = get_heads(version_id=version.pk, measures=codes)
    reader = _Reader(measure, heads, hierarchy, scope, months)
    value, unit, scale = reader.figure(node)
    side, children = _children(node, hierarchy, scope)
    parts = reader.parts(side, children) if children else reader.month_parts(node)
    own = [heads[code] for code in measure.stored]
    edits, more = _last_edits(own, node, hierarchy, scope, months)
    return Passport(
        version=version,
        measure=measure,
        node=node,
        months=months,
        value=value,
        unit=unit,
        scale=scale,
        parts=parts if measure.additive else [],
        quantity_scale=reader.quantity_scale,
        origins=[origin for head in own if (origin := _origin(head)) is not None],
        snapshot=_freezer(version, own),
        edits=edits,
        more_edits=more,
    )


class _Reader:
    """Sums of the measure, and of the quantity it is valued from, at nodes."""

    def __init__(
        self, measure: Measure, heads: Mapping[str, HeadRef], hierarchy: Hierarchy, scope: Scope, months: range
    ) -> None:
        self._measure, self._hierarchy, self._scope, self._months = measure, hierarchy, scope, months
        self._state = load_measure_state(measure, heads)
        source = get_measure(measure.valued_from) if measure.valued_from else None
        self._quantity = None if source is None else load_measure_state(source, heads)
        self.quantity_scale = 0 if self._quantity is None else self._quantity.block.scale

    def figure(self, node: NodePair) -> tuple[int | None, str, int]:
        totals = self._sum(self._state, [node])
        value = int(totals.values.sum()) if totals.present.any() else None
        return value, str(totals.unit), totals.scale

    def parts(self, side: str, children: Sequence[NodePair]) -> list[Part]:
        """The children that hold something, largest first; they add up to the figure."""
        values = self._sum(self._state, children).values.sum(axis=1).tolist()
        quantities = [None] * len(children)
        if self._quantity is not None:
            quantities = self._sum(self._quantity, children).values.sum(axis=1).tolist()
        column = 0 if side == "product" else 1
        rows = zip(children, values, quantities, strict=True)
        parts = [Part(side, int(node[column] or 0), value, quantity) for node, value, quantity in rows if value]
        return sorted(parts, key=lambda part: -abs(part.value))

    def month_parts(self, node: NodePair) -> list[Part]:
        """A leaf's figure by month, in time order."""
        if len(self._months) < 2:
            return []
        values = self._sum(self._state, [node]).values[0].tolist()
        quantities = [None] * len(values)
        if self._quantity is not None:
            quantities = self._sum(self._quantity, [node]).values[0].tolist()
        rows = zip(self._months, values, quantities, strict=True)
        return [Part("month", month, value, quantity) for month, value, quantity in rows if value]

    def _sum(self, state: State, nodes: Sequence[NodePair]) -> NodeTotals:
        return sum_nodes(
            state,
            nodes,
            hierarchy=self._hierarchy,
            months=self._months,
            scope=self._scope,
            additive=self._measure.additive,
        )


def _children(node: NodePair, hierarchy: Hierarchy, scope: Scope) -> tuple[str, list[NodePair]]:
    """The next level down: products first, below a leaf product regions; none at a leaf cell."""
    product, org = node
    for side, tree, top, seen in (
        ("product", hierarchy.products, product, scope.products),
        ("org", hierarchy.orgs, org, scope.orgs),
    ):
        visible = tree.seen_by(seen)
        found = _visible_children(tree, top, visible)
        while len(found) == 1 and (deeper := _visible_children(tree, found[0], visible)):
            found = deeper  # a lone part says nothing its total does not
        if found:
            return side, [(child, org) if side == "product" else (product, child) for child in found]
    return "month", []


def _visible_children(tree: Tree, top: Node, visible: Bools) -> list[int]:
    return [int(child) for child in tree.children_of(top) if visible[tree.position_of(int(child))]]


def _origin(head: HeadRef) -> Origin | None:
    """The last move that changed numbers, of the head or, before its own first, of what it was forked from."""
    for head_id, epoch in ((head.id, head.epoch), (head.base_head_id or 0, head.pin_epoch)):
        moves = Move.objects.filter(head_id=head_id, epoch__lte=epoch).exclude(kind__in=FOLDINGS)
        move = moves.select_related("batch").order_by("-epoch").first()
        if move is not None:
            batch = move.batch
            return Origin(
                measure=head.measure,
                kind=move.kind,
                source=batch.source if batch else "",
                cause=batch.cause if batch else "",
                by=batch.author_name if batch else "",
                at=move.at,
                job_id=batch.job_id if batch else None,
            )
    return None


def _freezer(version: Version, heads: Sequence[HeadRef]) -> Snapshot | None:
    """The first valid snapshot that holds the measure: later ones repeat the same numbers."""
    if not all(head.sealed for head in heads):
        return None
    for snapshot in Snapshot.objects.filter(version=version).select_related("by").order_by("at"):
        held = load_manifest(snapshot)["measures"]
        if all(head.measure in held for head in heads):
            return snapshot
    return None


def _last_edits(
    heads: Sequence[HeadRef], node: NodePair, hierarchy: Hierarchy, scope: Scope, months: range
) -> tuple[list[LedgerLine], bool]:
    products, orgs = (set(ids.tolist()) for ids in hierarchy.scope_leaves(scope))
    products &= set(hierarchy.products.leaves_under(node[0]).tolist())
    orgs &= set(hierarchy.orgs.leaves_under(node[1]).tolist())
    found: list[LedgerLine] = []
    for edit in _newest_edits(heads, months):
        if edit.a_id in products and edit.b_id in orgs:
            found.append(_ledger_line(edit))
            if len(found) > MOST_EDITS:
                break
    return found[:MOST_EDITS], len(found) > MOST_EDITS


def _newest_edits(heads: Sequence[HeadRef], months: range) -> Iterator[Edit]:
    """Edits of the months, newest first, a scenario's inherited ones among them; at most ``_SCANNED``."""
    reach = {head.id: head.rev for head in heads}
    reach.update({head.base_head_id: head.pin_rev for head in heads if head.base_head_id is not None})
    rows = Edit.objects.filter(head_id__in=reach, m__gte=months.start, m__lt=months.stop)
    rows = rows.select_related("batch", "head").order_by("-id")
    for start in range(0, _SCANNED, _CHUNK):
        chunk = list(rows[start : start + _CHUNK])
        yield from (edit for edit in chunk if edit.rev <= reach[edit.head_id])
        if len(chunk) < _CHUNK:
            return


def _ledger_line(edit: Edit) -> LedgerLine:
    batch = edit.batch
    return LedgerLine(
        measure=edit.head.measure,
        product=edit.a_id,
        org=edit.b_id,
        month=edit.m,
        before=edit.before,
        after=edit.after,
        by=batch.author_name,
        at=batch.at,
        reason=batch.reason,
        comment=batch.comment,
    )
