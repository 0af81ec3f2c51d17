"""One consistent demand: the proposal by the declared rule, and the flex band that capacity and material prepare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accounts.models import User
from cycles.models import Cycle
from demand.choices import Stream
from demand.measures import BASELINE, CARRIED, CONSENSUS, FLEX_CAPACITY, FLEX_MATERIAL, PROPOSAL
from demand.models import ConsensusRule
from demand.rules import EVEN_WEIGHT, Rule, Voices, propose
from demand.selectors.flex import flex_cubes
from demand.selectors.frame import Frame, load_frame
from demand.selectors.governing import governed_rows
from plans.choices import PublishPolicy, Source
from plans.selectors import get_heads, load_measure
from plans.services import ensure_heads, publish_cubes

VOICES = (BASELINE, Stream.MARKETING, Stream.SALES, Stream.PRODUCT, Stream.ORDERS, Stream.CHANNEL, CARRIED)


def build_proposal(*, cycle: Cycle, actor: User | None) -> dict[str, Any]:
    """Make the proposal of every leaf by its family's declared rule, else the company's, and publish it.

    Overrides stay on top of the new proposal. Returns units by rule and what the proposal sums to.
    """
    frame = load_frame(cycle)
    ensure_heads(version_id=frame.version_id, measures=[CARRIED])
    heads = get_heads(version_id=frame.version_id, measures=[PROPOSAL, *VOICES])
    voices = _load_voices(frame)
    values = np.zeros(voices.baseline.shape, dtype=np.int64)
    used: dict[str, int] = {}
    for rule, rows in _rules(frame):
        values[rows] = propose(rule, _take(voices, rows))
        used[str(rule.kind)] = used.get(str(rule.kind), 0) + len(rows)
    publish_cubes(
        version_id=frame.version_id,
        cubes={PROPOSAL: frame.cube(np.where(frame.on_sale, values, 0))},
        seen={PROPOSAL: heads[PROPOSAL]},
        inputs={code: heads[code] for code in VOICES},
        policy=PublishPolicy.STRICT,
        actor=actor,
        source=Source.SYSTEM,
        cause="rule",
    )
    publish_flex(cycle=cycle, actor=actor)
    return {"rows": len(frame.axis), "rules": used, "total": int(values.sum())}


def publish_flex(*, cycle: Cycle, actor: User | None) -> None:
    """Store the flex band as it follows from the consensus of this moment."""
    frame = load_frame(cycle)
    heads = get_heads(version_id=frame.version_id, measures=[FLEX_CAPACITY, FLEX_MATERIAL])
    consensus = load_measure(version_id=frame.version_id, measure=CONSENSUS, months=frame.months)
    publish_cubes(
        version_id=frame.version_id,
        cubes=flex_cubes(consensus, frame.hierarchy),
        seen=heads,
        policy=PublishPolicy.STRICT,
        actor=actor,
        source=Source.SYSTEM,
        cause="flex",
    )


def _load_voices(frame: Frame) -> Voices:
    def read(code: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        cube = load_measure(version_id=frame.version_id, measure=code, keys=frame.axis.keys, months=frame.months)
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


def _take(voices: Voices, rows: NDArray[np.int64]) -> Voices:
    return Voices(**{name: values[rows] for name, values in vars(voices).items()})


def _rules(frame: Frame) -> list[tuple[Rule, NDArray[np.int64]]]:
    """Each declared rule with the rows it governs; the nearest family above a leaf wins over the company."""
    declared = {row.product_id: row for row in ConsensusRule.objects.all()}
    governs = governed_rows(frame.hierarchy, frame.axis, declared)
    return [(_to_rule(declared.get(product)), rows) for product, rows in governs.items()]


def _to_rule(row: ConsensusRule | None) -> Rule:
    """The rule as it was declared: a weight that nobody accepted is not used, however well it measured."""
    if row is None:
        return Rule()
    weight = EVEN_WEIGHT if row.sales_weight is None else row.sales_weight
    return Rule(row.kind, weight, row.add_activities, row.at_least_orders)
