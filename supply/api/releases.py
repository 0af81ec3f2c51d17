"""REST for the ERP: the approved consensus plan, releases with their lines, deltas and acknowledgements.

Only approved plans appear here; a draft never does. Documents are immutable, so their hash is the entity tag. A release
whose plan was reopened stays as it was published and says that it is invalid.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_actor, get_scope
from core.api import ApiView, IdPagination, etag_of, idempotent, is_not_modified, not_modified
from core.errors import InvalidInput
from core.spreadsheets import safe_cell
from supply import serializers
from supply.documents import ReleaseLine
from supply.models import Release
from supply.selectors.releases import (
    get_approved_plan,
    get_release,
    list_consensus_lines,
    list_delta,
    list_releases,
    list_visible_lines,
)
from supply.services.releases import acknowledge_release

_PAGE, _MOST = 1000, 5000
_FORMATS = {"json": "application/json", "csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
_CURSOR = [
    OpenApiParameter("cursor", int, description="Position of the first line, from the last page's `next`."),
    OpenApiParameter("limit", int, description=f"Lines a page, {_PAGE} by default, {_MOST} at most."),
]


class ConsensusPlanView(ApiView):
    """The latest approved consensus plan: unconstrained and constrained demand by product, org and month."""

    required_actions = {"GET": "release.read"}

    @extend_schema(parameters=_CURSOR, responses=serializers.ConsensusPlanSerializer)
    def get(self, request: Request) -> Response:
        plan = get_approved_plan()
        start, limit = _page(request)
        scope = get_scope(get_actor(request))
        etag = etag_of(plan.version.snapshot_code, plan.release and plan.release.number, scope, start, limit)
        if is_not_modified(request, etag):
            return not_modified(etag)
        lines, more = list_consensus_lines(plan, user=get_actor(request), start=start, limit=limit)
        body = {
            "snapshot": plan.version.snapshot_code,
            "release": plan.release.number if plan.release else None,
            "cycle": str(plan.cycle),
            "approved_at": plan.cycle.approved_at,
            "approved_by": str(plan.cycle.approved_by),
            "lines": lines,
            "next": _next(request, start, limit) if more else None,
        }
        return Response(body, headers={"ETag": etag})


class ReleaseListView(ApiView):
    """Every release, in order of publication."""

    required_actions = {"GET": "release.read"}

    @extend_schema(responses=serializers.ReleaseSerializer(many=True))
    def get(self, request: Request) -> Response:
        pages = IdPagination()
        rows = pages.paginate_queryset(list_releases().select_related("document"), request, view=self)
        return pages.get_paginated_response(serializers.ReleaseSerializer(rows, many=True).data)


class ReleaseView(ApiView):
    """One release, by number or the latest."""

    required_actions = {"GET": "release.read"}

    @extend_schema(responses=serializers.ReleaseSerializer)
    def get(self, request: Request, number: int | None = None) -> Response:
        release = get_release(number)
        body = serializers.ReleaseSerializer(release).data
        etag = etag_of(release.document_id, release.number, release.state, body["invalid"])
        if is_not_modified(request, etag):
            return not_modified(etag)
        return Response(body, headers={"ETag": etag})


class ReleaseLinesView(ApiView):
    """The immutable lines of a release, as JSON pages or all at once: ``?format=csv`` or one JSON object a line.

    A line keeps its number for a reader who sees some products only.
    """

    required_actions = {"GET": "release.read"}

    @extend_schema(
        parameters=[*_CURSOR, OpenApiParameter("format", str, enum=list(_FORMATS))],
        responses=serializers.ReleaseLinesSerializer,
    )
    def get(self, request: Request, number: int | None = None) -> HttpResponseBase:
        release, user = get_release(number), get_actor(request)
        start, limit = _page(request)
        wanted = request.query_params.get("format", "json")
        if wanted not in _FORMATS:
            raise InvalidInput(
                _("Lines come as %(known)s.") % {"known": ", ".join(_FORMATS)}, details={"field": "format"}
            )
        etag = etag_of(release.document_id, release.number, get_scope(user), wanted, start, limit)
        if is_not_modified(request, etag):
            return not_modified(etag)
        lines = list_visible_lines(release, user)
        if wanted != "json":
            return _file(release, lines, wanted, etag)
        page = [line.as_json(position) for position, line in lines[start : start + limit]]
        body = {
            "release": release.number,
            "snapshot": release.snapshot_code,
            "lines": page,
            "next": _next(request, start, limit) if start + limit < len(lines) else None,
        }
        return Response(body, headers={"ETag": etag})


class ReleaseDeltaView(ApiView):
    """What changed since an earlier release: applied to it, the delta gives this one."""

    required_actions = {"GET": "release.read"}

    @extend_schema(
        parameters=[OpenApiParameter("from", int, required=True)], responses=serializers.ReleaseDeltaSerializer
    )
    def get(self, request: Request, number: int) -> Response:
        given = request.query_params.get("from", "")
        if not given.isdecimal():
            raise InvalidInput(_("Say since which release: ?from=1"), details={"field": "from"})
        release, since = get_release(number), get_release(int(given))
        etag = etag_of(since.document_id, release.document_id, since.number, number, get_scope(get_actor(request)))
        if is_not_modified(request, etag):
            return not_modified(etag)
        lines = [
            {
                "product": line.product,
                "site": line.site,
                "month": line.month,
                "before": None if line.before is None else float(line.before),
                "after": None if line.after is None else float(line.after),
            }
            for line in list_delta(release, since, get_actor(request))
        ]
        body = {"release": release.number, "since": since.number, "lines": lines}
        return Response(body, headers={"ETag": etag})


class ReleaseAckView(ApiView):
    """What clients answered to a release."""

    required_actions = {"GET": "release.read", "POST": "release.ack"}

    @extend_schema(responses=serializers.AckSerializer(many=True))
    def get(self, request: Request, number: int) -> Response:
        acks = get_release(number).acks.select_related("client").order_by("pk")
        return Response({"results": serializers.AckSerializer(acks, many=True).data})

    @extend_schema(request=serializers.NewAckSerializer, responses=serializers.AckSerializer)
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        release = get_release(number)
        form = serializers.NewAckSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        ack = acknowledge_release(release=release, actor=get_actor(request), **form.validated_data)
        return Response(serializers.AckSerializer(ack).data, status=status.HTTP_200_OK)


def _page(request: Request) -> tuple[int, int]:
    numbers = {}
    for name, default in (("cursor", 0), ("limit", _PAGE)):
        given = request.query_params.get(name, str(default))
        if not given.isdecimal() or len(given) > 9:
            raise InvalidInput(_("%(name)s must be a whole number.") % {"name": name}, details={"field": name})
        numbers[name] = int(given)
    return numbers["cursor"], max(1, min(numbers["limit"], _MOST))


def _next(request: Request, start: int, limit: int) -> str:
    query: dict[str, Any] = {**request.query_params.dict(), "cursor": start + limit, "limit": limit}
    return request.build_absolute_uri(f"{request.path}?{urlencode(query)}")


def _file(release: Release, lines: Sequence[tuple[int, ReleaseLine]], form: str, etag: str) -> HttpResponse:
    response = HttpResponse(content_type=_FORMATS[form], headers={"ETag": etag})
    response["Content-Disposition"] = f'attachment; filename="release-{release.number}.{form}"'
    if form == "jsonl":
        response.writelines(json.dumps(line.as_json(number), ensure_ascii=False) + "\n" for number, line in lines)
        return response
    writer = csv.writer(response)
    writer.writerow(["line", "product", "site", "month", "quantity", "unit"])
    for number, line in lines:
        texts = [safe_cell(text) for text in (line.product, line.site, line.month)]
        writer.writerow([number, *texts, f"{line.quantity:f}", safe_cell(line.unit)])
    return response
