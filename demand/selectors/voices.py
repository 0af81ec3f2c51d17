"""What every source of a plan says, and the declared rules that join them to a proposal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demand.choices import Stream
from demand.measures import BASELINE, CARRIED
from demand.models import ConsensusRule
from demand.rules import EVEN_WEIGHT, Rule, Voices, propose
from demand.selectors.governing import governed_rows
from plans.cubes import Axis
from plans.hierarchy import Hierarchy
from plans.selectors import load_measure

Ints = NDArray[np.int64]

VOICES = (BASELINE, Stream.MARKETING, Stream.SALES, Stream.PRODUCT, Stream.ORDERS, Stream.CHANNEL, CARRIED)


def load_voices(*, version_id: int, keys: Ints, months: range) -> Voices:
    """The voices of a plan on the leaf pairs ``keys`` [n, 2] and months, in smallest units."""

    def read(code: str) -> tuple[Ints, NDArray[np.bool_]]:
        cube = load_measure(version_id=version_id, measure=code, keys=keys, months=months)
        return cube.values, np.asarray(cube.present) if cube.nullable else np.ones(cube.values.shape, bool)

    sales, sales_given = read(Stream.SALES)
    product, product_given = read(Stream.PRODUCT)
    return Voices(
        baseline=read(BASELINE)[0],
        activities=read(Stream.MARKETING)[0],
        sales=sales,
        sales_given=sales_given,
        product=product,
        product_given=product_given,
        orders=read(Stream.ORDERS)[0],
        channel=read(Stream.CHANNEL)[0],
        carried=read(CARRIED)[0],
    )


def list_rules(hierarchy: Hierarchy, axis: Axis) -> list[tuple[Rule, Ints]]:
    """Each declared rule with the rows it governs; the nearest family above a leaf wins over the company."""
    declared = {row.product_id: row for row in ConsensusRule.objects.all()}
    governs = governed_rows(hierarchy, axis, declared)
    return [(_to_rule(declared.get(product)), rows) for product, rows in governs.items()]


def propose_all(rules: list[tuple[Rule, Ints]], voices: Voices) -> Ints:
    """int64 [rows, months]: every row's proposal by the rule that governs it."""
    values = np.zeros(voices.baseline.shape, dtype=np.int64)
    for rule, rows in rules:
        values[rows] = propose(rule, Voices(**{name: part[rows] for name, part in vars(voices).items()}))
    return values


def _to_rule(row: ConsensusRule | None) -> Rule:
    """The rule as it was declared: a weight that nobody accepted is not used, however well it measured."""
    if row is None:
        return Rule()
    weight = EVEN_WEIGHT if row.sales_weight is None else row.sales_weight
    return Rule(row.kind, weight, row.add_activities, row.at_least_orders)
