"""Engine changes ↔ JSON with external codes and absolute months, so that a stored option can be adopted later."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from engine.balancing.contracts import BalanceProblem
from engine.balancing.placing import Change


def changes_to_json(problem: BalanceProblem, changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Readable, hashable, independent of positions in the problem. An unlimited amount is ``None``."""
    first, demand = problem.first_month, problem.demand
    return [
        {
            "kind": change.kind,
            "key": list(change.key),
            "from_month": first + change.start,
            "until_month": first + change.end,
            "amount": None if math.isinf(change.amount) else change.amount,
            "price": change.price,
            "cells": [
                [problem.products[demand.product[c]], problem.orgs[demand.org[c]], first + month, units]
                for c, month, units in change.cells
            ],
        }
        for change in changes
    ]


def changes_from_json(problem: BalanceProblem, rows: Sequence[dict[str, Any]]) -> list[Change]:
    """Back, for the months of this problem; what lies outside, or names what is no more, is left out."""
    first, demand = problem.first_month, problem.demand
    class_of: dict[tuple[str, str], int] = {}
    for c, (k, r) in enumerate(zip(demand.product, demand.org, strict=True)):
        class_of.setdefault((problem.products[k], problem.orgs[r]), c)  # a rush order's own class stands behind
    known = {*problem.resources, *problem.materials, *problem.products, *problem.sites}
    changes = []
    for row in rows:
        start, end = max(0, row["from_month"] - first), min(problem.months, row["until_month"] - first)
        if start >= end or not known.issuperset(row["key"]):
            continue
        cells = tuple(
            (class_of[product, org], month - first, float(units))
            for product, org, month, units in row["cells"]
            if (product, org) in class_of and 0 <= month - first < problem.months
        )
        amount = math.inf if row["amount"] is None else float(row["amount"])
        changes.append(Change(row["kind"], tuple(row["key"]), start, end, amount, float(row["price"]), cells))
    return changes
