"""REST of suppliers: what is shared with them, their answers, and taking an answer into the plan."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_actor
from core.api import ApiView, IdPagination, idempotent, page_of
from core.db import write_transaction
from core.errors import InvalidInput
from supply import supplier_serializers as shapes
from supply.selectors.supplier_plan import get_supplier_plan, list_answers
from supply.services.accepting import accept_answer, try_answer
from supply.services.answers import CellWord, DateWord, answer_cells, promise_purchases

SUPPLIER = OpenApiParameter("supplier", str, description="Code of one supplier inside the caller's scope.")
_READERS = ("material.edit", "plan.read")


class SupplierPlanView(ApiView):
    """Purchases the latest release asks of suppliers, by material and month, with answers and orders on their way.

    A supplier sees its own materials only. 404 `nothing_shared` before the first release.
    """

    required_actions = {"GET": _READERS}

    @extend_schema(parameters=[SUPPLIER], responses=shapes.SupplierPlanSerializer)
    def get(self, request: Request) -> Response:
        plan = get_supplier_plan(user=get_actor(request), supplier=request.query_params.get("supplier", ""))
        return Response(shapes.SupplierPlanSerializer(shapes.plan_as_json(plan)).data)


class SupplierAnswersView(ApiView):
    """Answers in the order they were given; of one material and month the last one counts."""

    required_actions = {"GET": _READERS, "POST": "material.edit"}

    @extend_schema(parameters=[SUPPLIER], responses=page_of(shapes.SupplierAnswerSerializer))
    def get(self, request: Request) -> Response:
        """Every answer inside the caller's scope, also those that were replaced."""
        pages = IdPagination()
        rows = list_answers(get_actor(request), supplier=request.query_params.get("supplier", ""))
        found = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(shapes.SupplierAnswerSerializer(found, many=True).data)

    @extend_schema(request=shapes.NewAnswersSerializer, responses={201: shapes.GivenSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Answer months of a release and give purchases new dates: all of it or nothing."""
        form = shapes.NewAnswersSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given, actor = form.validated_data, get_actor(request)
        if not given["answers"] and not given["promises"]:
            raise InvalidInput(_("Send at least one answer or one new date."), code="no_answers")
        if given["answers"] and "release" not in given:
            raise InvalidInput(_("Say which release is answered."), details={"field": "release"})
        with write_transaction():
            words = [CellWord(**word) for word in given["answers"]]
            answers = answer_cells(release=given["release"], words=words, actor=actor) if words else []
            promises = promise_purchases(words=[DateWord(**word) for word in given["promises"]], actor=actor)
        body = shapes.GivenSerializer({"answers": answers, "promises": promises}).data
        return Response(body, status=status.HTTP_201_CREATED)


class AcceptAnswerView(ApiView):
    """Take an answer into the plan as the supplier's limit, or into a scenario."""

    required_actions = {"POST": "supplier.accept"}

    @extend_schema(request=shapes.AcceptSerializer, responses={201: shapes.AcceptedSerializer})
    @idempotent
    def post(self, request: Request, answer: int) -> Response:
        form = shapes.AcceptSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted, actor = form.validated_data["scenario"], get_actor(request)
        body: dict[str, Any]
        if not wanted:
            taken = accept_answer(answer_id=answer, actor=actor)
            body = {"limit": taken.limit, "before": taken.before, "scenario": None, "job": None}
        else:
            scenario, job, limit = try_answer(answer_id=answer, actor=actor, scenario_id=read_scenario(wanted))
            body = {"limit": limit, "before": None, "scenario": scenario.pk, "job": job.pk}
        return Response(shapes.AcceptedSerializer(body).data, status=status.HTTP_201_CREATED)


def read_scenario(text: str) -> int | None:
    """The id of a scenario; None for a new one. Raises ``InvalidInput``."""
    if text == "new":
        return None
    if not text.isdecimal() or len(text) > 15:
        raise InvalidInput(_("Name a scenario by its id, or “new”."), details={"field": "scenario"})
    return int(text)
