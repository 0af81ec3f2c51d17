"""Trying a launch out: which earlier launches resemble it, and the curve that follows from those somebody picks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from core.errors import InvalidInput, unknown
from cycles.models import Cycle
from demand.selectors.launches import (
    NodeHistories,
    find_launch_month,
    find_launches,
    likeness,
    load_node_histories,
)
from demand.selectors.place import Place
from engine.forecasting.analogues import LaunchLibrary, forecast_launch, propose_analogues
from masterdata.models import Product

CURVE_MONTHS = 24  # of a launch that are shown
MOST_PROPOSED = 8
LEVELS = (80.0, 95.0)


@dataclass(frozen=True)
class Analogue:
    """An earlier launch: ``likeness`` 0 … 1, what it shares, and its first months in units."""

    code: str
    label: str
    likeness: float
    shares: list[str]
    first_month: int
    curve: list[float]


@dataclass(frozen=True)
class LaunchCurve:
    """The launch month by month from ``first_month`` on, in units, with its 80 % band; ``known`` months are sold."""

    first_month: int
    known: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]
    first_year: float


def propose(*, cycle: Cycle, place: Place) -> list[Analogue]:
    """The launches nearest to the place's product, the nearest first; none before anything was launched.

    Raises ``InvalidInput`` for a place of no product.
    """
    if place.product is None:
        raise InvalidInput(_("Name the product that is launched: ?product=…"), details={"parameter": "product"})
    histories = load_node_histories(cycle=cycle, place=place)
    library = _others(find_launches(histories), histories, place.product)
    if not len(library.keys):
        return []
    likely, shares = likeness(histories.tree, place.product, library.keys)
    rows = propose_analogues(library, _known(histories, place.product), likely, count=MOST_PROPOSED)
    labels = {row.pk: row.label for row in Product.objects.filter(pk__in=library.keys[rows].tolist())}
    first = histories.first_sale()
    return [
        Analogue(
            code=histories.tree.code_of(int(library.keys[row])),
            label=labels[int(library.keys[row])],
            likeness=round(float(likely[row]), 2),
            shares=shares[row],
            first_month=histories.first_month + int(first[histories.tree.position_of(int(library.keys[row]))]),
            curve=_numbers(library.curves[row, :CURVE_MONTHS]),
        )
        for row in rows.tolist()
    ]


def try_launch(
    *, cycle: Cycle, place: Place, analogues: list[str], scale: float, first_month: int | None = None
) -> LaunchCurve:
    """The launch as the analogues would have it; nothing is stored.

    Raises ``Missing`` for an unknown code, ``InvalidInput`` for one that was no launch in the observed months.
    """
    assert place.product is not None
    histories = load_node_histories(cycle=cycle, place=place)
    library = _others(find_launches(histories), histories, place.product)
    known = _known(histories, place.product)
    rows = np.array([_row_of(library, histories, code) for code in dict.fromkeys(analogues)], dtype=np.int64)
    if not len(rows):
        raise InvalidInput(_("Choose at least one earlier launch to follow."))
    curve = forecast_launch(library, rows, known, cycle.horizon, LEVELS)
    size = 1.0 if len(known) else scale  # once it sells, its own sales say how large it is
    mean = curve.mean * size
    if len(known):
        start = cycle.month - len(known)
    else:
        start = first_month or find_launch_month(Product.objects.get(pk=place.product)) or cycle.month
    return LaunchCurve(
        first_month=start,
        known=_numbers(known),
        mean=_numbers(mean),
        low=_numbers(curve.lower[0] * size),
        high=_numbers(curve.upper[0] * size),
        first_year=round(float(np.concatenate([known, mean])[:12].sum()), 1),
    )


def _others(library: LaunchLibrary, histories: NodeHistories, product: int) -> LaunchLibrary:
    """Without the product itself, what is below it and what holds it."""
    tree = histories.tree
    above = tree.ids[[p for p in set(tree.paths[tree.position_of(product)].tolist()) if p < len(tree.ids)]]
    below = tree.ids[tree.is_under([product])]
    return library.take(np.flatnonzero(~np.isin(library.keys, np.concatenate([above, below]))))


def _known(histories: NodeHistories, product: int) -> np.ndarray:
    history = histories.of(product)
    first = int(histories.first_sale()[histories.tree.position_of(product)])
    return history[first:]


def _row_of(library: LaunchLibrary, histories: NodeHistories, code: str) -> int:
    if code not in histories.tree.codes:
        raise unknown("product", code)
    found = np.flatnonzero(library.keys == histories.tree.id_of(code))
    if not len(found):
        raise InvalidInput(
            _("“%(code)s” has no launch to follow: it was sold from the first month on, or for less than 6 months.")
            % {"code": code}
        )
    return int(found[0])


def _numbers(values: np.ndarray) -> list[float]:
    return [round(float(value), 1) for value in values if not np.isnan(value)]
