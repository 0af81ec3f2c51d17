"""Where a business thing stands in the matrix, and back.

A *family* is a block of columns or rows of one meaning: some entities (its *members*) times ``T`` months.
Entity ``i`` of a family in month ``t`` stands at ``offset + position(i)·T + t``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.balancing.contracts import BalanceProblem, Ints

ABSENT = -1


@dataclass(frozen=True)
class Family:
    """One block of columns or rows."""

    name: str
    offset: int
    months: int  # T
    members: Ints  # [n] entity index of each block row, ascending
    position: Ints  # [entities] block row of an entity, ABSENT where it is no member

    def __len__(self) -> int:
        return len(self.members)

    @property
    def size(self) -> int:
        return len(self.members) * self.months

    @property
    def span(self) -> slice:
        """All places of the family."""
        return slice(self.offset, self.offset + self.size)

    def places(self, entities: Ints | None = None) -> Ints:
        """[len(entities), T] matrix indices of members (all of them when ``entities`` is None)."""
        rows = np.arange(len(self.members)) if entities is None else self.position[entities]
        return self.offset + rows[:, None] * self.months + np.arange(self.months)

    def holds(self, entities: Ints) -> np.ndarray:
        """[len(entities)] whether each entity is a member."""
        return self.position[entities] != ABSENT


class Layout:
    """The families of one side (columns or rows) of the matrix, in the order they were added."""

    def __init__(self, months: int) -> None:
        self.months = months
        self.size = 0
        self.families: dict[str, Family] = {}

    def add(self, name: str, members: Iterable[int], entities: int) -> Family:
        """Append a family for ``members`` out of ``entities`` entities."""
        chosen = np.asarray(members, dtype=np.int64)
        position = np.full(entities, ABSENT, dtype=np.int64)
        position[chosen] = np.arange(len(chosen))
        family = Family(name, self.size, self.months, chosen, position)
        self.families[name] = family
        self.size += family.size
        return family

    def __getitem__(self, name: str) -> Family:
        return self.families[name]

    def locate(self, place: int) -> tuple[str, int, int]:
        """Family, entity and month of a matrix index."""
        for family in self.families.values():
            if family.offset <= place < family.offset + family.size:
                row, month = divmod(place - family.offset, self.months)
                return family.name, int(family.members[row]), month
        raise IndexError(place)


# What the entities of a family are: the key of a row or column in business codes.
_ENTITY = {
    "Stock-balance": "point", "make": "point", "outsource": "point", "surplus": "point",
    "below_safety": "point", "overstock": "point", "set_up": "point",
    "Setup-upper": "point", "Min-lot-lower": "point", "ship": "lane", "transfer": "transfer",
    "Release-range": "point", "more_than_released": "point", "less_than_released": "point",
    "Shelf-life": "point", "scrap": "point",
    "order": "material", "Order-upper": "material", "Min-order-lower": "material",
    "Material-shelf-life": "material", "scrap_material": "material",
    "Pool": "market", "Demand": "demand", "serve": "demand", "wait": "demand", "drop": "demand",
    "Material-balance": "material", "buy": "material", "material_stock": "material",
    "below_band": "material",
    "Resource-capacity-upper": "resource", "Labour": "resource", "Labour-overtime-upper": "resource",
    "overtime": "resource", "extra_shift": "resource", "headcount": "resource",
    "hire": "resource", "lay_off": "resource",
    "Supplier-limit": "supplier", "Storage-upper": "storage", "storage_slack": "storage",
}  # fmt: skip


def entity_kind(family: str) -> str:
    """What a family's entities are: point, lane, transfer, market, demand, material, resource, supplier or storage."""
    return _ENTITY[family]


def business_key(problem: BalanceProblem, family: str, entity: int) -> tuple[str, ...]:
    """The codes that name an entity of a family: (product, site), (product, org), (resource,) …"""
    products, sites, orgs = problem.products, problem.sites, problem.orgs
    points = problem.points
    match _ENTITY[family]:
        case "point":
            return products[points.product[entity]], sites[points.site[entity]]
        case "lane":
            point = problem.lanes.point[entity]
            return products[points.product[point]], sites[points.site[point]], orgs[problem.lanes.org[entity]]
        case "transfer":
            source, target = problem.transfers.source[entity], problem.transfers.target[entity]
            return products[points.product[source]], sites[points.site[source]], sites[points.site[target]]
        case "market":
            product, org = divmod(entity, len(orgs))
            return products[product], orgs[org]
        case "demand":
            demand = problem.demand
            return products[demand.product[entity]], orgs[demand.org[entity]], demand.kind[entity]
        case "material":
            return (
                problem.materials[problem.material.material[entity]],
                sites[problem.material.site[entity]],
            )
        case "resource":
            return (problem.resources[entity],)
        case "supplier":
            return (problem.materials[problem.supplier.material[entity]],)
        case _:
            return (sites[problem.storage.site[entity]],)
