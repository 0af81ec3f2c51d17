"""What the plan endpoints share: reading a query, the plan's months, numbers in whole units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.models import User
from accounts.policies import POLICY
from core.api import ApiView
from core.errors import Denied, InvalidInput, Missing
from core.months import parse_month
from plans.measures import Measure, get_measure
from plans.models import Version
from plans.policies import can_see_measure
from plans.selectors import HeadRef, get_heads, load_block, load_measure_state
from plans.selectors.slices import NodeQuery, to_units

PAGE_NODES, MOST_NODES = 500, 2_000
EDIT_ACTIONS = ("consensus.override", "scenario.write", *(name for name in POLICY if name.startswith("stream.edit.")))
SLICE = [
    OpenApiParameter("measure", str, required=True, description="Codes, separated by commas."),
    OpenApiParameter("product", str, description="Code of any level; all products without it."),
    OpenApiParameter("org", str, description="Code of any level; all sales organisations without it."),
    OpenApiParameter("level", str, description="Levels below, e.g. `family` or `sku,dealer`; `leaf` for the lowest."),
    OpenApiParameter("from", str, description="First month, YYYY-MM."),
    OpenApiParameter("to", str, description="Last month, YYYY-MM."),
]
PAGING = [OpenApiParameter("cursor", int), OpenApiParameter("limit", int, description=f"Nodes a page, ≤ {MOST_NODES}.")]


class PlanView(ApiView):
    """Reads what the query asks for."""

    def measures(self) -> list[Measure]:
        """The asked measures. Raises ``Missing``, ``InvalidInput``, and ``Denied`` for a masked one."""
        codes = [code for code in self.request.query_params.get("measure", "").split(",") if code]
        if not codes:
            raise InvalidInput(_("Say which measure: ?measure=consensus"), details={"parameter": "measure"})
        measures = [get_measure(code) for code in codes]
        for measure in measures:
            if not can_see_measure(caller(self.request), measure):
                raise Denied(_("%(measure)s is not shown to your role.") % {"measure": measure.label})
        return measures

    def months(self, whole: range) -> range:
        """The asked months, by default the whole range."""
        given = {}
        for name in ("from", "to"):
            text = self.request.query_params.get(name)
            try:
                given[name] = parse_month(text) if text else None
            except ValueError as error:
                raise InvalidInput(str(error), details={"parameter": name}) from error
        first = whole.start if given["from"] is None else given["from"]
        last = whole.stop - 1 if given["to"] is None else given["to"]
        if not 0 <= last - first < 240:
            raise InvalidInput(_("“from” lies after “to”, or they are 20 years apart."), details={"parameter": "from"})
        return range(first, last + 1)

    def nodes(self) -> NodeQuery:
        query = self.request.query_params
        levels = tuple(name for name in query.get("level", "").split(",") if name)
        return NodeQuery(query.get("product") or None, query.get("org") or None, levels)

    def page(self) -> tuple[int, int]:
        numbers = {}
        for name, default in (("cursor", 0), ("limit", PAGE_NODES)):
            text = self.request.query_params.get(name, str(default))
            if not text.isdecimal() or len(text) > 9:
                raise InvalidInput(_("%(name)s must be a whole number.") % {"name": name}, details={"parameter": name})
            numbers[name] = int(text)
        return numbers["cursor"], max(1, min(numbers["limit"], MOST_NODES))

    def next_page(self, start: int, limit: int, total: int) -> str | None:
        if start + limit >= total:
            return None
        query: dict[str, Any] = {**self.request.query_params.dict(), "cursor": start + limit, "limit": limit}
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode(query)}")


def caller(request: Request) -> User:
    """Who is signed in; the permission class has let nobody else through."""
    if not isinstance(request.user, User):
        raise TypeError("an endpoint without a required action was reached by nobody")
    return request.user


def horizon_of(plan: Version, measures: list[Measure], heads: Mapping[str, HeadRef]) -> range:
    """The plan's own months; for the actuals those of their block."""
    if plan.cycle is not None:
        return range(plan.cycle.month, plan.cycle.month + plan.cycle.horizon)
    return load_measure_state(measures[0], heads).months


def scales_of(plan: Version, codes: Iterable[str]) -> dict[str, int]:
    """Measure → decimals its numbers are kept with in this plan; unknown measures are left to be refused."""
    known = {}
    for code in codes:
        try:
            written = get_measure(code).written
            known[code] = load_block(get_heads(version_id=plan.pk, measures=[written])[written].block_id).scale
        except Missing:
            known[code] = 0
    return known


def with_units(row: Mapping[str, Any], scale: int, names: tuple[str, ...]) -> dict[str, Any]:
    return {**row, **{name: None if row[name] is None else to_units(row[name], scale) for name in names}}
