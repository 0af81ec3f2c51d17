"""``masterdata/{sheet}/``: rows by external code, read page by page and written one by one."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.policies import can
from accounts.selectors import get_actor
from core.api import ApiView, etag_of, is_not_modified, not_modified, parse_body, require_match
from core.errors import InvalidInput, Missing
from masterdata.adapters import body_to_sheet, key_to_sheet, row_to_json
from masterdata.importers.spec import SheetSpec, get_sheet
from masterdata.importers.stores import ModelStore
from masterdata.models import Revised
from masterdata.selectors import find_row, get_revision, get_revision_at, list_rows, rows_in_scope
from masterdata.services.rows import save_row

_LIMITS = range(1, 1001)
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})")
_SHEET = OpenApiParameter("sheet", str, "path", description="products, orgs, sites, prices … as in the data formats")
_KEY = OpenApiParameter("key", str, "path", description="the code, or the key columns joined by ~")


def _spec(name: str) -> SheetSpec:
    spec = get_sheet(name)
    if spec is None or not isinstance(spec.store, ModelStore):
        raise Missing(_("There is no such kind of master data."))
    return spec


def _etag(row: Revised) -> str:
    return etag_of(row._meta.label_lower, row.pk, row.revision)


class RowListView(ApiView):
    """Rows in the order they were last written, for full and incremental reads."""

    required_actions = {"GET": "masterdata.read"}

    @extend_schema(
        operation_id="masterdata_list",
        parameters=[
            _SHEET,
            OpenApiParameter("updated_since", str, description="a revision of an earlier answer, or an ISO time"),
            OpenApiParameter("cursor", str, description="from `next` of the page before"),
            OpenApiParameter("limit", int, description="rows a page, at most 1000"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, sheet: str) -> Response:
        spec = _spec(sheet)
        revision = get_revision()  # before the rows: what commits in between comes again, never gets lost
        rows = rows_in_scope(list_rows(spec), spec, get_actor(request))
        rows = rows.filter(revision__gt=_since(request.query_params.get("updated_since", "")))
        limit = _limit(request.query_params.get("limit", "100"))
        page = list(rows.filter(_after(request.query_params.get("cursor", "")))[: limit + 1])
        show_costs = can(get_actor(request), "finance.view_costs")
        is_more = len(page) > limit
        return Response(
            {
                "results": [row_to_json(row, spec, show_costs=show_costs) for row in page[:limit]],
                "next": _next_link(request, page[limit - 1]) if is_more else None,
                "revision": revision,
            }
        )


def _since(text: str) -> int:
    """``updated_since``: a revision, or a time. Everything is after revision −1."""
    if not text:
        return -1
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    try:
        moment = parse_datetime(text.replace(" ", "+")) or dt.datetime.fromisoformat(text)
        if timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        return get_revision_at(moment)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            _("updated_since is a revision of an earlier answer or an ISO time."), code="invalid_updated_since"
        ) from error


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text) in _LIMITS:
        return int(text)
    raise InvalidInput(_("limit is a number from 1 to 1000."), code="invalid_limit")


def _after(cursor: str) -> Q:
    if not cursor:
        return Q()
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInput(_("The cursor comes from “next” of the page before."), code="invalid_cursor")
    revision, pk = int(match[1]), int(match[2])
    return Q(revision__gt=revision) | Q(revision=revision, pk__gt=pk)


def _next_link(request: Request, last: Revised) -> str:
    query = request.query_params.copy()
    query["cursor"] = f"{last.revision}.{last.pk}"
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class RowView(ApiView):
    """One row by its key. A PUT changes the fields it names and makes the row when there is none."""

    required_actions = {"GET": "masterdata.read", "PUT": "masterdata.edit"}

    @extend_schema(operation_id="masterdata_get", parameters=[_SHEET, _KEY], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, sheet: str, key: str) -> Response:
        spec = _spec(sheet)
        row = self._find(request, spec, key)
        etag = _etag(row)
        if is_not_modified(request, etag):
            return not_modified(etag)
        return self._answer(request, row, spec, status=200)

    @extend_schema(
        operation_id="masterdata_put",
        parameters=[_SHEET, _KEY],
        request=OpenApiTypes.OBJECT,
        responses={200: OpenApiTypes.OBJECT, 201: OpenApiTypes.OBJECT},
    )
    def put(self, request: Request, sheet: str, key: str) -> Response:
        spec = _spec(sheet)
        one = body_to_sheet(spec, key, parse_body(request))

        def guard(stored: Revised | None) -> None:
            if stored is not None:
                require_match(request, _etag(self._visible(request, spec, stored)))
            elif request.headers.get("If-Match"):
                raise Missing(_("There is no such row to change. To make it, leave out If-Match."))

        row, is_new = save_row(sheet=one, actor=get_actor(request), guard=guard)
        return self._answer(request, row, spec, status=201 if is_new else 200)

    def _find(self, request: Request, spec: SheetSpec, key: str) -> Revised:
        try:
            row = find_row(key_to_sheet(spec, key))
        except InvalidInput:
            row = None
        if row is None:
            raise Missing(_("There is no such row, or it is not in your scope."))
        return self._visible(request, spec, row)

    def _visible(self, request: Request, spec: SheetSpec, row: Revised) -> Revised:
        if not rows_in_scope(list_rows(spec), spec, get_actor(request)).filter(pk=row.pk).exists():
            raise Missing(_("There is no such row, or it is not in your scope."))
        return row

    def _answer(self, request: Request, row: Revised, spec: SheetSpec, *, status: int) -> Response:
        body: dict[str, Any] = row_to_json(row, spec, show_costs=can(get_actor(request), "finance.view_costs"))
        return Response(body, status=status, headers={"ETag": _etag(row)})
