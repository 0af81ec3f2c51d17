"""The take rate page: every series with its drift, and one series' rates as learnt, planned, sold and in the plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.models import User
from accounts.policies import can
from core.formats import points
from cycles.models import Cycle
from demand.measures import CONSENSUS
from demand.models import TakeRate
from demand.selectors.frame import load_actual
from demand.selectors.place import Place
from demand.selectors.take_rates import LEARN_MONTHS, Attribute, SeriesMix, load_mixes
from demand.services.take_rates import EDIT
from masterdata.models import Product
from plans.selectors import get_working_version, load_measure

Floats = NDArray[np.float64]

DRIFT_POINTS = 3.0  # planned and sold mix further apart than this are marked
NEAR_MONTHS = 3
WINDOWS = (3, 6, 12)


@dataclass(frozen=True)
class RateBoard:
    """Take rates of a cycle for one person; ``months`` : what the shown learnt rates are learnt from."""

    user: User
    cycle: Cycle
    place: Place
    months: int
    wanted: str

    @cached_property
    def _mixes(self) -> dict[int, SeriesMix]:
        return {mix.product: mix for mix in self._load(LEARN_MONTHS) if mix.attributes}

    def _load(self, months: int) -> list[SeriesMix]:
        visible = set(self.place.hierarchy.products.leaves_under(self.place.product).tolist())
        mixes = load_mixes(load_actual(), self.place.hierarchy, end_month=self.cycle.month, months=months)
        return [mix for mix in mixes if visible.issuperset(mix.variants.tolist())]

    @cached_property
    def labels(self) -> dict[int, Product]:
        return {row.pk: row for row in Product.objects.filter(pk__in=list(self._mixes))}

    @cached_property
    def mix(self) -> SeriesMix | None:
        """The chosen series, else the one that drifts most."""
        for node, mix in self._mixes.items():
            if self.labels[node].code == self.wanted:
                return mix
        return max(self._mixes.values(), key=lambda mix: (_largest_drift(mix), -mix.product), default=None)

    @property
    def product(self) -> Product | None:
        return None if self.mix is None else self.labels[self.mix.product]

    def series(self) -> list[dict[str, Any]]:
        """Every series, the one that drifts most first."""
        rows = [
            {
                "code": self.labels[node].code,
                "label": self.labels[node].label,
                "drift": _largest_drift(mix),
                "is_marked": _largest_drift(mix) >= DRIFT_POINTS,
                "is_typed": any(not np.isnan(a.typed).all() for a in mix.attributes),
                "is_here": self.mix is not None and node == self.mix.product,
            }
            for node, mix in self._mixes.items()
        ]
        return sorted(rows, key=lambda row: (-row["drift"], row["code"]))

    def attributes(self) -> list[dict[str, Any]]:
        """The chosen series' attributes, one line a value; shares in per cent."""
        mix = self.mix
        if mix is None:
            return []
        shown = (
            mix if self.months == LEARN_MONTHS else next(m for m in self._load(self.months) if m.product == mix.product)
        )
        notes = {
            (row.attribute, row.value): row
            for row in TakeRate.objects.filter(product=mix.product).select_related("author")
        }
        return [
            {
                "key": attribute.key,
                "label": _attribute_name(attribute.key),
                "lines": self._lines(attribute, mix, shown, notes),
            }
            for attribute in mix.attributes
        ]

    def _lines(
        self, attribute: Attribute, mix: SeriesMix, shown: SeriesMix, notes: dict[tuple[str, str], TakeRate]
    ) -> list[dict[str, Any]]:
        planned, sold = attribute.shares(mix.planned), attribute.shares(_share(mix.sold[:, -1]))
        learnt, in_plan = attribute.shares(shown.learnt), attribute.shares(self._plan_mix)
        by_month = [attribute.shares(_share(mix.sold[:, i])) for i in range(mix.sold.shape[1])]
        lines = []
        for i, value in enumerate(attribute.values):
            drift = (sold[i] - planned[i]) * 100
            typed = attribute.typed[i]
            lines.append({
                "value": value or _("not given"),
                "code": value,
                "learnt": learnt[i] * 100,
                "typed": None if np.isnan(typed) else f"{typed * 100:.1f}",
                "planned": planned[i] * 100,
                "sold": sold[i] * 100,
                "drift": points(drift),
                "is_marked": abs(drift) >= DRIFT_POINTS,
                "in_plan": in_plan[i] * 100,
                "trend": [share[i] * 100 for share in by_month],
                "note": notes.get((attribute.key, value)),
            })  # fmt: skip
        return lines

    @cached_property
    def _plan_mix(self) -> Floats:
        """Share of each variant in the consensus of the next three months."""
        assert self.mix is not None
        months = range(self.cycle.month, self.cycle.month + NEAR_MONTHS)
        cube = load_measure(version_id=get_working_version(self.cycle).pk, measure=CONSENSUS, months=months)
        units = [cube.values[cube.axis.keys[:, 0] == variant].sum() for variant in self.mix.variants.tolist()]
        return _share(np.array(units, dtype=np.int64))

    @property
    def may_edit(self) -> bool:
        return self.product is not None and can(self.user, EDIT, product=self.product.code)

    @property
    def sold_month(self) -> int:
        return self.cycle.month - 1

    def message(self) -> str:
        """The finding over the page: the value that drifts most."""
        mix = self.mix
        if mix is None or self.product is None:
            return _("No series with variants")
        worst = max(
            ((abs(d), d, a, i) for a in mix.attributes for i, d in enumerate(_drifts(a, mix).tolist())),
            key=lambda item: item[0],
        )
        _size, drift, attribute, index = worst
        if abs(drift) < DRIFT_POINTS:
            return _("%(series)s sells as planned") % {"series": self.product.label}
        return _("%(series)s, %(value)s: sold %(drift)s against the plan") % {
            "series": self.product.label,
            "value": attribute.values[index],
            "drift": points(drift),
        }


def _share(units: NDArray[np.int64]) -> Floats:
    total = units.sum()
    return units / total if total > 0 else np.zeros(len(units))


def _drifts(attribute: Attribute, mix: SeriesMix) -> Floats:
    """Sold last month less planned, in points; 0 for a series that sold nothing."""
    last = _share(mix.sold[:, -1])
    return (
        (attribute.shares(last) - attribute.shares(mix.planned)) * 100
        if last.any()
        else np.zeros(len(attribute.values))
    )


def _largest_drift(mix: SeriesMix) -> float:
    return max((float(np.abs(_drifts(attribute, mix)).max()) for attribute in mix.attributes), default=0.0)


def _attribute_name(key: str) -> str:
    """The usual attributes in the reader's language; others as the sheet names them."""
    return {"config": _("Configuration"), "colour": _("Colour"), "powertrain": _("Powertrain")}.get(key, key)
