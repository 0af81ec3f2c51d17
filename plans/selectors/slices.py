"""Slices of a plan as lines: a measure at a node by month, for the API, exports and other readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Model
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import Scope
from core.errors import InvalidInput, Missing
from core.months import format_month
from masterdata.models import Material, Org, Product, Resource, Site, Way
from plans.choices import AxisKind
from plans.cubes import Cube, Ints
from plans.hierarchy import Hierarchy, Tree
from plans.measures import list_measures
from plans.models import Snapshot
from plans.selectors.rollups import NodePair, NodeTotals
from plans.selectors.snapshots import load_manifest, load_snapshot_state

LEAF = "leaf"
_EXACT_IN_JAVASCRIPT = 2**53
# What the two keys of an axis are called in a line, and where their codes are.
_PRODUCT = (Product, {"product": "code"})
_RECEIVER = Coalesce("org__code", "to_site__code")  # of a move between sites the other site
_COLUMNS: dict[str, tuple[tuple[type[Model], dict[str, Any]], ...]] = {
    AxisKind.PRODUCT_ORG: (_PRODUCT, (Org, {"org": "code"})),
    AxisKind.PRODUCT_SITE: (_PRODUCT, (Site, {"site": "code"})),
    AxisKind.RESOURCE: ((Resource, {"resource": "code"}),),
    AxisKind.MATERIAL: ((Material, {"material": "code"}), (Site, {"site": "code"})),
    AxisKind.PRODUCT_WAY: (_PRODUCT, (Way, {"site": "site__code", "org": _RECEIVER})),
}


@dataclass(frozen=True)
class NodeQuery:
    """The nodes a reader asks for: below ``product`` and ``org``, at the named levels (``leaf`` for the lowest)."""

    product: str | None = None
    org: str | None = None
    levels: tuple[str, ...] = ()


def list_nodes(query: NodeQuery, *, hierarchy: Hierarchy, scope: Scope) -> list[NodePair]:
    """(product id, org id) pairs in code order, without those the scope shows nothing of.

    Raises ``Missing`` for an unknown node and, all the same, for one outside the scope; ``InvalidInput`` for a level
    that neither tree has.
    """
    trees = (hierarchy.products, query.product, scope.products), (hierarchy.orgs, query.org, scope.orgs)
    known = {LEAF, *hierarchy.products.levels, *hierarchy.orgs.levels}
    unknown = [name for name in query.levels if name not in known]
    if unknown:
        raise InvalidInput(_("There is no level “%(level)s”.") % {"level": unknown[0]}, code="unknown_level")
    products, orgs = (_side(tree, node, seen, query.levels) for tree, node, seen in trees)
    return [(product, org) for product in products for org in orgs]


def _side(tree: Tree, node: str | None, scope: frozenset[str] | None, levels: Sequence[str]) -> list[int | None]:
    top, seen = tree.id_of(node), tree.seen_by(scope)
    if top is not None and not seen[tree.position_of(top)]:
        raise Missing(_("There is no “%(code)s”.") % {"code": node}, code=f"unknown_{tree.noun}")
    wanted = [name for name in levels if name == LEAF or name in tree.levels]
    if not wanted:
        return [top]
    mask = tree.is_leaf if wanted[0] == LEAF else np.array([level == wanted[0] for level in tree.levels], bool)
    found = tree.ids[mask & seen & tree.is_under([top])]
    return sorted(found.tolist(), key=tree.code_of)


def list_lines(
    measure: str, nodes: Sequence[NodePair], totals: NodeTotals, hierarchy: Hierarchy
) -> Iterator[dict[str, Any]]:
    """One line per node: codes and the month's values in whole units, ``None`` where empty."""
    rows = zip(nodes, totals.values.tolist(), totals.present.tolist(), strict=True)
    for (product, org), values, present in rows:
        yield {
            "measure": measure,
            "product": None if product is None else hierarchy.products.code_of(int(product)),
            "org": None if org is None else hierarchy.orgs.code_of(int(org)),
            "unit": str(totals.unit),
            "values": [to_units(v, totals.scale) if p else None for v, p in zip(values, present, strict=True)],
        }


def find_rows(cube: Cube, query: NodeQuery, *, hierarchy: Hierarchy, scope: Scope) -> Ints | None:
    """The rows of a cube by product and site whose product is asked for and in the scope; ``None``: every row.

    Raises ``Missing`` for an unknown product and, all the same, for one outside the scope.
    """
    if cube.axis.kind != AxisKind.PRODUCT_SITE or (query.product is None and scope.products is None):
        return None
    [top] = _side(hierarchy.products, query.product, scope.products, ())
    wanted, (seen, _orgs) = hierarchy.products.leaves_under(top), hierarchy.scope_leaves(scope)
    return np.flatnonzero(np.isin(cube.axis.keys[:, 0], wanted) & np.isin(cube.axis.keys[:, 0], seen))


def list_cube_lines(measure: str, cube: Cube, scope_rows: Ints | None = None) -> Iterator[dict[str, Any]]:
    """One line per row of a cube of any kind of axis, or per row of ``scope_rows``."""
    columns = _COLUMNS[cube.axis.kind]
    codes = [_load_codes(model, fields) for model, fields in columns]
    present = np.ones(cube.values.shape, bool) if cube.present is None else cube.present
    rows = range(len(cube.axis)) if scope_rows is None else scope_rows.tolist()
    for row in rows:
        key = cube.axis.keys[row].tolist()
        named = {name: "" for _model, fields in columns for name in fields}
        for known, part in zip(codes, key, strict=False):
            named |= known.get(part, {})
        cells = zip(cube.values[row].tolist(), present[row].tolist(), strict=True)
        yield {
            "measure": measure,
            **named,
            "unit": str(cube.unit),
            "values": [to_units(value, cube.scale) if there else None for value, there in cells],
        }


def _load_codes(model: type[Model], fields: dict[str, Any]) -> dict[int, dict[str, str]]:
    """Id → what a line says of it."""
    rows = model._default_manager.values_list("pk", *fields.values())
    return {pk: dict(zip(fields, (code or "" for code in codes), strict=True)) for pk, *codes in rows}


def plan_months(snapshot: Snapshot) -> range:
    """The months the frozen plan is for."""
    cycle = snapshot.version.cycle
    if cycle is None:
        raise InvalidInput(_("Snapshot %(code)s belongs to no cycle.") % {"code": snapshot.code[:12]})
    return range(cycle.month, cycle.month + cycle.horizon)


def list_snapshot_lines(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Every measure of a frozen plan at its finest keys, in the order of the catalogue and of the codes.

    All lines have the same keys; those an axis does not have are empty.
    """
    held, months = load_manifest(snapshot)["measures"], plan_months(snapshot)
    names = dict.fromkeys(name for columns in _COLUMNS.values() for _model, fields in columns for name in fields)
    for measure in list_measures():
        if not all(code in held for code in measure.stored):
            continue
        cube = load_snapshot_state(snapshot, measure.code).cube(months=months)
        lines = [{"measure": "", **dict.fromkeys(names, ""), **line} for line in list_cube_lines(measure.code, cube)]
        yield from sorted(lines, key=lambda line: [line[name] for name in names])


def to_units(value: int, scale: int) -> int | float | str:
    """Smallest units in whole units; as text where JavaScript would round."""
    if abs(value) >= _EXACT_IN_JAVASCRIPT:
        digits = str(abs(value)).rjust(scale + 1, "0")
        text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
        return f"-{text}" if value < 0 else text
    return value if scale == 0 else value / 10**scale


def month_names(months: range) -> list[str]:
    return [format_month(month) for month in months]
