"""How a flex band came about, in words: which source, and for a measured one the arithmetic behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from core.formats import money, percent
from demand.choices import FlexGap, FlexSource
from demand.measures import FLEX_CAPACITY
from demand.selectors.flex import EDGES, FlexShares, share_by_basis
from demand.selectors.flex_basis import family_ids
from demand.selectors.place import Place
from masterdata.models import STANDARD_FLEX_PCT, Product
from masterdata.selectors import get_company


@dataclass(frozen=True)
class FlexEdgeText:
    """One edge at a place: its source in a word, its share of the demand and how it came about."""

    source: str
    share: str
    reason: str

    @property
    def whole(self) -> str:
        """Share and reason in one text."""
        return f"{self.share} · {self.reason}"


def tell_flex(basis: dict[str, Any], *, place: Place, months: range, sees_costs: bool) -> dict[str, FlexEdgeText]:
    """Measure → where its figures at a place come from, by the plan's first month; nothing without products.

    ``basis`` is what ``get_flex_basis`` gives for the plan.
    """
    tree = place.hierarchy.products
    products = tree.leaves_under(place.product)
    if not len(products):
        return {}
    shares = share_by_basis(basis, tree, products, months)
    families = np.unique(family_ids(tree, products))
    told = {row["product"]: row for row in basis["families"]}
    reason = _Reason([told[f] for f in families.tolist() if f in told], sees_costs)
    return {
        edge: FlexEdgeText(_source(shares, edge), _share(shares, edge), _tell(shares, edge, reason)) for edge in EDGES
    }


def _source(shares: FlexShares, edge: str) -> str:
    found = np.unique(shares.sources[edge]).tolist()
    return str(FlexSource(found[0]).label) if len(found) == 1 else _("mixed")


def _share(shares: FlexShares, edge: str) -> str:
    first = shares.of(edge)[:, 0]
    low, high = percent(float(first.min()), sign=True), percent(float(first.max()), sign=True)
    return low if low == high else f"{low} … {high}"


def _tell(shares: FlexShares, edge: str, reason: _Reason) -> str:
    texts = []
    found = set(shares.sources[edge].tolist())
    if FlexSource.MEASURED in found:
        texts.append(reason.measured(edge))
    if FlexSource.DECLARED in found:
        texts.append(_("Declared: the share of the product's policy, or of one above it."))
    if FlexSource.STANDARD in found:
        texts.append(reason.standard(edge))
    return " ".join(texts)


@dataclass(frozen=True)
class _Reason:
    """The families behind a place, as the basis tells them."""

    families: list[dict[str, Any]]
    sees_costs: bool

    def measured(self, edge: str) -> str:
        column = EDGES.index(edge)
        measured = [row for row in self.families if row["ratios"][column] is not None and row["error"] is not None]
        if len(measured) != 1:
            return _("Measured family by family from its forecast errors and costs: choose a family to see both.")
        row = measured[0]
        text = _("Measured for %(family)s: in 90 of 100 months sales stay within %(error)s above the forecast.")
        text %= {"family": Product.objects.get(pk=row["product"]).label, "error": percent(row["error"])}
        return f"{text} {self._ratio(edge, row, row['ratios'][column])}"

    def _ratio(self, edge: str, row: dict[str, Any], ratio: float) -> str:
        is_capacity = edge == FLEX_CAPACITY
        figures = {"ratio": percent(100 * ratio)}
        if not self.sees_costs:
            text = (
                _("By the cost of a lost unit against idle labour: prepared for %(ratio)s of months.")
                if is_capacity
                else _("By the cost of a lost unit against a month of holding: secured for %(ratio)s of months.")
            )
            return text % figures
        cents = 10 ** get_company().currency_decimals
        spare = row["idle"] if is_capacity else row["hold"]
        figures |= {"short": money(round(row["short"] * cents)), "spare": money(round(spare * cents))}
        text = (
            _("A lost unit costs %(short)s, idle labour %(spare)s: prepared for %(ratio)s of months.")
            if is_capacity
            else _("A lost unit costs %(short)s, a month of holding %(spare)s: secured for %(ratio)s of months.")
        )
        return text % figures

    def standard(self, edge: str) -> str:
        share = percent(STANDARD_FLEX_PCT[EDGES.index(edge)], sign=True)
        gaps = sorted({row["gap"] for row in self.families if row["gap"]})
        why = ", ".join(str(FlexGap(gap).label) for gap in gaps) or str(FlexGap.ERROR.label)
        return _("Standard share %(share)s: %(why)s.") % {"share": share, "why": why}
