"""The main chain of a plan and its sub-chains: plants and warehouses inside, suppliers and outsourcing outside (R-012).

A chain is made of sections: what is made, bought in, shipped, moved, held, bought, by item and month. Every section's
rows, added up over the chains, give the main chain's figure of the same name, which is read from the plan itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accounts.models import Scope
from masterdata.models import BomLine, Material, Org, Product, Resource, Site, Supplier
from plans.cubes import Cube
from plans.hierarchy import load_hierarchy
from plans.models import Version
from plans.selectors import load_measures
from supply import measures as m
from supply.choices import ChainKind
from supply.selectors.horizon import plan_months
from supply.selectors.moves import Moves, PlanMoves, load_moves
from supply.selectors.opening import load_open_purchases

Ints = NDArray[np.int64]

MADE, OUTSOURCED, SHIPPED, SENT, RECEIVED, STOCK = "made", "outsourced", "shipped", "sent", "received", "stock"
LOAD, AVAILABLE, NEED = "load", "available", "need"
BOUGHT, ON_ORDER, MATERIAL_STOCK = "bought", "on_order", "material_stock"
LEVELS = (STOCK, MATERIAL_STOCK)  # at the month's end: months do not add up
HOURS = (LOAD, AVAILABLE)
_MEASURE_OF = {
    MADE: m.PRODUCTION,
    OUTSOURCED: m.OUTSOURCED,
    STOCK: m.STOCK_END,
    LOAD: m.LOAD_HOURS,
    AVAILABLE: m.AVAILABLE_HOURS,
    BOUGHT: m.PURCHASE,
    MATERIAL_STOCK: m.MATERIAL_STOCK,
}
SITE, NOBODY = "site", "-"  # of a chain's code


@dataclass(frozen=True)
class ItemRow:
    """A product, material, resource or receiver of a section. Smallest units by month; ``note`` says where or how."""

    code: str
    label: str
    note: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Section:
    """One kind of figure of a chain, by item and month."""

    code: str
    scale: int
    rows: tuple[ItemRow, ...]
    months: int

    @cached_property
    def by_month(self) -> tuple[int, ...]:
        return (
            tuple(sum(column) for column in zip(*(row.values for row in self.rows), strict=True)) or (0,) * self.months
        )

    @property
    def total(self) -> int:
        """Over the months; of a level what is there at the end."""
        return self.by_month[-1] if self.code in LEVELS else sum(self.by_month)


@dataclass(frozen=True)
class Chain:
    """``code`` is ``site:HF``, ``supplier:S1`` or ``outsourcing``; sections without rows are left out."""

    code: str
    kind: str
    label: str
    sections: Mapping[str, Section]

    def by_month(self, section: str) -> tuple[int, ...]:
        """Zeros where the chain has no such section."""
        found = self.sections.get(section)
        return found.by_month if found else ()

    def total(self, section: str) -> int:
        found = self.sections.get(section)
        return found.total if found else 0


@dataclass(frozen=True)
class PlanChains:
    """``main``: the plan's own figures by month, smallest units: asked, served, short and those of the sections."""

    version: Version
    months: range
    scale: int
    main: Mapping[str, tuple[int, ...]]
    chains: tuple[Chain, ...]
    are_moves_kept: bool

    def scale_of(self, code: str) -> int:
        """Decimals of a figure of the main chain."""
        return m.HOURS_SCALE if code in HOURS else self.scale

    def total(self, code: str) -> int:
        values = self.main[code]
        return values[-1] if code in LEVELS else sum(values)

    def find(self, code: str) -> Chain | None:
        return next((chain for chain in self.chains if chain.code == code), None)


def load_chains(version: Version, scope: Scope) -> PlanChains:
    """All chains of a plan, for the products and sales organisations a scope shows."""
    reading = _Reading(version, scope)
    return PlanChains(
        version=version,
        months=reading.months,
        scale=reading.cubes[m.PRODUCTION].scale,
        main=reading.main(),
        chains=(*reading.sites(), *reading.outsourcing(), *reading.suppliers()),
        are_moves_kept=reading.moves.are_kept,
    )


class _Reading:
    """A plan's cubes and the names of what stands in them."""

    def __init__(self, version: Version, scope: Scope) -> None:
        self.months = plan_months(version)
        measures = [m.CONSENSUS, m.CONSTRAINED, m.SHORT, *_MEASURE_OF.values()]
        cubes = load_measures(version_id=version.pk, measures=measures, months=self.months)
        tree = load_hierarchy()
        seen = None if scope.products is None else tree.products.ids[tree.products.seen_by(scope.products)]
        for code in (m.PRODUCTION, m.OUTSOURCED, m.STOCK_END):
            cubes[code] = cubes[code] if seen is None else cubes[code].take(_in(cubes[code].axis.keys[:, 0], seen))
        for code in (m.CONSENSUS, m.CONSTRAINED, m.SHORT):
            cubes[code] = cubes[code].take(np.flatnonzero(tree.scope_rows(cubes[code].axis, scope)))
        self.cubes: dict[str, Cube] = cubes
        self.moves: PlanMoves = load_moves(version, scope)
        self.products = {row.pk: row for row in Product.objects.only("pk", "code", "name", "name_zh")}
        self.orgs = {row.pk: row for row in Org.objects.only("pk", "code", "name", "name_zh")}
        self.site_rows = {row.pk: row for row in Site.objects.order_by("code")}
        self.materials = {row.pk: row for row in Material.objects.select_related("supplier").order_by("code")}
        self.on_order = self._on_order()

    def main(self) -> dict[str, tuple[int, ...]]:
        """The plan's own sums; what moves between sites cancels out and is left out."""
        sums = {
            "asked": self.cubes[m.CONSENSUS].values,
            "served": self.cubes[m.CONSTRAINED].values,
            "short": self.cubes[m.SHORT].values,
            SHIPPED: self.moves.shipped.left,
            ON_ORDER: np.array([*self.on_order.values()], dtype=np.int64).reshape(-1, len(self.months)),
            **{code: self.cubes[measure].values for code, measure in _MEASURE_OF.items()},
        }
        return {code: tuple(values.sum(axis=0).tolist()) for code, values in sums.items()}

    # Inside ------------------------------------------------------------------------------------------------------
    def sites(self) -> Iterator[Chain]:
        """Plants and warehouses in order of code; without sites the one place where everything happens."""
        used = {site for code in (m.PRODUCTION, m.STOCK_END) for site in self.cubes[code].axis.keys[:, 1].tolist()}
        resources = list(Resource.objects.order_by("code"))
        for pk in [*self.site_rows, *sorted(used - self.site_rows.keys())]:
            site = self.site_rows.get(pk)
            sections = [
                self._goods(MADE, pk),
                self._shipped(pk),
                self._moved(SENT, pk),
                self._moved(RECEIVED, pk),
                self._goods(STOCK, pk),
                *(self._hours(code, [row for row in resources if row.site_id == pk]) for code in HOURS),
                self._need(pk),
                self._stored(pk),
            ]
            chain = Chain(
                code=f"{SITE}:{site.code if site else NOBODY}",
                kind=site.kind if site else ChainKind.PLANT,
                label=site.label if site else "",
                sections={section.code: section for section in sections if section.rows},
            )
            if chain.sections or site:
                yield chain

    def _goods(self, code: str, site: int) -> Section:
        cube = self.cubes[_MEASURE_OF[code]]
        rows = np.flatnonzero(cube.axis.keys[:, 1] == site)
        return self._section(
            code, ((int(cube.axis.keys[row, 0]), cube.values[row]) for row in rows.tolist()), cube.scale
        )

    def _section(self, code: str, rows: Iterable[tuple[int, Ints]], scale: int, note: str = "") -> Section:
        """A section of products; the largest first, empty ones left out."""
        items = [
            ItemRow(self.products[pk].code, self.products[pk].label, note, tuple(values.tolist()))
            for pk, values in rows
            if values.any()
        ]
        return Section(code, scale, _largest_first(items), len(self.months))

    def _shipped(self, site: int) -> Section:
        """What leaves for each sales organisation."""
        shipped = self.moves.shipped
        rows = shipped.only(shipped.site == site)
        targets = {pk: (row.code, row.label) for pk, row in self.orgs.items()}
        return Section(SHIPPED, shipped.scale, _by_target(rows, rows.target, rows.left, targets), len(self.months))

    def _moved(self, code: str, site: int) -> Section:
        """What leaves for other sites (by month of leaving), or comes from them (by month of arrival)."""
        moves = self.moves.transferred
        rows = moves.only((moves.site if code == SENT else moves.target) == site)
        other, values = (rows.target, rows.left) if code == SENT else (rows.site, rows.arrived)
        targets = {pk: (row.code, row.label) for pk, row in self.site_rows.items()}
        return Section(code, moves.scale, _by_target(rows, other, values, targets), len(self.months))

    def _hours(self, code: str, resources: list[Resource]) -> Section:
        cube = self.cubes[_MEASURE_OF[code]]
        place = {pk: row for row, pk in enumerate(cube.axis.keys[:, 0].tolist())}
        rows = [
            ItemRow(row.code, row.label, str(row.get_kind_display()), tuple(cube.values[place[row.pk]].tolist()))
            for row in resources
            if row.pk in place
        ]
        return Section(code, cube.scale, tuple(rows), len(self.months))

    def _need(self, site: int) -> Section:
        """Materials that the site's production uses, in whole units rounded up to the month."""
        made = self.cubes[m.PRODUCTION]
        needs: dict[int, NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(self.months)))
        rows = {int(made.axis.keys[row, 0]): made.values[row] for row in np.flatnonzero(made.axis.keys[:, 1] == site)}
        for product, material, quantity in self._recipes:
            if product in rows:
                needs[material] = needs[material] + rows[product] * quantity
        items = [self._material_row(pk, np.ceil(values - 1e-6).astype(np.int64)) for pk, values in needs.items()]
        return Section(NEED, made.scale, _largest_first(items), len(self.months))

    @cached_property
    def _recipes(self) -> list[tuple[int, int, float]]:
        lines = BomLine.objects.filter(material__isnull=False)
        rows = lines.values_list("product_id", "material_id", "quantity_per", "take_rate")
        return [(product, material, quantity * rate) for product, material, quantity, rate in rows if material]

    def _stored(self, site: int) -> Section:
        cube = self.cubes[m.MATERIAL_STOCK]
        rows = np.flatnonzero((cube.axis.keys[:, 1] == site) & cube.values.any(axis=1)).tolist()
        items = [self._material_row(int(cube.axis.keys[row, 0]), cube.values[row]) for row in rows]
        return Section(MATERIAL_STOCK, cube.scale, _largest_first(items), len(self.months))

    # Outside -----------------------------------------------------------------------------------------------------
    def outsourcing(self) -> Iterator[Chain]:
        """What is bought in ready-made instead of made; one chain."""
        cube = self.cubes[m.OUTSOURCED]
        items = [
            ItemRow(product.code, product.label, site.label if site else "", tuple(cube.values[row].tolist()))
            for row, (pk, site_pk) in enumerate(cube.axis.keys.tolist())
            if cube.values[row].any()
            for product, site in [(self.products[pk], self.site_rows.get(site_pk))]
        ]
        if items:
            section = Section(OUTSOURCED, cube.scale, _largest_first(items), len(self.months))
            yield Chain(ChainKind.OUTSOURCING, ChainKind.OUTSOURCING, "", {OUTSOURCED: section})

    def suppliers(self) -> Iterator[Chain]:
        """What is bought from each supplier: newly by the plan, and on order already. Those without one come last."""
        cube = self.cubes[m.PURCHASE]
        bought: dict[int, Ints] = defaultdict(lambda: np.zeros(len(self.months), np.int64))
        for (material, _site), values in zip(cube.axis.keys.tolist(), cube.values, strict=True):
            bought[material] = bought[material] + values
        of: dict[int, list[int]] = defaultdict(list)
        for pk, material in self.materials.items():
            of[material.supplier_id or 0].append(pk)
        names = {row.pk: row for row in Supplier.objects.order_by("code")}
        for pk in (*names, 0):
            sections = [
                Section(code, cube.scale, _largest_first(self._bought(of[pk], values)), len(self.months))
                for code, values in ((BOUGHT, bought), (ON_ORDER, self.on_order))
            ]
            sections = [section for section in sections if section.rows]
            if sections:
                code, label = (names[pk].code, names[pk].label) if pk else (NOBODY, "")
                found = {section.code: section for section in sections}
                yield Chain(f"{ChainKind.SUPPLIER}:{code}", ChainKind.SUPPLIER, label, found)

    def _bought(self, materials: list[int], values: Mapping[int, Ints]) -> list[ItemRow]:
        return [self._material_row(pk, values[pk]) for pk in materials if pk in values and values[pk].any()]

    def _on_order(self) -> dict[int, Ints]:
        """Open purchases by material and month of arrival; what is overdue is expected in the first month."""
        scale = self.cubes[m.PURCHASE].scale
        found: dict[int, Ints] = defaultdict(lambda: np.zeros(len(self.months), np.int64))
        for row in load_open_purchases(self.months.start).rows:
            offset = max(0, row.arrival_month - self.months.start)
            if offset < len(self.months):
                found[row.material_id][offset] += int(row.quantity.scaleb(scale).to_integral_value())
        return dict(found)

    def _material_row(self, pk: int, values: Ints) -> ItemRow:
        material = self.materials[pk]
        return ItemRow(material.code, material.label, material.uom, tuple(values.tolist()))


def _by_target(rows: Moves, target: Ints, values: Ints, names: Mapping[int, tuple[str, str]]) -> tuple[ItemRow, ...]:
    """Rows of a chain's moves added up by where they go to or come from."""
    if not len(rows):
        return ()
    ids, of = np.unique(target, return_inverse=True)
    sums = np.zeros((len(ids), values.shape[1]), np.int64)
    np.add.at(sums, of, values)
    items = [
        ItemRow(*names.get(pk, ("", "")), "", tuple(row.tolist()))
        for pk, row in zip(ids.tolist(), sums, strict=True)
        if row.any()
    ]
    return _largest_first(items)


def _largest_first(items: Iterable[ItemRow]) -> tuple[ItemRow, ...]:
    return tuple(sorted(items, key=lambda row: (-sum(row.values), row.code)))


def _in(values: Ints, wanted: Ints) -> Ints:
    return np.flatnonzero(np.isin(values, wanted))
