"""REST of the sub-chains of a release: what each plant, warehouse and supplier must do (R-012)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_actor, get_scope
from core.api import ApiView, etag_of, is_not_modified, not_modified
from core.errors import Missing
from plans.selectors.slices import month_names, to_units
from supply import logistics_serializers as shapes
from supply.boards.chains import load_plan_chains, name_chain
from supply.exports import answer_file, list_chain_lines
from supply.models import Release
from supply.selectors.chains import HOURS, Chain, PlanChains
from supply.selectors.releases import get_release, get_released_version

FILE = OpenApiParameter("format", str, enum=["json", "csv", "xlsx"])


class ReleaseChainsView(ApiView):
    """The main chain of a release by month, and the totals of its sub-chains, which make it up."""

    required_actions = {"GET": "release.read"}

    @extend_schema(responses=shapes.ChainsSerializer)
    def get(self, request: Request, number: int) -> Response:
        release = get_release(number)
        etag = _etag(release, request)
        if is_not_modified(request, etag):
            return not_modified(etag)
        plan = load_plan_chains(get_released_version(release), get_actor(request))
        body = {
            **_head(release, plan),
            "main": {code: _units(values, plan.scale_of(code)) for code, values in plan.main.items()},
            "chains": [_summary(chain) for chain in plan.chains],
        }
        return Response(body, headers={"ETag": etag})


class ReleaseChainView(ApiView):
    """The plan of one sub-chain of a release, by item and month; as JSON, CSV or a workbook."""

    required_actions = {"GET": "release.read"}

    @extend_schema(parameters=[FILE], responses=shapes.ChainSerializer)
    def get(self, request: Request, number: int, code: str) -> HttpResponseBase:
        release = get_release(number)
        form = request.query_params.get("format", "json")
        etag = _etag(release, request, code, form)
        if is_not_modified(request, etag):
            return not_modified(etag)
        plan = load_plan_chains(get_released_version(release), get_actor(request))
        chain = plan.find(code)
        if chain is None:
            raise Missing(_("This plan has no chain “%(code)s”.") % {"code": code}, code="no_chain")
        if form != "json":
            name = f"release-{release.number}-{code.replace(':', '-')}"
            response = answer_file(list_chain_lines([chain]), plan.months, name=name, form=form)
            response["ETag"] = etag
            return response
        sections = [
            {
                "section": section.code,
                "unit": "hours" if section.code in HOURS else "quantity",
                "rows": [
                    {
                        "item": row.code,
                        "name": row.label,
                        "note": row.note,
                        "values": _units(row.values, section.scale),
                    }
                    for row in section.rows
                ],
                "total": _units(section.by_month, section.scale),
            }
            for section in chain.sections.values()
        ]
        return Response({**_head(release, plan), **_summary(chain), "sections": sections}, headers={"ETag": etag})


def _etag(release: Release, request: Request, *more: str) -> str:
    return etag_of(release.snapshot_code, release.number, get_scope(get_actor(request)), *more)


def _head(release: Release, plan: PlanChains) -> dict[str, Any]:
    return {"release": release.number, "snapshot": release.snapshot_code, "months": month_names(plan.months)}


def _summary(chain: Chain) -> dict[str, Any]:
    figures = {code: _units(section.by_month, section.scale) for code, section in chain.sections.items()}
    return {"code": chain.code, "kind": chain.kind, "name": name_chain(chain), "figures": figures}


def _units(values: Iterable[int], scale: int) -> list[int | float | str]:
    return [to_units(value, scale) for value in values]
