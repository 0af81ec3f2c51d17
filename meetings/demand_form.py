"""The typed part of sales' material, filled in: demand as its stream stands, orders in hand, key customers (R-060)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core.errors import Conflict, InvalidInput, Missing
from core.formats import UNDEFINED, date, month_long, number
from core.months import format_month, parse_month
from core.numbers import parse_quantity
from cycles.models import Cycle
from demand.choices import OverrideReason, Stream
from demand.selectors.order_book import KeyCustomer, list_key_customers
from demand.selectors.place import Place
from demand.streams import get_stream
from masterdata.models import Org, Product
from masterdata.selectors import get_company
from plans.choices import SaveMode
from plans.hierarchy import Tree, load_hierarchy
from plans.measures import get_measure
from plans.reasons import reason_label
from plans.selectors import NodeTotals, get_working_version, load_nodes
from plans.services import EditRequest, Note, save_requests

DEMAND, WISHES = "sales_demand", "delivery_wishes"  # keys of the rows in the stored content
ANSWERED = ("demand", "orders", "customers")  # questions of the department's material that the form asks as figures
NEAR_MONTHS = 3
MOST_LINES, MOST_CUSTOMERS = 12, 8
Row = Mapping[str, str]


@dataclass(frozen=True)
class DemandCell:
    """One month of a line. ``base`` is what the stream reads, empty where it is silent; all quantities in units."""

    month: int
    base: str
    demand: str
    orders: str
    dealers: str

    @property
    def code(self) -> str:
        return format_month(self.month)

    @property
    def note(self) -> str:
        """Orders in hand, to compare with."""
        said = [_("%(units)s on order") % {"units": _number(self.orders)}]
        if Decimal(self.dealers):
            said.append(_("dealers %(units)s") % {"units": _number(self.dealers)})
        return " · ".join(said)


@dataclass(frozen=True)
class DemandLine:
    """A product node at an org node of the reader's own; an empty ``org`` is all of them."""

    product: str
    org: str
    label: str
    months: tuple[DemandCell, ...]


@dataclass(frozen=True)
class DemandForm:
    """What sales finds filled in."""

    lines: list[DemandLine]
    customers: list[tuple[KeyCustomer, str]]  # with the delivery wish written so far
    reason: str
    decimals: int

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Why a figure is changed; undo gives the last reason, nobody chooses it."""
        return [(code, str(label)) for code, label in OverrideReason.choices if code != OverrideReason.RESTORED]


def get_demand_form(
    user: User, cycle: Cycle, kept: Sequence[Row] = (), wishes: Sequence[Row] = ()
) -> DemandForm | None:
    """Near demand and key customers in the scope of a person of sales who may edit its stream.

    ``kept`` are the figures of a draft, ``wishes`` what was written beside the customers.
    """
    if user.department != Department.SALES or not can(user, get_stream(Stream.SALES).edit_action):
        return None
    place = Place(load_hierarchy(), get_scope(user), None, None)
    said = {row["customer"]: row["wish"] for row in wishes}
    customers = list_key_customers(place, months=_months(cycle), most=MOST_CUSTOMERS)
    return DemandForm(
        lines=_list_lines(cycle, place, kept),
        customers=[(row, said.get(row.customer, "")) for row in customers],
        reason=next((row["reason"] for row in kept if row.get("reason")), ""),
        decimals=get_company().quantity_decimals,
    )


def read_demand(user: User, cycle: Cycle, lists: Callable[[str], Sequence[str]]) -> dict[str, list[dict[str, str]]]:
    """Rows of a post by their key in the content; ``stated`` marks a figure that was changed.

    An empty figure says nothing. Raises ``InvalidInput`` for no figure or reason, ``Missing`` for an unknown line.
    """
    form = get_demand_form(user, cycle)
    if form is None:
        return {}
    reason = next(iter(lists("demand_reason")), "")
    if reason not in {"", *(code for code, _label in form.reasons)}:
        raise InvalidInput(_("There is no such reason."), code="invalid_reason")
    known = {(line.product, line.org, cell.code): cell for line in form.lines for cell in line.months}
    names = "demand_product", "demand_org", "demand_month", "demand_units", "demand_base"
    rows = []
    for product, org, month, text, seen in zip(*(lists(name) for name in names), strict=False):
        if not text.strip():
            continue
        if (product, org, month) not in known:
            raise Missing(_("There is no such line or month."))
        cell = known[product, org, month]
        units, was = (
            _plain(parse_quantity(said, decimals=form.decimals), form.decimals) if said else "" for said in (text, seen)
        )
        row = {"product": product, "org": org, "month": month, "demand": units, "was": was, "orders": cell.orders}
        is_stated = units not in (was, cell.base)  # handed in twice it stands already
        rows.append(row | ({"stated": "1", "reason": reason} if is_stated else {}))
    return {DEMAND: rows, WISHES: _read_wishes(form, lists)}


def _read_wishes(form: DemandForm, lists: Callable[[str], Sequence[str]]) -> list[dict[str, str]]:
    known = {row.customer: row for row, _wish in form.customers}
    rows = []
    for name, wish in zip(lists("customer"), lists("wish"), strict=False):
        if name not in known:
            raise Missing(_("“%(name)s” has no open order left. Load the page again.") % {"name": name})
        asked = {"quantity": str(known[name].quantity), "late": str(known[name].late)}
        rows.append({"customer": name, "due": known[name].due.isoformat(), "wish": wish.strip(), **asked})
    return rows


def record_demand(*, cycle: Cycle, rows: Sequence[Row], note: str, actor: User) -> None:
    """Changed figures become edits of the sales stream, split by current shares: all of them or none.

    Raises ``InvalidInput`` without a reason, ``Conflict`` when a figure is another one than the page showed.
    """
    stated = [row for row in rows if row.get("stated")]
    if not stated:
        return
    if not all(row["reason"] for row in stated):
        raise InvalidInput(_("Choose the reason why the demand is another one now."), code="reason_required")
    decimals = get_company().quantity_decimals
    requests = [
        EditRequest(
            Stream.SALES,
            row["product"],
            row["org"] or None,
            parse_month(row["month"]),
            after=parse_quantity(row["demand"], decimals=decimals),
            base=parse_quantity(row["was"], decimals=decimals) if row["was"] else None,
            note=Note(row["reason"], comment=note),
        )
        for row in stated
    ]
    try:
        save_requests(
            version_id=get_working_version(cycle).pk, requests=requests, actor=actor, mode=SaveMode.ALL_OR_NOTHING
        )
    except Conflict as error:
        raise Conflict(
            _("A figure of the sales forecast changed meanwhile or is locked; nothing was handed in. Load the page."),
            details=error.details,
        ) from error


def say_demand(rows: Sequence[Row]) -> str:
    """Demand rows in the reader's language, for the meeting's table."""
    return "; ".join(_say(row) for row in rows)


def say_wishes(rows: Sequence[Row]) -> str:
    """Key customers, what they wait for and wish, likewise."""
    said = []
    for row in rows:
        due, late = date(dt.date.fromisoformat(row["due"])), Decimal(row["late"])
        parts = [_("%(units)s by %(day)s") % {"units": _number(row["quantity"]), "day": due}]
        if late:
            parts.append(_("%(units)s late") % {"units": _number(row["late"])})
        said.append(f"{row['customer']}: {' · '.join(filter(None, [*parts, row['wish']]))}")
    return "; ".join(said)


def say_streams(streams: Mapping[str, Mapping[str, float]]) -> str:
    """What a department handed in on the demand page: its streams by month."""
    return "; ".join(
        f"{get_measure(code).label}: "
        + " · ".join(f"{month_long(parse_month(month))} {_number(str(units))}" for month, units in months.items())
        for code, months in streams.items()
    )


def _say(row: Row) -> str:
    place = " · ".join(filter(None, (row["product"], row["org"])))
    facts = {"place": place, "month": month_long(parse_month(row["month"])), "units": _number(row["demand"])}
    parts = [_("%(place)s, %(month)s: %(units)s") % facts]
    if row.get("stated"):
        parts.append(_("before %(units)s") % {"units": _number(row["was"]) if row["was"] else UNDEFINED})
        parts.append(reason_label(row["reason"]))
    if Decimal(row["orders"]):
        parts.append(_("%(units)s on order") % {"units": _number(row["orders"])})
    return " · ".join(filter(None, parts))


def _list_lines(cycle: Cycle, place: Place, kept: Sequence[Row]) -> list[DemandLine]:
    """One line a product group and own region, the largest where there are too many to ask for."""
    products, orgs = place.hierarchy.products, place.hierarchy.orgs
    regions: list[int | None] = [None] if place.scope.orgs is None else [*_tops(orgs, place.scope.orgs)]
    nodes = [(product, region) for product in _groups(products, place.scope.products) for region in regions]
    totals = load_nodes(
        version_id=get_working_version(cycle).pk,
        measures=(Stream.SALES, Stream.ORDERS, Stream.CHANNEL),
        nodes=nodes,
        months=_months(cycle),
        scope=place.scope,
        hierarchy=place.hierarchy,
    )
    names = {row.pk: row.label for row in Product.objects.filter(pk__in=[product for product, _org in nodes])}
    places = (
        {row.pk: row.label for row in Org.objects.filter(pk__in=[org for org in regions if org])}
        if len(regions) > 1
        else {}
    )
    said = {(row["product"], row["org"], row["month"]): row["demand"] for row in kept}
    largest = np.argsort(-totals[Stream.SALES].values.sum(axis=1), kind="stable")[:MOST_LINES]
    lines = []
    for at in sorted(largest.tolist()):
        product, region = nodes[at]
        code, org = products.code_of(product), "" if region is None else orgs.code_of(region)
        cells = []
        for column, month in enumerate(_months(cycle)):
            base, ordered, dealers = (_text(totals[name], at, column) for name in totals)
            demand = said.get((code, org, format_month(month)), base)
            cells.append(DemandCell(month, base, demand, ordered or "0", dealers or "0"))
        label = " · ".join(filter(None, (names[product], places.get(region or 0))))
        lines.append(DemandLine(code, org, label, tuple(cells)))
    return lines


def _groups(tree: Tree, nodes: frozenset[str] | None) -> list[int]:
    """Families, or the products of a reader who has only one: the first level below a single top."""
    found = _tops(tree, nodes)
    while len(found) == 1 and len(below := tree.children_of(found[0])):
        found = below.tolist()
    return found


def _tops(tree: Tree, nodes: frozenset[str] | None) -> list[int]:
    """The highest nodes of a scope, none under another: each figure is asked for once."""
    if nodes is None:
        return [int(node) for node in tree.children_of(None)]
    known = [code for code in sorted(nodes) if code in tree.codes]
    inside = [code for code in known if not tree.is_under([c for c in known if c != code])[tree.position_of(code)]]
    return [node for code in inside if (node := tree.id_of(code)) is not None]


def _text(totals: NodeTotals, row: int, column: int) -> str:
    return _plain(int(totals.values[row, column]), totals.scale) if totals.present[row, column] else ""


def _plain(units: int, decimals: int) -> str:
    """A quantity for a field: no needless decimals."""
    return f"{Decimal(units).scaleb(-decimals).normalize():f}"


def _number(text: str) -> str:
    return number(Decimal(text), get_company().quantity_decimals)


def _months(cycle: Cycle) -> range:
    return range(cycle.month, cycle.month + min(NEAR_MONTHS, cycle.horizon))
