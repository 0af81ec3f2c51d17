"""REST of the demand room: one place of the workbench, its tree, split preview, remarks, forecast and proposal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_actor, get_scope
from core.api import idempotent
from core.errors import Missing
from core.months import format_month
from demand.advice import build_advice
from demand.api_base import PLACE, DemandView, checked, find_org, find_product
from demand.choices import NoteKind
from demand.models import Assumption, CellComment, OutlierDecision
from demand.opening import build_workbench, default_focus, open_desk
from demand.selectors.assumptions import get_assumption, list_visible_assumptions
from demand.selectors.marks import list_notes
from demand.selectors.place import find_place
from demand.selectors.tree import load_branch, load_tree
from demand.serializers import (
    AdviceSerializer,
    AssessmentSerializer,
    CommentSerializer,
    LockSerializer,
    NewAssumptionSerializer,
    NodeForecastSerializer,
    OutlierSerializer,
    PreviewSerializer,
)
from demand.services import (
    Trial,
    TriedActivity,
    add_assumption,
    add_comment,
    assess_assumption,
    build_proposal,
    decide_outlier,
    enqueue_assumption_check,
    enqueue_forecast,
    forecast_node,
    lock_place,
    preview_split,
    withdraw_outlier,
)

UNIT = OpenApiParameter("unit", OpenApiTypes.STR, enum=["units", "revenue"], description="Units without it.")


class WorkbenchView(DemandView):
    """A place of the demand plan: streams by month, bands, marks, chart and panels."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=[*PLACE, UNIT], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        in_money = request.query_params.get("unit") == "revenue"
        desk = open_desk(
            user=get_actor(request), cycle=self.cycle(), **self.nodes(), in_money=in_money, version=self.version()
        )
        return Response(build_workbench(desk))


class TreeView(DemandView):
    """The product or region tree with the consensus of one month; ``under`` asks for the children of a node."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=[*PLACE, OpenApiParameter("side"), OpenApiParameter("month"), OpenApiParameter("under")],
                   responses=OpenApiTypes.OBJECT)  # fmt: skip
    def get(self, request: Request) -> Response:
        cycle, query = self.cycle(), request.query_params
        month = default_focus(cycle, self.month("month"))
        seen: dict[str, Any] = {
            "cycle": cycle,
            "version_id": self.version().pk,
            "place": find_place(scope=get_scope(get_actor(request)), **self.nodes()),
            "side": "org" if query.get("side") == "org" else "product",
            "month": month,
        }
        nodes = load_branch(**seen, under=query["under"]) if query.get("under") else load_tree(**seen)
        return Response({"month": format_month(month), "nodes": [asdict(node) for node in nodes]})


class PreviewView(DemandView):
    """How a total would be split over the next level down; nothing is written."""

    required_actions = {"POST": "plan.read"}

    @extend_schema(request=PreviewSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        wanted = checked(PreviewSerializer, request)
        return Response(preview_split(version=self.version(), actor=get_actor(request), **wanted))


class CommentView(DemandView):
    """Remarks at cells."""

    required_actions = {"GET": "plan.read", "POST": "plan.read"}

    @extend_schema(
        parameters=[*PLACE, OpenApiParameter("kind", str, enum=NoteKind.values)], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        place = find_place(scope=get_scope(get_actor(request)), **self.nodes())
        notes = list_notes(cycle=self.cycle(), place=place, kind=request.query_params.get("kind", ""))
        return Response({"results": [_note(note) for note in notes]})

    @extend_schema(request=CommentSerializer, responses={201: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        wanted = checked(CommentSerializer, request)
        comment = add_comment(
            version=self.version(),
            measure=wanted["measure"],
            product=find_product(wanted["product"]),
            org=find_org(wanted["org"]),
            month=wanted["month"],
            text=wanted["text"],
            kind=wanted["kind"],
            actor=get_actor(request),
        )
        return Response({"id": comment.pk, "text": comment.text}, status=status.HTTP_201_CREATED)


class AdviceView(DemandView):
    """What to think of before setting figures: the band, the noise, one's own record. Nothing is written."""

    required_actions = {"POST": "plan.read"}

    @extend_schema(request=AdviceSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        wanted = checked(AdviceSerializer, request)
        desk = open_desk(
            user=get_actor(request),
            cycle=self.cycle(),
            product=wanted["product"],
            org=wanted["org"],
            version=self.version(),
        )
        return Response(build_advice(desk, wanted["cells"]))


class LockView(DemandView):
    """Lock or unlock cells of any level: their leaves keep their values in edits and spreads."""

    required_actions = {"POST": ("consensus.override", "stream.edit.sales", "stream.edit.marketing")}

    @extend_schema(request=LockSerializer, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request) -> Response:
        wanted = checked(LockSerializer, request)
        changed = lock_place(version=self.version(), actor=get_actor(request), **wanted)
        return Response({"changed": changed})


class ForecastView(DemandView):
    """Start the statistical forecast of the cycle as a job."""

    required_actions = {"POST": "forecast.run"}
    throttle_scope = "jobs"

    @extend_schema(request=None, responses={202: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        job = enqueue_forecast(cycle=self.cycle(), actor=get_actor(request))
        return Response({"id": job.pk, "state": job.state}, status=status.HTTP_202_ACCEPTED)


class NodeForecastView(DemandView):
    """Forecast one place's total again: months left out or corrected, activities tried. Stores nothing."""

    required_actions = {"POST": "plan.read"}
    throttle_scope = "trials"

    @extend_schema(request=NodeForecastSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        wanted = checked(NodeForecastSerializer, request)
        place = find_place(scope=get_scope(get_actor(request)), product=wanted["product"], org=wanted["org"])
        activities = [TriedActivity(**said) for said in wanted["activities"]]
        trial = Trial(
            ignore_months=wanted["ignore_months"],
            corrections={said["month"]: said["value"] for said in wanted["corrections"]},
            activities=activities,
            start_month=wanted["start_month"],
        )
        node = forecast_node(cycle=self.cycle(), place=place, trial=trial)
        return Response(asdict(node))


class ProposalView(DemandView):
    """Make the consensus proposal again from the declared rule; overrides stay on top."""

    required_actions = {"POST": "consensus.override"}

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request) -> Response:
        return Response(build_proposal(cycle=self.cycle(), actor=get_actor(request)))


class OutlierView(DemandView):
    """A person's word on an odd month of history."""

    required_actions = {"POST": "forecast.run", "DELETE": "forecast.run"}
    throttle_scope = "jobs"

    @extend_schema(request=OutlierSerializer, responses={201: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        wanted = checked(OutlierSerializer, request)
        place = {"product": find_product(wanted["product"]), "org": find_org(wanted["org"])}
        decision = decide_outlier(**wanted | place, actor=get_actor(request))
        return Response({"id": decision.pk, "verdict": decision.verdict}, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[*PLACE[:2], OpenApiParameter("month")], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Take the word on ``?product&org&month`` back."""
        named = {f"{side}__code": code or "" for side, code in self.nodes().items()}
        month = self.month("month")
        found = OutlierDecision.objects.select_related("product", "org").filter(**named)
        if month is None or (decision := found.filter(month=month).first()) is None:
            raise Missing(_("Nobody has decided on this month."))
        withdraw_outlier(decision=decision, actor=get_actor(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AssumptionListView(DemandView):
    """What this cycle's forecast rests on."""

    required_actions = {"GET": "plan.read", "POST": "decision.propose"}

    @extend_schema(parameters=PLACE[2:], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        place = find_place(scope=get_scope(get_actor(request)), product=None, org=None)
        rows = list_visible_assumptions(cycle=self.cycle(), place=place)
        return Response({"results": [_assumption(row) for row in rows]})

    @extend_schema(request=NewAssumptionSerializer, responses={201: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        wanted = checked(NewAssumptionSerializer, request)
        sides = {
            "product": wanted["product"] and find_product(wanted["product"]),
            "org": wanted["org"] and find_org(wanted["org"]),
        }
        row = add_assumption(cycle=self.cycle(), actor=get_actor(request), **wanted | sides)
        return Response(_assumption(row), status=status.HTTP_201_CREATED)


class AssumptionView(DemandView):
    """Whether one assumption still holds."""

    required_actions = {"POST": "decision.propose"}

    @extend_schema(request=AssessmentSerializer, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, assumption_id: int) -> Response:
        place = find_place(scope=get_scope(get_actor(request)), product=None, org=None)
        row = get_assumption(assumption_id=assumption_id, place=place)
        wanted = checked(AssessmentSerializer, request)
        return Response(_assumption(assess_assumption(assumption=row, actor=get_actor(request), **wanted)))


def _note(row: CellComment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "measure": row.measure,
        "product": row.product.code,
        "org": row.org.code,
        "month": format_month(row.month),
        "text": row.text,
        "author": str(row.author),
        "at": row.at,
    }


class AssumptionCheckView(DemandView):
    """Hold the assumptions against the closed month's sales, as a job."""

    required_actions = {"POST": "decision.propose"}

    @extend_schema(request=None, responses={202: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        job = enqueue_assumption_check(cycle=self.cycle(), actor=get_actor(request))
        return Response({"id": job.pk, "state": job.state}, status=status.HTTP_202_ACCEPTED)


def _assumption(row: Assumption) -> dict[str, Any]:
    return {
        "id": row.pk,
        "text": row.text,
        "evidence": row.evidence,
        "state": row.state,
        "product": row.product.code if row.product else None,
        "org": row.org.code if row.org else None,
        "impact_quantity": row.impact_quantity,
        "owner": str(row.owner) if row.owner else None,
        "reviewed_at": row.reviewed_at,
        "note": row.review_note,
        "trigger": row.trigger or None,
        "trigger_value": row.trigger_value,
        "trigger_months": row.trigger_months,
        "trigger_misses": row.trigger_misses,
        "trigger_is_sum": row.trigger_is_sum,
        "until": format_month(row.until) if row.until is not None else None,
        "measured": row.measured,
        "readings": [
            {"month": format_month(int(month)), "sold": sold, "forecast": forecast}
            for month, sold, forecast in row.readings
        ],
        "checked_month": format_month(row.checked_month) if row.checked_month is not None else None,
    }
