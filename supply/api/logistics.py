"""REST for logistics and the shop floor: the shipping plan with the orders it serves, a release for scheduling."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_actor
from core.api import ApiView, etag_of, is_not_modified, not_modified
from core.months import format_month
from masterdata.models import Org, Product, Site
from plans.selectors.slices import month_names, to_units
from supply import logistics_serializers as shapes
from supply.api.planning import PLAN, PlanningView
from supply.aps import list_tables, zip_tables
from supply.boards.shipping import load_figures
from supply.selectors.order_shipments import ServedOrder
from supply.selectors.releases import get_release
from supply.selectors.shipping import LanePlan, SiteSpace


class ShippingView(PlanningView):
    """What leaves each site by lane and month, the space it takes, and the open orders it serves."""

    @extend_schema(parameters=[PLAN], responses=shapes.ShippingSerializer)
    def get(self, request: Request) -> Response:
        found = load_figures(self.version, self.actor)
        plan, match = found.plan, found.match
        scale, codes = plan.scale, _Codes()
        body = {
            "version": self.version.pk,
            "months": month_names(plan.months),
            "are_shipments_kept": plan.moves.are_kept,
            "lanes": [_lane(lane, scale) for lane in plan.lanes],
            "space": [_space(space, scale) for space in plan.space],
            "orders": [codes.order(order, scale) for order in match.orders],
            "ordered": to_units(match.ordered, scale),
            "on_time": to_units(match.on_time, scale),
            "without_order": to_units(match.beyond, scale),
        }
        return Response(body)


class ReleaseApsView(ApiView):
    """A release for a scheduling system: a ZIP of CSV tables, as ``manage.py export_aps`` writes them."""

    required_actions = {"GET": "release.read"}

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, number: int) -> HttpResponseBase:
        release = get_release(number)
        archive = zip_tables(list_tables(release, get_actor(request)))
        etag = etag_of(release.number, archive)
        if is_not_modified(request, etag):
            return not_modified(etag)
        response = HttpResponse(archive, content_type="application/zip", headers={"ETag": etag})
        response["Content-Disposition"] = f'attachment; filename="release-{release.number}-aps.zip"'
        return response


class _Codes:
    """External codes by id."""

    def __init__(self) -> None:
        self.products, self.orgs, self.sites = (
            dict(model.objects.values_list("pk", "code")) for model in (Product, Org, Site)
        )

    def order(self, order: ServedOrder, scale: int) -> dict[str, Any]:
        line = order.line
        return {
            "order": line.order,
            "line": line.line,
            "customer": line.customer,
            "product": self.products[line.product],
            "org": self.orgs[line.org],
            "due": line.due,
            "quantity": to_units(line.net, scale),
            "on_time": to_units(order.on_time, scale),
            "open": to_units(order.open, scale),
            "deliveries": [
                {
                    "site": self.sites.get(part.site, ""),
                    "units": to_units(part.units, scale),
                    "leaves": format_month(part.leaves),
                    "arrives": format_month(part.arrives),
                    "origin": part.source,
                    "came": format_month(part.came),
                }
                for part in order.deliveries
            ],
        }


def _lane(lane: LanePlan, scale: int) -> dict[str, Any]:
    load = lane.terms.units_per_load
    return {
        "site": lane.site,
        "to": lane.target,
        "to_kind": "site" if lane.is_transfer else "org",
        "transit_days": lane.terms.transit_days,
        "transport_mode": lane.terms.mode,
        "units_per_load": None if load is None else to_units(load, scale),
        "leaves": [to_units(value, scale) for value in lane.left],
        "arrives": [to_units(value, scale) for value in lane.arrived],
        "loads": lane.loads,
    }


def _space(space: SiteSpace, scale: int) -> dict[str, Any]:
    by_month = {"inbound": space.inbound, "outbound": space.outbound, "used": space.used, "kept": space.kept}
    return {
        "site": space.code,
        "room": None if space.room is None else to_units(space.room, scale),
        "opening": to_units(space.opening, scale),
        **{name: [to_units(value, scale) for value in values] for name, values in by_month.items()},
    }
