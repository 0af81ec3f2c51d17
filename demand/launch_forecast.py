"""Products without a history of their own: forecast like earlier launches, whole, and shared over where they sell.

A planned launch (``demand.models.Launch``) follows the analogues somebody picked; a product with a launch month and
less than half a year of sales follows the nearest launches of its family. Before the first sale the curve begins in the
launch month; once it sells, its own sales say how large it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demand.outlook import Outlook
from demand.selectors.drivers import PlannedLaunch
from demand.selectors.launches import NodeHistories
from engine.forecasting.analogues import LaunchLibrary, forecast_launch, propose_analogues
from plans.cubes import Axis
from plans.hierarchy import Hierarchy

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEW_MONTHS = 12  # of sales, from which a product's own history speaks, whatever somebody planned
AUTO_MONTHS = 6  # the same where nobody picked analogues: on car launches the run rate was better from then on
AUTO_ANALOGUES = 8
MOST_IN_LIBRARY = 60  # launches that bands are measured on: each is forecast from the others


@dataclass(frozen=True)
class Newcomer:
    """A product node that launches: its axis rows, known sales [k], and the month its forecast begins.

    ``analogues`` are the library's rows it follows, ``others`` all it may be compared with: not itself, nor what is
    above or below it.
    """

    rows: Ints
    known: Floats
    first_month: int
    analogues: Ints
    others: Ints
    scale: float


def find_newcomers(
    histories: NodeHistories,
    library: LaunchLibrary,
    hierarchy: Hierarchy,
    axis: Axis,
    *,
    planned: Sequence[PlannedLaunch],
    launch_months: Mapping[int, int],
    months: range,
) -> list[Newcomer]:
    """Planned launches, and leaf products whose declared launch is recent or still to come.

    ``launch_months`` are those of products without a predecessor; ``months`` the planned ones. Where no earlier
    launch is known there is nothing to follow, and the node is left to the run rate of its rows.
    """
    found: list[Newcomer] = []
    taken = np.zeros(len(axis), bool)
    for plan in planned:
        rows = hierarchy.leaf_rows(axis, plan.product, plan.org)
        others = _others(library, histories, plan.product)
        picked = others[np.isin(library.keys[others], plan.analogues)]
        newcomer = _newcomer(histories, plan, rows[~taken[rows]], picked, others, months)
        if newcomer is not None:
            found.append(newcomer)
            taken[newcomer.rows] = True
    for product, launch in sorted(launch_months.items()):
        rows = hierarchy.leaf_rows(axis, product)
        if months.start - NEW_MONTHS < launch < months.stop and not taken[rows].any():
            others = _others(library, histories, product)
            nearest = _nearest_of_family(library, histories, product, others)
            plan = PlannedLaunch(product, None, (), 1.0, launch)
            newcomer = _newcomer(histories, plan, rows, nearest, others, months)
            if newcomer is not None and len(newcomer.known) < AUTO_MONTHS:
                found.append(newcomer)
    return found


def _others(library: LaunchLibrary, histories: NodeHistories, product: int) -> Ints:
    tree = histories.tree
    path = tree.paths[tree.position_of(product)]
    related = np.concatenate([tree.ids[path[path < len(tree.ids)]], tree.ids[tree.is_under([product])]])
    return np.flatnonzero(~np.isin(library.keys, related))


def _nearest_of_family(library: LaunchLibrary, histories: NodeHistories, product: int, others: Ints) -> Ints:
    """Nearest by the months known, those of the same family before all others."""
    tree = histories.tree
    parents = tree.parents[tree.positions(library.keys[others])]
    same = (parents == tree.parents[tree.position_of(product)]).astype(float)
    return others[propose_analogues(library.take(others), _known(histories, product), same, AUTO_ANALOGUES)]


def _newcomer(
    histories: NodeHistories, plan: PlannedLaunch, rows: Ints, analogues: Ints, others: Ints, months: range
) -> Newcomer | None:
    known = _known(histories, plan.product)
    begins = max(plan.first_month or months.start, months.start)
    if not len(rows) or not len(analogues) or len(known) >= NEW_MONTHS or begins >= months.stop:
        return None
    begins, scale = (months.start, 1.0) if len(known) else (begins, plan.scale)
    return Newcomer(rows, known, begins, analogues, others, scale)


def _known(histories: NodeHistories, product: int) -> Floats:
    first = int(histories.first_sale()[histories.tree.position_of(product)])
    return histories.of(product)[first:]


def put_launches(
    outlook: Outlook,
    newcomers: Sequence[Newcomer],
    library: LaunchLibrary,
    *,
    place: Ints,
    months: range,
    levels: tuple[float, ...],
    recent: Floats,
    usual: Floats,
) -> None:
    """Write the newcomers' figures into ``outlook``.

    ``place`` [axis rows] is each row's place in the outlook. A node's total is shared by ``recent`` [axis rows], its
    rows' own latest sales, before the first sale by ``usual``, what the orgs sell in all.
    """
    for newcomer in newcomers:
        rows = newcomer.rows[place[newcomer.rows] >= 0]
        if not len(rows):
            continue
        weights = recent[rows] if recent[rows].sum() > 0 else usual[rows]
        shares = weights / weights.sum() if weights.sum() > 0 else np.full(len(rows), 1.0 / len(rows))
        start = newcomer.first_month - months.start
        small, analogues = _nearby(library, newcomer)
        curve = forecast_launch(small, analogues, newcomer.known, len(months) - start, levels)
        figures = [np.zeros((len(levels), len(months))) for _ in range(3)]
        for figure, values in zip(figures, (curve.mean, curve.lower, curve.upper), strict=True):
            figure[:, start:] = values * newcomer.scale
        mean, lower, upper = (shares[:, None, None] * figure for figure in figures)
        outlook.put(place[rows], mean[:, 0], lower, upper)


def _nearby(library: LaunchLibrary, newcomer: Newcomer) -> tuple[LaunchLibrary, Ints]:
    """The analogues and the nearest other launches, so that bands cost the same however many there are."""
    nearest = newcomer.others[propose_analogues(library.take(newcomer.others), newcomer.known, count=MOST_IN_LIBRARY)]
    chosen = np.concatenate([newcomer.analogues, nearest[~np.isin(nearest, newcomer.analogues)]])
    chosen = chosen[: max(MOST_IN_LIBRARY, len(newcomer.analogues))]
    return library.take(chosen), np.arange(len(newcomer.analogues))
