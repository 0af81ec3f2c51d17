"""The passport in the reader's language, and its code: what is printed under a figure and typed into the finder.

A code is ``place/measure/product/org/first month/last month``: the place is the snapshot's short code once the figure
is frozen, before that ``W`` and the plan's number; ``-`` stands for all products or regions. Parts are URL-quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from django.utils.translation import gettext as _

from core import formats
from core.errors import Missing
from core.jobs.kinds import find_kind
from core.models import Job
from core.months import format_month, parse_month
from masterdata.models import Company, Org, Product
from masterdata.selectors import get_company
from plans.choices import Source, Unit
from plans.hierarchy import Hierarchy
from plans.measures import get_measure
from plans.reasons import reason_label
from plans.selectors import get_snapshot
from plans.selectors.passport import LedgerLine, Origin, Part, Passport
from plans.selectors.slices import to_units
from plans.selectors.snapshots import SHORT_CODE

MOST_PARTS = 8
_ALL = "-"
_FIELDS = 6
_LARGE_MONEY = 10**7  # whole currency units; from here on a figure is written in the unit of money tables


@dataclass(frozen=True)
class PassportAddress:
    """What a code names: the plan and the query of its passport."""

    version_id: int
    measure: str
    product: str | None
    org: str | None
    months: range

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the passport's endpoint."""
        sides = {"product": self.product, "org": self.org}
        return {
            "measure": self.measure,
            **{name: code for name, code in sides.items() if code},
            "from": format_month(self.months.start),
            "to": format_month(self.months.stop - 1),
        }


def read_code(text: str) -> PassportAddress | None:
    """What a passport's code names; ``None`` when the text is no such code or names nothing."""
    parts = [unquote(part) for part in text.strip().split("/")]
    if len(parts) != _FIELDS:
        return None
    place, measure, product, org, first, last = parts
    try:
        get_measure(measure)
        months = range(parse_month(first), parse_month(last) + 1)
        is_plan = place[:1] in {"W", "w"} and place[1:].isdecimal() and len(place) < 19
        version_id = int(place[1:]) if is_plan else get_snapshot(place).version_id
    except (Missing, ValueError):
        return None
    product_code, org_code = (None if code == _ALL else code for code in (product, org))
    return PassportAddress(version_id, measure, product_code, org_code, months)


def passport_to_json(passport: Passport, hierarchy: Hierarchy) -> dict[str, Any]:
    """The passport as the page draws it: raw whole units beside words in the reader's language."""
    names = _Names(passport, hierarchy)
    writer = _Writer(passport, get_company())
    shown, others = passport.parts[:MOST_PARTS], passport.parts[MOST_PARTS:]
    snapshot, measure = passport.snapshot, passport.measure
    return {
        "code": _code(passport, names),
        "version": passport.version.pk,
        "plan": passport.version.name,
        "measure": measure.code,
        "label": str(measure.label),
        "value": None if passport.value is None else to_units(passport.value, passport.scale),
        "text": writer.figure(passport.value),
        "unit": writer.unit,
        "undefined": _why_undefined(passport),
        "formula": str(measure.formula),
        "product": names.product_code,
        "org": names.org_code,
        "from": format_month(passport.months.start),
        "to": format_month(passport.months.stop - 1),
        "scope": formats.listing([names.product, names.org, _span(passport.months)]),
        "frozen": snapshot
        and {
            "snapshot": snapshot.code,
            "kind": snapshot.get_kind_display(),
            "by": str(snapshot.by or ""),
            "at": snapshot.at,
            "text": f"{snapshot.by or _('the system')}, {formats.moment(snapshot.at)}",
        },
        "sources": [_origin_json(origin) for origin in passport.origins],
        "parts": [
            {
                "label": names.part(part),
                "value": to_units(part.value, passport.scale),
                "text": writer.figure(part.value),
                "detail": writer.detail(part),
            }
            for part in shown
        ],
        "others": _others_json(others, writer, passport.scale),
        "edits": [_edit_json(line, names, passport.scale) for line in passport.edits],
        "more_edits": passport.more_edits,
    }


def _code(passport: Passport, names: _Names) -> str:
    place = passport.snapshot.code[:SHORT_CODE] if passport.snapshot else f"W{passport.version.pk}"
    months = (format_month(m) for m in (passport.months.start, passport.months.stop - 1))
    fields = (place, passport.measure.code, names.product_code or _ALL, names.org_code or _ALL, *months)
    return "/".join(quote(field, safe="") for field in fields)


def _why_undefined(passport: Passport) -> str:
    if passport.value is not None:
        return ""
    if not passport.measure.additive:
        return _("The measure does not add up over products and regions.")
    return _("Nothing is planned here.")


def _span(months: range) -> str:
    if len(months) == 1:
        return formats.month_long(months.start)
    return formats.month_range(months.start, months.stop - 1)


def _origin_json(origin: Origin) -> dict[str, Any]:
    """``Supply balance, run 12, 11 Nov 16:20``; without a job who wrote it, and how."""
    job = Job.objects.filter(pk=origin.job_id).first() if origin.job_id else None
    kind = find_kind(job.kind) if job else None
    if job is not None:
        what = _("%(title)s, run %(number)s") % {"title": kind.title if kind else job.kind, "number": job.pk}
    else:
        what = str(Source(origin.source).label) if origin.source in Source.values else _("first figures")
    words = [what, origin.by if job is None else "", formats.moment(origin.at)]
    return {
        "measure": origin.measure,
        "label": str(get_measure(origin.measure).label),
        "job": origin.job_id,
        "by": origin.by,
        "at": origin.at,
        "text": formats.listing(word for word in words if word),
    }


def _others_json(others: list[Part], writer: _Writer, scale: int) -> dict[str, Any] | None:
    if not others:
        return None
    total = sum(part.value for part in others)
    return {"count": len(others), "value": to_units(total, scale), "text": writer.figure(total)}


def _edit_json(line: LedgerLine, names: _Names, scale: int) -> dict[str, Any]:
    return {
        "measure": line.measure,
        "where": names.cell(line),
        "before": formats.quantity(line.before, scale),
        "after": formats.quantity(line.after, scale),
        "by": line.by,
        "at": line.at,
        "when": formats.moment(line.at),
        "why": line.comment or reason_label(line.reason),
    }


class _Writer:
    """Writes the figure and its parts in one unit."""

    def __init__(self, passport: Passport, company: Company) -> None:
        self._passport, self._company = passport, company
        self._is_money = passport.unit == Unit.MONEY
        self._is_large = self._is_money and abs(passport.value or 0) >= _LARGE_MONEY * 10**passport.scale
        if not self._is_money:
            self.unit = _("units")
        elif self._is_large:
            self.unit = formats.money_unit(company)
        else:
            self.unit = company.currency

    def figure(self, value: int | None) -> str:
        if self._is_large:
            return formats.money_cell(value, self._company)
        return formats.quantity(value, self._passport.scale) if not self._is_money else self._whole(value)

    def _whole(self, value: int | None) -> str:
        return formats.UNDEFINED if value is None else formats.number(value / 10**self._passport.scale)

    def detail(self, part: Part) -> str:
        """``78,770 × 186,000``: what a money figure is made from."""
        if not part.quantity:
            return ""
        scale = self._passport.quantity_scale
        each = part.value / 10**self._passport.scale / (part.quantity / 10**scale)
        return f"{formats.quantity(part.quantity, scale)} × {formats.number(each)}"


class _Names:
    """Labels of everything a passport speaks of, by two look-ups."""

    def __init__(self, passport: Passport, hierarchy: Hierarchy) -> None:
        product, org = passport.node
        self.product_code = None if product is None else hierarchy.products.code_of(int(product))
        self.org_code = None if org is None else hierarchy.orgs.code_of(int(org))
        parts = {side: {part.node for part in passport.parts if part.side == side} for side in ("product", "org")}
        products = parts["product"] | {line.product for line in passport.edits} | {int(product or 0)}
        orgs = parts["org"] | {line.org for line in passport.edits} | {int(org or 0)}
        self._products = {row.pk: row.label for row in Product.objects.filter(pk__in=products)}
        self._orgs = {row.pk: row.label for row in Org.objects.filter(pk__in=orgs)}
        self.product = _("all products") if product is None else self._products[int(product)]
        self.org = _("all regions") if org is None else self._orgs[int(org)]

    def part(self, part: Part) -> str:
        if part.side == "month":
            return formats.month(part.node)
        names = self._products if part.side == "product" else self._orgs
        return names.get(part.node, "")

    def cell(self, line: LedgerLine) -> str:
        names = (self._products.get(line.product, ""), self._orgs.get(line.org, ""), formats.month(line.month))
        return " · ".join(names)
