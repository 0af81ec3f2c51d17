"""What the flex band rests on: declared shares, and family by family forecast errors and the costs of both sides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from demand.bands import join_widths_of
from demand.choices import FlexGap
from demand.measures import BASELINE, HIGH_80, HIGH_95
from demand.models import ForecastRun
from demand.selectors.correlation import load_error_correlation
from demand.selectors.frame import Frame
from engine.flex import critical_ratio, units_above
from engine.money import RATE_DIGITS
from masterdata.models import Cost, Policy
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company
from plans.hierarchy import Tree
from plans.selectors import load_measures

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FEWEST_CASES = 60  # back-tested months below which the band is a prior, no measurement
MOST_PCT = 100.0  # a family is never prepared for more than twice its demand
PLACES = 4  # decimals of a share in per cent


@dataclass(frozen=True)
class FamilyFlex:
    """One family's arithmetic. ``capacity`` and ``material``: per cent beyond the demand by month, None: not measured.

    ``short``, ``idle``, ``hold``: company currency per unit asked for in vain, labour per unit left idle, per unit of
    material held a month longer. ``error``: units above the forecast in the first month, at 90 of 100 months, in per
    cent of it. ``gap``: what is missing, a ``FlexGap``.
    """

    product: int
    capacity: list[float | None]
    material: list[float | None]
    ratios: tuple[float | None, float | None]
    short: float | None
    idle: float | None
    hold: float | None
    error: float | None
    gap: str


def build_basis(frame: Frame) -> dict[str, Any]:
    """What ``FlexBasis`` stores for the plan of a frame: the declared shares of this moment and each family's."""
    return {
        "first_month": frame.first_month,
        "declared": list_declared(),
        "families": [asdict(family) for family in measure_families(frame)],
    }


def list_declared() -> dict[str, list[float | None]]:
    """Product id → [capacity, material] in per cent, where a general policy names one of them."""
    rows = Policy.objects.filter(site=None).filter(
        Q(flex_capacity_pct__isnull=False) | Q(flex_material_pct__isnull=False)
    )
    found = rows.order_by("product").values_list("product", "flex_capacity_pct", "flex_material_pct")
    return {str(product): [capacity, material] for product, capacity, material in found}


def family_ids(tree: Tree, products: Ints) -> Ints:
    """The family of each product id: the node below the top, where one node holds the whole company, else the top."""
    depth = 2 if np.count_nonzero(tree.parents == 0) == 1 else 1
    paths = tree.paths[tree.positions(products)]
    return np.asarray(tree.ids[paths[:, min(depth, paths.shape[1] - 1)]])


def measure_families(frame: Frame) -> list[FamilyFlex]:
    """Every family of the frame. Leaf errors join by how far they moved together, as in the bands that are shown."""
    cubes = load_measures(version_id=frame.version_id, measures=[BASELINE, HIGH_80, HIGH_95], months=frame.months)
    middle, near, far = (cubes[code].align(frame.axis).to_float() for code in (BASELINE, HIGH_80, HIGH_95))
    families, groups = np.unique(family_ids(frame.hierarchy.products, frame.axis.keys[:, 0]), return_inverse=True)
    correlation = load_error_correlation(frame.version_id)

    def join(edge: Floats) -> Floats:
        widths = np.maximum(edge - middle, 0.0)
        columns = [join_widths_of(groups, widths[:, t], correlation, len(families)) for t in range(widths.shape[1])]
        return np.stack(columns, axis=1) if columns else np.zeros((len(families), 0))

    forecast = np.stack([np.bincount(groups, middle[:, t], len(families)) for t in range(middle.shape[1])], axis=1)
    errors = join(near), join(far)
    if not _is_back_tested(frame.version_id):
        errors = np.zeros_like(forecast), np.zeros_like(forecast)
    costs = _family_costs(frame, middle.sum(axis=1), groups, len(families))
    return [
        _measure(int(family), forecast[row], (errors[0][row], errors[1][row]), costs[row])
        for row, family in enumerate(families.tolist())
    ]


def _measure(family: int, forecast: Floats, errors: tuple[Floats, Floats], costs: Floats) -> FamilyFlex:
    short, idle, hold = costs.tolist()
    ratios = critical_ratio([short, short], [idle, hold])
    is_known = (forecast > 0) & (errors[0] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        units = units_above(ratios, np.stack([errors[0]] * 2), np.stack([errors[1]] * 2))
        shares = np.where(is_known, np.minimum(100 * units / forecast, MOST_PCT), np.nan)
        first = float(100 * errors[0][0] / forecast[0]) if is_known[:1].any() else np.nan
    capacity, material = (_listed(row) for row in shares)
    return FamilyFlex(
        product=family,
        capacity=capacity,
        material=material,
        ratios=(_known(ratios[0]), _known(ratios[1])),
        short=_known(short),
        idle=_known(idle),
        hold=_known(hold),
        error=_known(first),
        gap=_gap(is_known, short, ratios),
    )


def _gap(is_known: NDArray[np.bool_], short: float, ratios: Floats) -> str:
    if not is_known.any():
        return FlexGap.ERROR
    if np.isnan(short):
        return FlexGap.PRICE
    return FlexGap.COST if np.isnan(ratios).any() else ""


def _listed(row: Floats) -> list[float | None]:
    return [_known(value) for value in row.tolist()]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), PLACES)


def _is_back_tested(version_id: int) -> bool:
    run = ForecastRun.objects.filter(version__cycle__versions=version_id).only("accuracy").first()
    return run is not None and run.accuracy.get("backtest_pairs", 0) >= FEWEST_CASES


def _family_costs(frame: Frame, units: Floats, groups: NDArray[np.intp], count: int) -> Floats:
    """[families, 3] money per unit: lost with a sale, idle labour, a month of holding; NaN where unknown.

    Means over the products whose figures are known, weighted by what is forecast of them.
    """
    products, first, at = np.unique(frame.axis.keys[:, 0], return_index=True, return_inverse=True)
    rates = load_price_rates(frame.axis.keys, range(frame.first_month, frame.first_month + 1), company=get_company())
    price = rates[:, 0] / 10**RATE_DIGITS
    priced = np.where(price > 0, units, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        paid = np.bincount(at, price * priced) / np.bincount(at, priced)
    cost = load_flex_costs(frame.first_month, products)
    each = np.stack([paid - cost[:, 0] + cost[:, 1], cost[:, 2], cost[:, 3]], axis=1)
    weights, family = np.bincount(at, units), groups[first]
    found = np.full((count, 3), np.nan)
    for column in range(3):
        is_known = ~np.isnan(each[:, column]) & (weights > 0)
        total = np.bincount(family[is_known], weights[is_known], count)
        money = np.bincount(family[is_known], each[is_known, column] * weights[is_known], count)
        np.divide(money, total, out=found[:, column], where=total > 0)
    return found


def load_flex_costs(month: int, products: Ints) -> Floats:
    """[products, 4] unit cost, shortage cost, labour paid in idle capacity, holding a unit's material for a month.

    Overhead runs on whether or not capacity is prepared, so it is no cost of idleness. The latest cost that has begun,
    else the first one; a general one before one of a site. NaN: no unit cost, no labour cost. No shortage cost counts
    as 0: the margin is lost all the same.
    """
    found: dict[int, list[tuple[tuple[bool, bool, int], Cost]]] = defaultdict(list)
    for row in Cost.objects.all():
        has_begun = row.from_month <= month
        rank = (has_begun, row.site_id is None, row.from_month if has_begun else -row.from_month)
        found[row.product_id].append((rank, row))
    figures = np.full((len(products), 4), np.nan)
    for at, product in enumerate(products.tolist()):
        if product in found:
            figures[at] = _figures(max(found[product], key=lambda each: each[0])[1])
    return figures


def _figures(cost: Cost) -> tuple[float, float, float, float]:
    material, labour = float(cost.material_cost), float(cost.labour_cost)
    parts = material + labour + float(cost.overhead_cost)
    whole = parts if cost.production_cost is None else float(cost.production_cost)
    unit = whole if whole > 0 else np.nan
    if cost.holding_cost_per_month is None:
        holding = cost.holding_rate_per_year / 12 * unit
    else:
        holding = float(cost.holding_cost_per_month)
    share = min(material / whole, 1.0) if material > 0 and whole > 0 else 1.0
    return unit, float(cost.shortage_cost or 0), labour if labour > 0 else np.nan, holding * share
