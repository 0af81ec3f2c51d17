"""A large problem as several small ones: groups of products, and of what they share the part each needs.

A part of a company is a company again: some of the products, the components and materials they need, the resources,
suppliers and stores they use. Groups that share nothing (``components``) are parts whose plans together are the plan
of the whole. Groups that share something get the share of it (hours, opening stock, what suppliers deliver, room) that
their demand needs; the plans of such parts add up to a plan of the whole that keeps every rule, but not to the best
one, because the shares were fixed beforehand; ``first.upper_bound`` says how far from the best it can be at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from engine.balancing.contracts import BalanceProblem, Bools, Floats, Ints, StorageLimits
from engine.balancing.derived import at_stores, unavoidable_stock

GROUP_SIZE = 20  # demanded products of a block: smaller ones are no quicker in all, and further from the best


@dataclass(frozen=True)
class Block:
    """Part of a problem. Index arrays say where its entities stand in the whole."""

    problem: BalanceProblem
    point: Ints
    demand: Ints
    lane: Ints
    transfer: Ints
    material: Ints
    resource: Ints
    supplier: Ints
    storage: Ints

    def places(self, kind: str, members: Ints) -> Ints:
        """Where entities of a kind (see ``indexing.entity_kind``) stand in the whole; markets keep their codes."""
        found: Ints = members if kind == "market" else getattr(self, kind)[members]
        return found


def split_problem(problem: BalanceProblem, groups: Ints) -> list[Block]:
    """Blocks that together are the whole. ``groups`` [products] numbers them from 0; −1: follows what it goes into."""
    chosen = [groups == g for g in range(int(groups.max(initial=0)) + 1)]
    used = [_used_points(problem, members[problem.points.product]) for members in chosen]
    used[0] |= _used_points(problem, ~np.any(used, axis=0))
    users = _Users(problem, used)
    sellers = np.array([members[problem.points.product] for members in chosen])
    shares = _Shares(problem, [_Need.of(problem, members) for members in chosen], users, sellers)
    return [_cut(problem, members, users, shares, g) for g, members in enumerate(chosen)]


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


def _used_points(problem: BalanceProblem, points: Bools) -> Bools:
    """[points] the given ones and everything that goes into them or moves between them."""
    lines, moves = problem.component_lines, problem.transfers
    used = points.copy()
    while True:
        before = used.sum()
        used[lines.component[used[lines.point]]] = True
        used[moves.source[used[moves.target]]] = True
        used[moves.target[used[moves.source]]] = True
        if used.sum() == before:
            return used


class _Users:
    """Which blocks use what, [blocks, entities] each. What nobody uses is the first block's to keep."""

    def __init__(self, problem: BalanceProblem, points: Sequence[Bools]) -> None:
        self.point = np.array(points)
        self.material = self._touched(len(problem.material), problem.material_lines, "material_point")
        self.resource = self._touched(len(problem.resource), problem.routings, "resource")
        self.bought = self._within(self.material, problem.material.material, problem.supplier.material)
        self.room = self._within(self.point, problem.points.site, problem.storage.site)

    def _touched(self, entities: int, lines: Any, name: str) -> Bools:
        found = np.zeros((len(self.point), entities), dtype=bool)
        for block, points in enumerate(self.point):
            found[block, getattr(lines, name)[points[lines.point]]] = True
        return _kept(found)

    def _within(self, users: Bools, owner: Ints, wanted: Ints) -> Bools:
        """[blocks, wanted] who uses any entity of each owner that is wanted."""
        found = np.zeros((len(users), len(wanted)), dtype=bool)
        for column, code in enumerate(wanted.tolist()):
            found[:, column] = users[:, owner == code].any(axis=1)
        return _kept(found)


def _kept(users: Bools) -> Bools:
    users[0] |= ~users.any(axis=0)
    return users


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
    """Every block's share of everything; what nobody needs is shared equally by those who could use it."""

    def __init__(self, problem: BalanceProblem, needs: Sequence[_Need], users: _Users, sellers: Bools) -> None:
        self.point = _share([n.points.sum(axis=1) for n in needs], users.point, sellers)
        self.material = _share([n.material.sum(axis=1) for n in needs], users.material)
        self.flat_hours = _share([n.hours.sum(axis=1) for n in needs], users.resource)
        self.hours = _share([n.hours for n in needs], users.resource)
        self.bought = _share([n.bought[problem.supplier.material] for n in needs], users.bought)
        self.room = _share([n.room[problem.storage.site] for n in needs], users.room)
        there = unavoidable_stock(problem)
        self.there = np.array([at_stores(problem, there * members[:, None]) for members in sellers])


def _share(needs: Sequence[Floats], users: Bools, owners: Bools | None = None) -> Floats:
    """[blocks, …] each one's part of the sum; where the sum is 0 it is its owner's, or of all that could use it."""
    need = np.array(needs)
    could = users if owners is None else np.where(owners.any(axis=0), owners, users)
    could = could.reshape(users.shape + (1,) * (need.ndim - 2)).astype(float)
    total, count = need.sum(axis=0), could.sum(axis=0)
    return np.where(total > 0, need / np.where(total > 0, total, 1.0), could / count)


def _cut(problem: BalanceProblem, chosen: Bools, users: _Users, shares: _Shares, block: int) -> Block:
    """One block's part of the company."""
    used = users.point[block]
    point, demand = np.flatnonzero(used), np.flatnonzero(chosen[problem.demand.product])
    lane = np.flatnonzero((chosen[problem.points.product] & used)[problem.lanes.point])
    transfer = np.flatnonzero(used[problem.transfers.source] & used[problem.transfers.target])
    material, resource = np.flatnonzero(users.material[block]), np.flatnonzero(users.resource[block])
    supplier, storage = np.flatnonzero(users.bought[block]), np.flatnonzero(users.room[block])
    at, stored = _places(point, len(used)), _places(material, len(problem.material))
    machine = _places(resource, len(problem.resource))
    routings = _rows(problem.routings, np.flatnonzero(used[problem.routings.point]))
    lines = _rows(problem.material_lines, np.flatnonzero(used[problem.material_lines.point]))
    components = _rows(problem.component_lines, np.flatnonzero(used[problem.component_lines.point]))
    ways, transfers = _rows(problem.lanes, lane), _rows(problem.transfers, transfer)
    part = replace(
        problem,
        resources=tuple(problem.resources[g] for g in resource),
        points=_rows(problem.points, point),
        demand=_rows(problem.demand, demand),
        lanes=replace(ways, point=at[ways.point]),
        transfers=replace(transfers, source=at[transfers.source], target=at[transfers.target]),
        resource=_rows(problem.resource, resource),
        routings=replace(routings, point=at[routings.point], resource=machine[routings.resource]),
        material=_rows(problem.material, material),
        material_lines=replace(lines, point=at[lines.point], material_point=stored[lines.material_point]),
        component_lines=replace(components, point=at[components.point], component=at[components.component]),
        supplier=_rows(problem.supplier, supplier),
        storage=_rows(problem.storage, storage),
    )
    own, people = shares.point[block][point], problem.resource.is_labour[resource]
    hours = np.where(people[:, None], shares.flat_hours[block][resource, None], shares.hours[block][resource])
    for name, values, share in (
        ("points", ("initial", "make_min", "make_max", "outsource_max", "safety_stock", "max_stock", "end_stock"), own),
        ("points", ("reference", "reference_band", "opening_kept"), own),
        ("resource", ("regular_hours", "overtime_max"), hours),  # what people lose goes with the people
        ("resource", ("shift_max", "headcount"), shares.flat_hours[block][resource]),
        (
            "material",
            ("initial", "arrivals", "buy_min", "buy_max", "safety_stock", "opening_kept"),
            shares.material[block][material],
        ),
        ("supplier", ("quantity",), shares.bought[block][supplier]),
    ):
        entities = getattr(part, name)
        part = part.with_part(name, **{value: _times(getattr(entities, value), share) for value in values})
    return Block(
        part.with_part("storage", quantity=_room(problem.storage, shares, block)[storage]),
        point, demand, lane, transfer, material, resource, supplier, storage,
    )  # fmt: skip


def _room(storage: StorageLimits, shares: _Shares, block: int) -> Floats:
    """[storage, T] what lies in a block's store whatever is planned, and its share of the room that leaves."""
    left = np.maximum(storage.quantity - shares.there.sum(axis=0), 0.0)
    return shares.there[block] + _times(left, shares.room[block])


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
