"""The supply answer in the dimensions of demand: asked, delivered and short by product and by sales region (R-072)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accounts.models import User
from accounts.selectors import get_scope
from masterdata.models import Org, Product
from plans.hierarchy import Tree, load_hierarchy
from plans.selectors import get_version, load_measures
from supply import measures as m
from supply.selectors.horizon import plan_months

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class AnswerRow:
    """A node of the product or sales tree. Smallest units over the horizon; ``by_month`` is what is short."""

    code: str
    label: str
    asked: int
    served: int
    short: int
    by_month: tuple[int, ...]

    @property
    def share(self) -> float:
        """Per cent of what is asked for that is delivered."""
        return 100 * self.served / self.asked if self.asked else 100.0


@dataclass(frozen=True)
class Answer:
    """``months`` are absolute; rows with most short first."""

    months: tuple[int, ...]
    products: tuple[AnswerRow, ...]
    orgs: tuple[AnswerRow, ...]


def get_supply_answer(version_id: int, *, user: User) -> Answer:
    """Consensus against constrained plan by the first level of each tree that divides it, inside the user's scope."""
    months = plan_months(get_version(version_id))
    cubes = load_measures(version_id=version_id, measures=[m.CONSENSUS, m.CONSTRAINED, m.SHORT], months=months)
    hierarchy = load_hierarchy()
    axis = cubes[m.CONSENSUS].axis
    seen = np.flatnonzero(hierarchy.scope_rows(axis, get_scope(user)))
    asked, served, short = (cubes[code].align(axis).values[seen] for code in (m.CONSENSUS, m.CONSTRAINED, m.SHORT))
    keys = axis.keys[seen]
    return Answer(
        months=tuple(months),
        products=_rows(hierarchy.products, keys[:, 0], asked, served, short, _labels(Product)),
        orgs=_rows(hierarchy.orgs, keys[:, 1], asked, served, short, _labels(Org)),
    )


def _rows(
    tree: Tree, ids: Ints, asked: Ints, served: Ints, short: Ints, labels: dict[int, str]
) -> tuple[AnswerRow, ...]:
    if not len(ids):
        return ()
    group = _ancestors(tree, ids)
    rows = []
    for position in np.unique(group).tolist():
        chosen = group == position
        node = int(tree.ids[position])
        rows.append(
            AnswerRow(
                code=tree.code_of(node),
                label=labels.get(node, tree.code_of(node)),
                asked=int(asked[chosen].sum()),
                served=int(served[chosen].sum()),
                short=int(short[chosen].sum()),
                by_month=tuple(short[chosen].sum(axis=0).tolist()),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.short, -row.asked, row.code)))


def _ancestors(tree: Tree, ids: Ints) -> Ints:
    """Position of each id's ancestor at the first depth with more than one node, else its own."""
    positions = tree.positions(ids)
    for depth in range(1, tree.paths.shape[1]):
        found = np.asarray(tree.paths[positions, depth])
        if len(np.unique(found)) > 1:
            return found
    return positions


def _labels(model: type[Product] | type[Org]) -> dict[int, str]:
    return {row.pk: row.label for row in model.objects.only("pk", "code", "name", "name_zh")}
