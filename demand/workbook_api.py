"""REST of the Excel round trip: a place as a workbook, and what a returned one would change."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_actor, get_scope
from core.errors import InvalidInput
from core.formats import month
from demand.api_base import PLACE, DemandView
from demand.board import Desk
from demand.opening import open_desk
from demand.selectors.place import Place, find_place
from demand.workbook import build_workbook_file, list_places
from demand.workbook_reading import RejectedCell, Returned, ReturnedCell, read_workbook
from masterdata.reports import download
from plans.measures import get_measure

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class WorkbookFileView(DemandView):
    """GET exports; POST compares a returned file with the plan and writes nothing."""

    required_actions = {"GET": "plan.read", "POST": "plan.read"}
    throttle_scope = "imports"
    parser_classes = [MultiPartParser]

    @extend_schema(
        parameters=[*PLACE, OpenApiParameter("below", str, enum=["product", "org"])],
        responses={(200, _XLSX): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponse:
        cycle, user = self.cycle(), get_actor(request)
        place = find_place(scope=get_scope(user), **self.nodes())
        below = request.query_params.get("below", "")
        desks = [self._desk(request, inner) for inner in list_places(place, below)]
        product, org = desks[0].codes()
        return download(build_workbook_file(desks), f"plan_{cycle}_{product or 'all'}_{org or 'all'}.xlsx", _XLSX)

    def _desk(self, request: Request, place: Place) -> Desk:
        trees = place.hierarchy
        product = None if place.product is None else trees.products.code_of(place.product)
        org = None if place.org is None else trees.orgs.code_of(place.org)
        return open_desk(user=get_actor(request), cycle=self.cycle(), product=product, org=org, version=self.version())

    @extend_schema(
        request={
            "multipart/form-data": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
        responses=OpenApiTypes.OBJECT,
    )
    def post(self, request: Request) -> Response:
        upload = request.FILES.get("file")
        if upload is None:
            raise InvalidInput(_("Choose the workbook to bring back."), code="no_file")
        return Response(_answer(read_workbook(upload=upload, actor=get_actor(request))))


def _answer(returned: Returned) -> dict[str, Any]:
    about = returned.about
    return {
        "cycle": str(returned.cycle),
        "version": returned.version_id,
        "place": about.get("place", ""),
        "exported_by": about.get("exported_by", ""),
        "exported_at": about.get("exported_at", ""),
        "unchanged": returned.unchanged,
        "agreed": returned.agreed,
        "cells": [_cell(cell) for cell in returned.cells],
        "rejected": [_rejected(cell) for cell in returned.rejected],
    }


def _cell(cell: ReturnedCell) -> dict[str, Any]:
    measure, product, org = cell.key
    return {
        "measure": measure,
        "product": product or None,
        "org": org or None,
        "month": cell.month,
        "label": " · ".join((cell.words[0], cell.words[1], cell.words[2], month(cell.month))),
        "base": cell.base,
        "theirs": cell.theirs,
        "mine": cell.mine,
        "state": cell.state,
        "by": cell.last.by if cell.last else "",
        "at": cell.last.at if cell.last else "",
        "needs_reason": get_measure(measure).needs_reason,
    }


def _rejected(cell: RejectedCell) -> dict[str, Any]:
    return {
        "line": cell.line,
        "label": " · ".join(word for word in (*cell.words[:3], cell.month) if word),
        "content": cell.content,
        "reason": cell.reason,
    }
