"""Where in both trees somebody looks, and what their scope lets them see there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from accounts.models import Scope
from core.errors import unknown
from plans.choices import AxisKind
from plans.cubes import Axis
from plans.hierarchy import Hierarchy, Tree, load_hierarchy

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Place:
    """A product node × an org node by id, inside a person's scope; ``None`` is everything."""

    hierarchy: Hierarchy
    scope: Scope
    product: int | None
    org: int | None

    @property
    def node(self) -> tuple[int | None, int | None]:
        return self.product, self.org

    @property
    def is_leaf(self) -> bool:
        """One product at one org: figures are typed as they are, nothing is split."""
        trees = ((self.hierarchy.products, self.product), (self.hierarchy.orgs, self.org))
        return all(node is not None and tree.is_leaf[tree.position_of(node)] for tree, node in trees)

    def rows(self, axis: Axis) -> Ints:
        """Rows of a product × org axis under the place that the scope allows to see."""
        rows = self.hierarchy.leaf_rows(axis, self.product, self.org)
        return rows if self.scope.is_everything else rows[self.hierarchy.scope_rows(axis, self.scope)[rows]]

    def covers(self, keys: Ints) -> NDArray[np.bool_]:
        """bool [n]: which of the key pairs [n, 2], in any order, lie under the place."""
        if not len(keys):
            return np.zeros(0, dtype=bool)
        unique, positions = np.unique(keys, axis=0, return_inverse=True)
        axis = Axis(AxisKind.PRODUCT_ORG, unique)
        inside = np.zeros(len(axis), dtype=bool)
        inside[self.rows(axis)] = True
        return inside[positions.ravel()]


def find_place(*, scope: Scope, product: str | None, org: str | None) -> Place:
    """The place named by codes, the top of the person's scope when none is named.

    Raises ``Missing`` for an unknown code and, alike, for one outside the scope.
    """
    hierarchy = load_hierarchy()
    product_id = hierarchy.products.id_of(product) if product else _top(hierarchy.products, scope.products)
    org_id = hierarchy.orgs.id_of(org) if org else _top(hierarchy.orgs, scope.orgs)
    if not hierarchy.is_in_scope(replace(scope, orgs=None), product_id, None):
        raise unknown("product", product or "")
    if not hierarchy.is_in_scope(replace(scope, products=None), None, org_id):
        raise unknown("org", org or "")
    return Place(hierarchy, scope, product_id, org_id)


def _top(tree: Tree, nodes: frozenset[str] | None) -> int | None:
    """The only root, or everything; inside a scope its first node."""
    if nodes:
        known = sorted(code for code in nodes if code in tree.codes)
        return tree.id_of(known[0]) if known else None
    roots = tree.ids[tree.parents == 0]
    return int(roots[0]) if len(roots) == 1 else None
