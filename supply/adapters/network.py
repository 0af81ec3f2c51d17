"""Which product is made and held where, and by which ways it reaches whom: the sparse sets of the model."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from engine.balancing.contracts import Finding
from supply.adapters.horizon import lag_months
from supply.adapters.sheets import Row, Sheets, number

ONLY_SITE = "SITE"  # where everything happens in a company that names no site


@dataclass(frozen=True)
class Network:
    """Sorted sets of codes. A point is (product, site); ``ways`` are (point, org, unit cost, lag in months)."""

    points: tuple[tuple[str, str], ...]
    makers: frozenset[tuple[str, str]]
    routings: tuple[tuple[tuple[str, str], str, float], ...]  # point, resource, hours per unit
    ways: tuple[tuple[tuple[str, str], str, float, int], ...]
    components: tuple[tuple[tuple[str, str], tuple[str, str], float], ...]  # parent, component, quantity
    moves: tuple[tuple[tuple[str, str], tuple[str, str], float, int], ...]  # source, target, unit cost, lag in months
    materials: tuple[tuple[tuple[str, str], tuple[str, str], float], ...]  # point, (material, site), quantity
    findings: tuple[Finding, ...]


def build_network(sheets: Sheets) -> Network:
    """Join routings, BOM, stock and lanes around the products that are asked for."""
    findings: list[Finding] = []
    asked = {(row["product"], row["org"]) for row in sheets.of("demand") if number(row["quantity"]) > 0}
    wanted = _with_components({product for product, _org in asked}, sheets)
    routed = _routed(sheets, wanted)
    held = _held(sheets, wanted)
    makers = {point for point in routed if point[0] in wanted}
    makers |= _free_makers(sheets, wanted, held, makers, findings)
    points = makers | held
    components, needed, materials = _recipes(sheets, makers, findings)
    points |= {point for line in components for point in line[:2]}
    moves = _moves(sheets, points, {product for product, _org in asked}, needed)
    points |= {point for move in moves for point in move[:2]}
    _report_unmakeable(wanted, makers, held, findings)
    return Network(
        points=tuple(sorted(points)),
        makers=frozenset(makers),
        routings=tuple(
            sorted((point, code, hours) for point in makers for code, hours in routed.get(point, {}).items())
        ),
        ways=tuple(sorted(_ways(sheets, points, asked, findings))),
        components=tuple(sorted(components)),
        moves=tuple(sorted(moves)),
        materials=tuple(sorted(materials)),
        findings=tuple(findings),
    )


def _with_components(products: set[str], sheets: Sheets) -> set[str]:
    """The products and every product that goes into them, through all levels."""
    known = {row["code"] for row in sheets.of("products")}
    lines: dict[str, list[str]] = defaultdict(list)
    for row in sheets.of("bom"):
        if row["component"] in known:
            lines[row["product"]].append(row["component"])
    found, waiting = set(products), list(products)
    while waiting:
        for component in lines[waiting.pop()]:
            if component not in found:
                found.add(component)
                waiting.append(component)
    return found


def _routed(sheets: Sheets, wanted: set[str]) -> dict[tuple[str, str], dict[str, float]]:
    """(product, site) → resource → hours per unit; without hours they are units / jobs per hour."""
    jph = {row["code"]: row["jph"] for row in sheets.of("resources")}
    routed: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in sheets.of("routings"):
        hours = row["hours_per_unit"]
        if hours is None and jph.get(row["resource"]):
            hours = number(row.get("units"), 1.0) / float(jph[row["resource"]])
        if row["product"] in wanted:
            routed[row["product"], row["site"]][row["resource"]] = number(hours)
    return routed


def _held(sheets: Sheets, wanted: set[str]) -> set[tuple[str, str]]:
    """Points that exist because there is stock."""
    return {
        (row["item"], row["site"])
        for row in sheets.of("inventory")
        if row["item"] in wanted and number(row["quantity"]) > 0
    }


def _free_makers(
    sheets: Sheets,
    wanted: set[str],
    held: set[tuple[str, str]],
    makers: set[tuple[str, str]],
    findings: list[Finding],
) -> set[tuple[str, str]]:
    """A company without routings makes what it does not hold, wherever it has a plant, without limit."""
    if sheets.of("routings"):
        return set()
    plants = [row["code"] for row in sheets.of("sites") if row["kind"] in (None, "plant")] or [ONLY_SITE]
    costed = {
        row["product"]
        for row in sheets.of("costs")
        if number(row["production_cost"]) > 0 or number(row["setup_cost"]) > 0
    }
    stocked = {product for product, _site in held}
    free = {product for product in wanted if product in costed or product not in stocked}
    for product in sorted(free):
        findings.append(Finding("no_routing_needed", "info", "product", product))
    return {(product, site) for product in free for site in plants} - makers


def _recipes(sheets: Sheets, makers: set[tuple[str, str]], findings: list[Finding]) -> tuple[list, set, list]:
    """BOM lines at every point that makes something: components here or from elsewhere, materials here."""
    known = {row["code"] for row in sheets.of("materials")}
    made_at: dict[str, list[str]] = defaultdict(list)
    for product, site in sorted(makers):
        made_at[product].append(site)
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in sheets.of("bom"):
        lines[row["product"]].append(row)
    components, moves, materials = [], set(), []
    for product, site in sorted(makers):
        for row in lines[product]:
            part = row["component"]
            quantity = number(row["quantity_per"]) * number(row["take_rate"], 1.0)
            if quantity == 0:
                continue
            if part in known:
                materials.append(((product, site), (part, site), quantity))
                continue
            components.append(((product, site), (part, site), quantity))
            if site not in made_at[part]:
                moves |= {((part, source), (part, site)) for source in made_at[part]}
                if not made_at[part]:
                    findings.append(Finding("component_not_made", "warning", "product", part, {"parent": product}))
    return components, moves, materials


def _moves(
    sheets: Sheets,
    points: set[tuple[str, str]],
    asked: set[str],
    needed: set[tuple[tuple[str, str], tuple[str, str]]],
) -> set[tuple[tuple[str, str], tuple[str, str], float, int]]:
    """Components to the sites that need them, goods along the ways between sites that the company names.

    A component whose way is not named goes there all the same, at no cost.
    """
    ways = {(row["from_site"], row["to_site"]): row for row in sheets.of("transfers")}
    next_sites: dict[str, list[str]] = defaultdict(list)
    for source, target in sorted(ways):
        if source != target:
            next_sites[source].append(target)
    pairs = set(needed)
    waiting = [point for point in sorted(points) if point[0] in asked]
    reached = set(waiting)
    while waiting:
        product, source = waiting.pop()
        for target in next_sites[source]:
            pairs.add(((product, source), (product, target)))
            if (product, target) not in reached:
                reached.add((product, target))
                waiting.append((product, target))
    return {(source, target, *_terms(ways.get((source[1], target[1])))) for source, target in pairs}


def _terms(way: Row | None) -> tuple[float, int]:
    """Unit cost and months of a way; free and at once where none is named."""
    return (number(way["unit_cost"]), lag_months(way["lead_time_days"])) if way else (0.0, 0)


def _report_unmakeable(
    wanted: set[str], makers: set[tuple[str, str]], held: set[tuple[str, str]], findings: list[Finding]
) -> None:
    made = {product for product, _site in makers}
    stocked = {product for product, _site in held}
    for product in sorted(wanted - made):
        severity = "info" if product in stocked else "warning"
        findings.append(Finding("no_routing", severity, "product", product))


def _ways(
    sheets: Sheets,
    points: set[tuple[str, str]],
    asked: set[tuple[str, str]],
    findings: list[Finding],
) -> list[tuple[tuple[str, str], str, float, int]]:
    """Lanes from every point to every org that asks for its product; a lane to a parent serves its children."""
    parent = {row["code"]: row["parent"] for row in sheets.of("orgs")}
    lanes = {(row["site"], row["org"]): row for row in sheets.of("lanes")}
    sites_of: dict[str, list[str]] = defaultdict(list)
    for product, site in sorted(points):
        sites_of[product].append(site)
    ways = []
    for product, org in sorted(asked):
        reached = False
        for site in sites_of[product]:
            row = _lane(lanes, parent, site, org)
            if row is None and lanes:
                continue
            reached = True
            ways.append(((product, site), org, *_terms(row)))
        if not reached and sites_of[product]:
            findings.append(Finding("no_lane", "warning", "product", product, {"org": org}))
    return ways


def _lane(lanes: dict[tuple[str, str], Row], parent: dict[str, str | None], site: str, org: str) -> Row | None:
    node: str | None = org
    while node is not None:
        if (site, node) in lanes:
            return lanes[site, node]
        node = parent.get(node)
    return None
