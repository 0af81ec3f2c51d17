"""A large problem as several small ones: groups of products, what they share divided by need.

A part of a company is a company again: some of the products, the components and materials they need, and of
everything shared (hours, opening stock, what suppliers deliver, room) the share that its demand needs. Plans of
the parts add up to a plan of the whole that keeps every rule. It is not the best one, because the shares were
fixed beforehand; ``bound`` says how far from the best it can be at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from engine.balancing.contracts import BalanceProblem, Bools, Floats, Ints

GROUP_SIZE = 50  # demanded products of a block: solved in a fraction of a second


@dataclass(frozen=True)
class Block:
    """Part of a problem. Index arrays say where its rows stand in the whole; what has none is there in full."""

    problem: BalanceProblem
    points: Ints
    demand: Ints
    lanes: Ints
    transfers: Ints
    material: Ints


def split_problem(problem: BalanceProblem, *, group_size: int = GROUP_SIZE) -> list[Block]:
    """Blocks that together are the whole."""
    groups = group_products(problem, group_size)
    chosen = [groups == g for g in range(int(groups.max(initial=-1)) + 1)]
    used = [_used_points(problem, members) for members in chosen]
    needs = [_Need.of(problem, members) for members in chosen]
    shares = _Shares(problem, needs, used)
    return [
        _cut(problem, members, points, shares, g) for g, (members, points) in enumerate(zip(chosen, used, strict=True))
    ]


def group_products(problem: BalanceProblem, group_size: int) -> Ints:
    """[products] group of each demanded product, −1 for the others: neighbours load the same scarce resource most.

    A resource that everybody uses tells nobody apart, so a load counts less the more products share it.
    """
    count, lines = len(problem.products), problem.routings
    need = _point_need(problem, np.ones(count, dtype=bool)).sum(axis=1)
    hours = np.maximum(problem.resource.regular_hours.sum(axis=1), 1e-9)
    load = np.zeros((count, len(hours) + 1))
    load[:, -1] = 1e-12  # products without any resource
    np.add.at(load, (problem.points.product[lines.point], lines.resource), lines.hours * need[lines.point])
    load[:, :-1] /= hours * np.maximum((load[:, :-1] > 0).sum(axis=0), 1)
    asked = np.unique(problem.demand.product)
    order = asked[np.lexsort((asked, load.argmax(axis=1)[asked]))]
    groups = np.full(count, -1, dtype=np.int64)
    blocks = max(1, round(len(order) / group_size))
    groups[order] = np.arange(len(order)) * blocks // max(1, len(order))
    return groups


def _point_need(problem: BalanceProblem, chosen: Bools) -> Floats:
    """[points, T] what would be made in a month if every site made an equal share and nothing were short."""
    points, lines, moves = problem.points, problem.component_lines, problem.transfers
    asked = np.zeros((len(problem.products), problem.months))
    rows = chosen[problem.demand.product]
    np.add.at(asked, problem.demand.product[rows], problem.demand.quantity[rows])
    makers = np.bincount(points.product, weights=points.can_make, minlength=len(problem.products))
    own = asked[points.product] / np.maximum(makers, 1)[points.product, None] * points.can_make[:, None]
    fed = ~points.can_make[moves.target]  # points that live on what is moved to them
    sources = np.bincount(moves.target[fed], minlength=len(points))
    need = own
    for _level in range(len(problem.products)):
        passed = own.copy()
        np.add.at(passed, lines.component, lines.quantity[:, None] * need[lines.point])
        np.add.at(passed, moves.source[fed], need[moves.target[fed]] / sources[moves.target[fed], None])
        if np.array_equal(passed, need):
            break
        need = passed
    return need


def _used_points(problem: BalanceProblem, chosen: Bools) -> Bools:
    """[points] those of the chosen products and of everything that goes into them."""
    lines, moves = problem.component_lines, problem.transfers
    used = chosen[problem.points.product]
    while True:
        before = used.sum()
        used[lines.component[used[lines.point]]] = True
        used[moves.source[used[moves.target]]] = True
        used[moves.target[used[moves.source]]] = True
        if used.sum() == before:
            return used


@dataclass(frozen=True)
class _Need:
    """What a group takes of everything that can be shared."""

    points: Floats  # [points, T] units
    hours: Floats  # [resources, T]
    material: Floats  # [material points, T]
    bought: Floats  # [materials, T]
    room: Floats  # [sites, T]

    @classmethod
    def of(cls, problem: BalanceProblem, chosen: Bools) -> _Need:
        need = _point_need(problem, chosen)
        lines, parts = problem.routings, problem.material_lines
        hours = np.zeros((len(problem.resource), problem.months))
        np.add.at(hours, lines.resource, lines.hours[:, None] * need[lines.point])
        material = np.zeros((len(problem.material), problem.months))
        np.add.at(material, parts.material_point, parts.quantity[:, None] * need[parts.point])
        bought = np.zeros((len(problem.materials), problem.months))
        np.add.at(bought, problem.material.material, material)
        room = np.zeros((len(problem.sites), problem.months))
        np.add.at(room, problem.points.site, need)
        return cls(need, hours, material, bought, room)


class _Shares:
    """Every group's share of everything; what nobody needs is shared equally by those who could use it."""

    def __init__(self, problem: BalanceProblem, needs: Sequence[_Need], used: Sequence[Bools]) -> None:
        groups = len(needs)
        lines = problem.material_lines
        users = np.zeros((groups, len(problem.material)))
        for group, points in enumerate(used):
            users[group, lines.material_point[points[lines.point]]] = 1.0
        every = np.ones((groups, 1))
        self.points = _share([n.points.sum(axis=1) for n in needs], np.array(used, dtype=float))
        self.material = _share([n.material.sum(axis=1) for n in needs], users)
        self.flat_hours = _share([n.hours.sum(axis=1) for n in needs], every)
        self.hours = _share([n.hours for n in needs], every[:, :, None])
        self.bought = _share([n.bought for n in needs], every[:, :, None])
        self.room = _share([n.room for n in needs], every[:, :, None])


def _share(needs: Sequence[Floats], users: Floats) -> Floats:
    """[groups, …] each one's part of the sum; where the sum is 0, equal parts of those marked in ``users``."""
    need = np.array(needs)
    total, count = need.sum(axis=0), np.maximum(users.sum(axis=0), 1.0)
    return np.where(total > 0, need / np.where(total > 0, total, 1.0), users / count)


def _cut(problem: BalanceProblem, chosen: Bools, used: Bools, shares: _Shares, group: int) -> Block:
    """One group's part of the company."""
    scaled = _scaled(problem, chosen, shares, group)
    points, demand = np.flatnonzero(used), np.flatnonzero(chosen[problem.demand.product])
    sells = chosen[problem.points.product] & used
    lanes = np.flatnonzero(sells[problem.lanes.point])
    moves = np.flatnonzero(used[problem.transfers.source] & used[problem.transfers.target])
    parts = np.flatnonzero(used[problem.material_lines.point])
    material = np.unique(problem.material_lines.material_point[parts])
    at, stored = _places(points, len(used)), _places(material, len(problem.material))
    routings = _rows(problem.routings, np.flatnonzero(used[problem.routings.point]))
    lines = _rows(problem.material_lines, parts)
    components = _rows(problem.component_lines, np.flatnonzero(used[problem.component_lines.point]))
    ways, transfers = _rows(problem.lanes, lanes), _rows(problem.transfers, moves)
    part = replace(
        scaled,
        points=_rows(scaled.points, points),
        demand=_rows(problem.demand, demand),
        lanes=replace(ways, point=at[ways.point]),
        transfers=replace(transfers, source=at[transfers.source], target=at[transfers.target]),
        routings=replace(routings, point=at[routings.point]),
        material=_rows(scaled.material, material),
        material_lines=replace(lines, point=at[lines.point], material_point=stored[lines.material_point]),
        component_lines=replace(components, point=at[components.point], component=at[components.component]),
    )
    return Block(part, points, demand, lanes, moves, material)


def _scaled(problem: BalanceProblem, chosen: Bools, shares: _Shares, group: int) -> BalanceProblem:
    """The whole company with a group's share of everything; a product's own points belong to its group alone."""
    own = np.where(chosen[problem.points.product], 1.0, shares.points[group])
    for part, names, share in (
        ("points", ("initial", "make_min", "make_max", "outsource_max", "safety_stock", "max_stock", "end_stock"), own),
        ("points", ("reference", "reference_band"), own),
        ("resource", ("regular_hours", "overtime_max"), shares.hours[group]),
        ("resource", ("shift_max", "headcount"), shares.flat_hours[group]),
        ("material", ("initial", "arrivals", "buy_min", "buy_max", "safety_stock"), shares.material[group]),
        ("supplier", ("quantity",), shares.bought[group][problem.supplier.material]),
        ("storage", ("quantity",), shares.room[group][problem.storage.site]),
    ):
        values = {name: getattr(getattr(problem, part), name) for name in names}
        problem = problem.with_part(part, **{name: _times(value, share) for name, value in values.items()})
    return problem


def _times(limit: Floats, share: Floats) -> Floats:
    """A limit's share; no limit stays none."""
    factor = share[:, None] if share.ndim < limit.ndim else share
    return np.where(np.isfinite(limit), np.nan_to_num(limit, posinf=0.0) * factor, limit)


def _places(members: Ints, entities: int) -> Ints:
    """[entities] position among the members, −1 for the others."""
    places = np.full(entities, -1, dtype=np.int64)
    places[members] = np.arange(len(members))
    return places


def _rows(part: Any, chosen: Ints) -> Any:
    """Some rows of one part of a problem."""
    found: dict[str, Any] = {}
    for column in fields(part):
        values = getattr(part, column.name)
        found[column.name] = values[chosen] if isinstance(values, np.ndarray) else tuple(values[i] for i in chosen)
    return replace(part, **found)
