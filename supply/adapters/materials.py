"""Purchased materials by site, their lead times, what is on its way and what suppliers can deliver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from engine.balancing.blanks import blank_material
from engine.balancing.contracts import (
    Finding,
    Floats,
    MaterialLines,
    MaterialPoints,
    SupplierLimits,
)
from supply.adapters.horizon import by_month, lag_months, shelf_months
from supply.adapters.lots import OpeningLots, open_lots, say_expired
from supply.adapters.network import Network
from supply.adapters.sheets import Row, Sheets, number
from supply.selectors.opening import spread_purchases

AskedAt = Mapping[tuple[str, str], Floats]  # point → [T] its equal share of the product's demand
BELOW_BAND_SHARE = 0.02  # of the unit cost per month, for a core material short of its outer flex band


def build_materials(
    sheets: Sheets,
    network: Network,
    place: dict[tuple[str, str], int],
    sites: list[str],
    asked: AskedAt,
) -> tuple[list[str], MaterialPoints, MaterialLines, list[Finding]]:
    """Materials used anywhere, at every site that uses them.

    ``asked`` gives every making point its share of demand, for the band of core materials.
    Where neither material stock nor open purchases are known at all, orders placed before the start are
    taken to keep the supplier's rate: the lead time then holds nothing up, and a finding says so.
    """
    keys = sorted({line[1] for line in network.materials})
    codes = sorted({material for material, _site in keys})
    rows = {row["code"]: row for row in sheets.of("materials")}
    months = sheets.months
    blank = blank_material(
        [codes.index(material) for material, _site in keys], [sites.index(site) for _m, site in keys], months
    )
    findings: list[Finding] = []
    is_known = _is_pipeline_known(sheets, codes)
    lag = np.array([lag_months(rows[material]["lead_time_days"]) for material, _site in keys], dtype=np.int64)
    if not is_known:
        late = sorted({m for (m, _s), months_late in zip(keys, lag, strict=True) if months_late > 0})
        findings += [
            Finding("pipeline_unknown", "warning", "material", m, {"lag": lag_months(rows[m]["lead_time_days"])})
            for m in late
        ]
    first = lag if is_known else np.zeros_like(lag)
    keeps = [shelf_months(rows[material].get("shelf_life_days")) for material, _site in keys]
    stock = _stock(sheets, keys, keeps, findings)
    arrivals = _arrivals(sheets, keys, _ordered(sheets, keys, first))
    cost = np.array([number(rows[material]["unit_cost"]) for material, _site in keys], dtype=float)
    every = np.ones(months)
    material_place = {key: position for position, key in enumerate(keys)}
    lines = MaterialLines(
        np.array([place[point] for point, _key, _q in network.materials], dtype=np.int64),
        np.array([material_place[key] for _point, key, _q in network.materials], dtype=np.int64),
        np.array([quantity for _point, _key, quantity in network.materials], dtype=float),
    )
    material = replace(
        blank,
        min_order=np.array([number(rows[material].get("min_order")) for material, _site in keys]),
        initial=np.array([lots.usable for lots in stock]),
        opening_kept=np.array([lots.kept for lots in stock]).reshape(blank.opening_kept.shape),
        arrivals=arrivals,
        unit_cost=cost[:, None] * every,
        lag=lag,
        first_arrival=first,
        safety_stock=_core_band(sheets, rows, network, keys, asked),
        safety_penalty=BELOW_BAND_SHARE * cost[:, None] * every,
        shelf_months=np.array(keeps),
        scrap_cost=cost[:, None] * every,
    )
    return codes, material, lines, findings


def _is_pipeline_known(sheets: Sheets, codes: list[str]) -> bool:
    stocked = {row["item"] for row in sheets.of("inventory")}
    return bool(sheets.of("open_purchases")) or bool(stocked & set(codes))


def _stock(
    sheets: Sheets, keys: list[tuple[str, str]], keeps: list[float], findings: list[Finding]
) -> list[OpeningLots]:
    """[keys] stock at the start; stock where nothing uses it goes to the only site that does, if there is one."""
    place = {key: position for position, key in enumerate(keys)}
    users: dict[str, list[str]] = defaultdict(list)
    for material, site in keys:
        users[material].append(site)
    found: list[list[Row]] = [[] for _key in keys]
    for row in sheets.of("inventory"):
        key = (row["item"], row["site"])
        if key not in place and len(users[row["item"]]) == 1:
            key = (row["item"], users[row["item"]][0])
        if key in place:
            found[place[key]].append(row)
        elif row["item"] in users and users[row["item"]]:
            findings.append(Finding("stock_not_where_used", "warning", "material", row["item"], {"site": row["site"]}))
    stock = [open_lots(lots, months, sheets) for lots, months in zip(found, keeps, strict=True)]
    for (material, site), lots in zip(keys, stock, strict=True):
        findings += say_expired("material", material, site, lots)
    return stock


def _arrivals(sheets: Sheets, keys: list[tuple[str, str]], ordered: Floats) -> Floats:
    """[keys, T] what is on its way: where the release sends it, and the other open purchases shared equally.

    Sites that use a material share what the sheet has beyond the release's orders, or all of it where the sheet is
    older than the release. What is overdue comes at once. A supplier's word counts last: it sends no more in a month
    than it answered, and purchases with a new date come then.
    """
    sharing: dict[str, list[int]] = defaultdict(list)
    for position, (material, _site) in enumerate(keys):
        sharing[material].append(position)
    expected, moved = _purchases(sheets)
    coming = np.zeros((len(keys), sheets.months))
    for material, positions in sharing.items():
        share = expected.get(material, np.zeros(sheets.months)) / len(positions)
        if sheets.lists_release:
            share = np.maximum(share - ordered[positions].mean(axis=0), 0.0)
        coming[positions] = ordered[positions] + share
    for row in sheets.of("supplier_answers"):
        positions, offset = sharing.get(row["material"], []), row["month"] - sheets.first_month
        if positions and 0 <= offset < sheets.months:
            total, limit = coming[positions, offset].sum(), float(row["limit"])
            coming[positions, offset] *= min(1.0, limit / total) if total > 0 else 1.0
    for material in sorted(sharing.keys() & moved.keys()):
        positions, change = sharing[material], moved[material]
        total = coming[positions].sum(axis=0)
        kept = np.maximum(total + np.minimum(change, 0.0), 0.0)
        left = np.divide(kept, total, out=np.ones_like(total), where=total > 0)
        coming[positions] = coming[positions] * left + np.maximum(change, 0.0) / len(positions)
    return coming


def _purchases(sheets: Sheets) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Material → [T] open purchases as they were expected, and what new dates of their suppliers change of that."""
    rows = [
        (
            row["material"],
            row.get("expected_month", row["arrival_month"]),
            row["arrival_month"],
            number(row["quantity"]),
        )
        for row in sheets.of("open_purchases")
    ]
    return spread_purchases(rows, range(sheets.first_month, sheets.first_month + sheets.months))


def _ordered(sheets: Sheets, keys: list[tuple[str, str]], first: np.ndarray) -> Floats:
    """[keys, T] what the last release ordered and can no longer be changed: arrivals inside the lead time."""
    arrivals = np.zeros((len(keys), sheets.months))
    for position, key in enumerate(keys):
        for month, quantity in sheets.ordered.get(key, {}).items():
            offset = month - sheets.first_month
            if 0 <= offset < min(int(first[position]), sheets.months):
                arrivals[position, offset] = quantity
    return arrivals


def _core_band(
    sheets: Sheets, rows: dict[str, Row], network: Network, keys: list[tuple[str, str]], asked: AskedAt
) -> Floats:
    """[keys, T] what core materials hold beyond the plan, up to the outer flex band of the products they serve."""
    band = np.zeros((len(keys), sheets.months))
    nothing = np.zeros(sheets.months)
    flex = {product: np.array(shares, dtype=float) for product, shares in sheets.flex.items()}
    place = {key: position for position, key in enumerate(keys)}
    for point, key, quantity in network.materials:
        if rows[key[0]]["core"]:
            band[place[key]] += quantity * flex.get(point[0], nothing) * asked[point]
    return band


def build_supplier_limits(sheets: Sheets, codes: list[str], material: MaterialPoints) -> SupplierLimits:
    """What suppliers can still deliver: the limit less open purchases of the month; inf where none is stated.

    A purchase with a new date counts in the month it was expected in: what comes late takes nothing of another month's.
    """
    by_material: dict[str, list[Row]] = defaultdict(list)
    for row in sheets.of("material_supply"):
        if row["material"] in codes:
            by_material[row["material"]].append(row)
    limited = sorted(by_material)
    moved = _purchases(sheets)[1]
    quantity = np.full((len(limited), sheets.months), np.inf)
    for position, code in enumerate(limited):
        stated = {row["month"] - sheets.first_month for row in by_material[code]}
        total = by_month(by_material[code], "max_quantity", sheets)
        coming = material.arrivals[material.material == codes.index(code)].sum(axis=0)
        if code in moved:
            coming = coming - moved[code]
        for month in stated & set(range(sheets.months)):
            quantity[position, month] = max(0.0, total[month] - coming[month])
    return SupplierLimits(np.array([codes.index(code) for code in limited], dtype=np.int64), quantity)
