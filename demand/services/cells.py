"""Work at cells of any level: how a total would fall on the parts, and locks on everything below a cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

import numpy as np

from accounts.models import User
from accounts.policies import require
from accounts.selectors import get_scope
from core.db import write_transaction
from demand.selectors.place import Place, find_place
from demand.splits import SPREAD_LABELS
from masterdata.models import Company, Org, Product
from plans.choices import VersionKind
from plans.measures import get_measure
from plans.models import Version
from plans.policies import WRITE_SCENARIO
from plans.selectors import load_measure
from plans.services import SpreadPreview, lock_cells, preview_spread, unlock_cells


def preview_split(
    *, version: Version, actor: User, measure: str, product: str, org: str, month: int, value: Decimal, spread: str
) -> dict[str, Any]:
    """What each part one level down would get of a total: regions first, below one region products.

    ``{"rule", "leaves": [{"label", "before", "after", "locked"}]}`` in units, without the parts that have and get
    nothing; the sum is the total exactly. Raises
    ``Missing`` outside the actor's scope, ``InvalidInput`` when the total cannot be split.
    """
    place = find_place(scope=get_scope(actor), product=product, org=org)
    company = Company.objects.first()
    scale = company.quantity_decimals if company else 0
    preview = preview_spread(
        version_id=version.pk,
        measure=measure,
        product=place.product,
        org=place.org,
        totals={month: int(value.scaleb(scale).to_integral_value())},
        rule=spread,
        hierarchy=place.hierarchy,
    )
    return {"rule": str(SPREAD_LABELS[preview.rules[0]]), "leaves": _parts(preview, place, scale)}


def _parts(preview: SpreadPreview, place: Place, scale: int) -> list[dict[str, Any]]:
    trees, model = place.hierarchy, cast(type[Product | Org], Org)
    tree, column, here = trees.orgs, 1, place.org
    if here is not None and tree.is_leaf[tree.position_of(here)]:
        tree, column, here, model = trees.products, 0, place.product, Product
    depth = int(tree.depths[tree.position_of(here)]) + 1
    paths = tree.paths[tree.positions(preview.keys[:, column])]
    nodes = tree.ids[paths[:, min(depth, paths.shape[1] - 1)]]
    labels = {row.pk: row.label for row in model.objects.filter(pk__in=np.unique(nodes).tolist())}
    before, after, locked = preview.base.values[:, 0], preview.after[:, 0], preview.locked[:, 0]
    return [
        {
            "label": labels[int(node)],
            "before": int(before[nodes == node].sum()) / 10**scale,
            "after": int(after[nodes == node].sum()) / 10**scale,
            "locked": bool(locked[nodes == node].all()),
        }
        for node in sorted(labels, key=lambda pk: labels[pk])
        if before[nodes == node].any() or after[nodes == node].any()
    ]


def lock_place(*, version: Version, actor: User, cells: Iterable[Mapping[str, Any]], locked: bool) -> int:
    """Lock or unlock every leaf below cells of any level, all or nothing; how many locks came or went.

    The actor must be allowed to edit the row there. Raises ``Denied``, ``Missing``, ``Frozen``.
    """
    is_scenario = version.kind == VersionKind.SCENARIO
    months: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for cell in cells:
        own = get_measure(cell["measure"]).edit_action or "consensus.override"
        action = WRITE_SCENARIO if is_scenario else own
        require(actor, action, product=cell["product"], org=cell["org"])
        months[cell["measure"], cell["product"], cell["org"]].append(cell["month"])
    changed = 0
    with write_transaction():
        for (measure, product, org), wanted in months.items():
            place = find_place(scope=get_scope(actor), product=product, org=org)
            axis = load_measure(version_id=version.pk, measure=measure).axis
            keys = [(a, b) for a, b in axis.keys[place.rows(axis)].tolist()]
            for month in wanted:
                work = lock_cells if locked else unlock_cells
                changed += work(
                    version_id=version.pk, measure=measure, keys=keys, months=range(month, month + 1), actor=actor
                )
    return changed
