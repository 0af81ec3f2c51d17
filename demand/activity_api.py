"""REST of activities and launches: the register, by hand, and a launch tried out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.policies import can
from accounts.selectors import get_actor, get_scope
from core.api import idempotent, require_match
from core.errors import unknown
from demand.api_base import PLACE, DemandView, checked, find_org, find_product
from demand.launch_register import build_launches
from demand.launching import propose, try_launch
from demand.models import Launch
from demand.register import event_json, event_tag, terms_json
from demand.selectors.activities import get_event, load_activities
from demand.selectors.launches import list_launches
from demand.selectors.place import find_place
from demand.serializers import EventSerializer, LaunchPreviewSerializer, LaunchSerializer
from demand.services import EventTerms, add_event, change_event, plan_launch, withdraw_event, withdraw_launch
from plans.hierarchy import load_hierarchy

PRODUCT = OpenApiParameter(
    "product", OpenApiTypes.STR, required=True, description="Code of the product that is launched."
)


class EventListView(DemandView):
    """Activities that move demand, with their effect in the plan and what the forecast made of them."""

    required_actions = {"GET": "plan.read", "POST": "activity.edit"}

    @extend_schema(parameters=PLACE[2:], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        actor = get_actor(request)
        activities = load_activities(cycle=self.cycle(), scope=get_scope(actor), may_edit=can(actor, "activity.edit"))
        return Response({"results": [event_json(activity) for activity in activities]})

    @extend_schema(request=EventSerializer, responses={201: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        wanted = checked(EventSerializer, request)
        event = add_event(terms=_terms(wanted), code=wanted["code"], actor=get_actor(request))
        return Response(terms_json(event), status=status.HTTP_201_CREATED, headers={"ETag": event_tag(event)})


class EventView(DemandView):
    """One activity; a change names the tag it was read with."""

    required_actions = {"GET": "plan.read", "PUT": "activity.edit", "DELETE": "activity.edit"}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, event: str) -> Response:
        found = get_event(code=event, scope=get_scope(get_actor(request)))
        return Response(terms_json(found), headers={"ETag": event_tag(found)})

    @extend_schema(request=EventSerializer, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, event: str) -> Response:
        actor = get_actor(request)
        found = get_event(code=event, scope=get_scope(actor))
        require_match(request, event_tag(found))
        wanted = checked(EventSerializer, request)
        changed = change_event(event=found, terms=_terms(wanted), seen=found.revision, actor=actor)
        return Response(terms_json(changed), headers={"ETag": event_tag(changed)})

    @extend_schema(responses={204: None})
    def delete(self, request: Request, event: str) -> Response:
        actor = get_actor(request)
        found = get_event(code=event, scope=get_scope(actor))
        require_match(request, event_tag(found))
        withdraw_event(event=found, seen=found.revision, actor=actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LaunchListView(DemandView):
    """New products, with the launches they follow where somebody has planned them."""

    required_actions = {"GET": "plan.read", "POST": "activity.edit", "DELETE": "activity.edit"}

    @extend_schema(parameters=PLACE[2:], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        rows = build_launches(get_actor(request), self.cycle())
        return Response({"results": [asdict(row) for row in rows]})

    @extend_schema(request=LaunchSerializer, responses={201: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        wanted = checked(LaunchSerializer, request)
        places = {"product": find_product(wanted["product"]), "org": wanted["org"] and find_org(wanted["org"])}
        launch = plan_launch(**wanted | places, actor=get_actor(request))
        return Response(_launch(launch), status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[PRODUCT], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Withdraw the plan of ``?product=``."""
        actor, code = get_actor(request), request.query_params.get("product", "")
        found = [row for row in list_launches(get_scope(actor), load_hierarchy()) if row.product.code == code]
        if not found:
            raise unknown("launch", code)
        withdraw_launch(launch=found[0], actor=actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AnalogueView(DemandView):
    """Earlier launches that a product may follow, the nearest first."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=[PRODUCT, *PLACE[1:]], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        place = find_place(scope=get_scope(get_actor(request)), **self.nodes())
        found = propose(cycle=self.cycle(), place=place)
        return Response({"results": [asdict(analogue) for analogue in found]})


class LaunchPreviewView(DemandView):
    """A launch as the chosen analogues would have it. Nothing is stored."""

    required_actions = {"POST": "plan.read"}

    @extend_schema(request=LaunchPreviewSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        wanted = checked(LaunchPreviewSerializer, request)
        place = find_place(scope=get_scope(get_actor(request)), product=wanted.pop("product"), org=wanted.pop("org"))
        return Response(asdict(try_launch(cycle=self.cycle(), place=place, **wanted)))


def _terms(wanted: dict[str, Any]) -> EventTerms:
    said = {name: value for name, value in wanted.items() if name != "code"}
    return EventTerms(
        **said
        | {
            "product": find_product(wanted["product"]) if wanted["product"] else None,
            "org": find_org(wanted["org"]) if wanted["org"] else None,
        }
    )


def _launch(launch: Launch) -> dict[str, Any]:
    return {
        "product": launch.product.code,
        "org": launch.org.code if launch.org else None,
        "analogues": launch.analogues,
        "scale": launch.scale,
        "first_month": launch.first_month,
        "note": launch.note,
    }
